import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import { PRECONDITIONS, ROOTS_OF_OURS } from '../../../src/plan/preconditions.js';
import { boardFacts } from '../../fixtures/facts.js';
import { walkTable } from '../../fixtures/walk-table.js';

t.test('the preconditions, row by row', async (t) => {
  const call = (changes: Partial<Facts>, dryRun = false) => ({
    verb: 'start' as const,
    facts: boardFacts(changes),
    options: { dryRun, force: false },
  });
  walkTable(
    t,
    PRECONDITIONS,
    {
      'not-linux': call({ platform: 'darwin' }, true),
      'dry-run': call({ preinit: false, uid: 1000 }, true),
      'not-early': call({ preinit: false, uid: 1000 }),
      'not-root': call({ uid: 1000 }),
    },
    (refusal, id) => t.equal(refusal === null, id === 'dry-run'),
  );
});

t.test('our kinds of root, row by row', async (t) => {
  const root = (source: string, changes: Partial<Facts> = {}) => {
    const facts = boardFacts(changes);
    const mounts = facts.mounts.map((each) =>
      each.mountpoint === '/' ? { ...each, fstype: 'overlay', source } : each,
    );
    return { verb: 'start' as const, facts: { ...facts, mounts } };
  };
  const exits: number[] = [];
  walkTable(
    t,
    ROOTS_OF_OURS,
    {
      'external-root': root('/dev/vda', { external: { at: '/' } as Facts['external'] }),
      'on-flash': root('overlayfs:/overlay'),
      'in-memory': root('overlayfs:/tmp/root'),
    },
    ({ exit }) => exits.push(exit),
  );
  t.same(exits, [0, 0, 3]);
});
