import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import { RESET } from '../../../src/plan/reset.js';
import { RESET_ON_VOLUME } from '../../../src/plan/reset-order.js';
import type { StageResult } from '../../../src/plan/plan.js';
import {
  behindFacts,
  boardFacts,
  device,
  openedFacts,
  ownRootFacts,
  withContent,
  withFilesystems,
  withVolume,
} from '../../fixtures/facts.js';
import { failedAt, succeeded, walkTable } from '../../fixtures/walk-table.js';

const DISK = device({ kind: 'block', name: 'vda', source: '/dev/vda', eraseBlock: null });
const external = (at: string | null): Facts =>
  boardFacts({ external: { wanted: 'LABEL=ext', at } as Facts['external'] });
const BROKEN = failedAt('open', 'EUCLEAN');

const call = (facts: Facts, ...earlier: StageResult[]) => ({
  facts,
  earlier,
  asked: [] as string[],
  keep: [] as string[],
});

t.test('a reset, row by row', async (t) => {
  const onUbi = withVolume({ found: [], content: null, attach: 3 });
  const outcomes: Record<string, string> = {};
  walkTable(
    t,
    RESET,
    {
      'bad-keep': { ...call(boardFacts()), asked: ['../etc'] },
      'external-root': call(external('/')),
      'external-unused': call(external(null)),
      attach: call(onUbi),
      show: call(behindFacts()),
      'attach-failed': call(onUbi, failedAt('attach', 'EINVAL')),
      'own-root': call(ownRootFacts()),
      'no-volume': call(withVolume({ found: [], content: null })),
      opened: call(openedFacts()),
      'erase-marker': call(withContent('erase-marker')),
      'no-filesystem': call(withFilesystems(['overlay'])),
      open: call(boardFacts()),
      'no-flash': call(
        withVolume({ found: [DISK], content: { kind: 'unknown', evidence: 'as seen' } }),
      ),
      'not-opened': call(boardFacts(), failedAt('open', 'ENOMEM')),
      'nothing-to-keep-it-with': { ...call(boardFacts(), BROKEN), keep: ['/etc/passwd'] },
      'mark-failed': call(boardFacts(), BROKEN, failedAt('order', 'EIO')),
      mark: call(boardFacts(), BROKEN),
    },
    (outcome, id) => {
      if (outcome.decision === 'go') outcomes[id] = outcome.stage;
      else outcomes[id] = outcome.decision === 'refuse' ? outcome.reason : 'already';
    },
  );
  t.same(outcomes, {
    'bad-keep': 'bad-keep',
    'external-root': 'external',
    'external-unused': 'external',
    attach: 'attach',
    show: 'attach',
    'attach-failed': 'no-volume',
    'own-root': 'no-overlay-root',
    'no-volume': 'no-volume',
    opened: 'order',
    'erase-marker': 'already',
    'no-filesystem': 'no-volume',
    open: 'open',
    'no-flash': 'no-volume',
    'not-opened': 'reset-failed',
    'nothing-to-keep-it-with': 'reset-failed',
    'mark-failed': 'no-volume',
    mark: 'order',
  });
});

t.test('a reset of a mounted volume, row by row', async (t) => {
  const facts = openedFacts();
  const mounted = (...earlier: StageResult[]) => ({
    facts,
    opened: facts.opened!,
    earlier,
    keep: [],
    used: false,
  });
  const full = failedAt('order', 'ENOSPC');
  const decisions: string[] = [];
  walkTable(
    t,
    RESET_ON_VOLUME,
    {
      'reset-failed': mounted(succeeded('order'), failedAt('reset', 'EIO')),
      ordered: mounted(succeeded('order')),
      'order-failed': mounted(failedAt('order', 'EIO')),
      'no-room': mounted(full, full),
      order: mounted(full),
    },
    ({ decision }) => decisions.push(decision),
  );
  t.same(decisions, ['refuse', 'go', 'refuse', 'refuse', 'go']);
});
