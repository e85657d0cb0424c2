/**
 * An ordered import, on a kernel in memory: its effect in the next start, and the cost of a power
 * cut at any call.
 */
import t from 'tap';
import { importSteps } from '../../../../src/plan/import.js';
import { conditionAfter, inverseOf } from '../../../../src/steps/step.js';
import {
  copyBoard,
  cutPower,
  fill,
  makeBoard,
  type Board,
} from '../../../../src/system/model/board.js';
import { CUTS } from '../../../../src/system/model/model-tree.js';
import type { Imported, MountedVolume } from '../../../../src/facts/facts.js';
import { run, type Ran } from '../../../fixtures/model.js';

const OPENED: MountedVolume = {
  at: '/tmp/overlay',
  fstype: 'jffs2',
  readonly: false,
  state: 'ready',
  attempts: 0,
  order: null,
  upgrade: false,
  upper: 'directory',
  work: 'directory',
  incoming: 'missing',
  quarantine: [],
  identity: null,
};
const opened = (imported: Partial<Imported>, more: Partial<MountedVolume> = {}): MountedVolume => ({
  ...OPENED,
  imported: { ordered: true, next: 'directory', former: 'missing', same: false, ...imported },
  ...more,
});
const steps = (imported: Partial<Imported>, more: Partial<MountedVolume> = {}): string[] =>
  importSteps(opened(imported, more)).map(({ id }) => id);

const ALL = ['import-aside', 'import-work', 'import', 'import-synced', 'import-done'];

t.test('after a power cut at any point, an import continues from there', async (t) => {
  t.same(steps({}), ALL);
  t.same(
    steps({ former: 'directory' }),
    ['import-former', ...ALL],
    'one from before that nobody confirmed',
  );
  t.same(
    steps({ former: 'directory' }, { upper: 'missing' }),
    ALL.slice(1),
    'the old layer is aside already',
  );
  t.same(
    steps({ next: 'missing', former: 'directory' }),
    ALL.slice(3),
    'the new one is in its place',
  );
  t.same(
    steps({ former: 'directory', same: true }),
    ALL.slice(3),
    'and on jffs2 under its old name too: nothing is removed through that',
  );
  t.same(
    steps({ next: 'missing', former: 'directory' }, { upper: 'missing' }),
    ['import-back', ...ALL.slice(3)],
    'somebody removed the new one',
  );
});

t.test('a failed step is undone by the inverses of the earlier steps', async (t) => {
  const [aside] = importSteps(opened({}));
  t.same(inverseOf(aside!.action), {
    kind: 'rename',
    from: '/tmp/overlay/.mountroot/former-upper',
    to: '/tmp/overlay/upper',
  });
  t.same(conditionAfter(aside!.action), {
    kind: 'present',
    path: '/tmp/overlay/.mountroot/former-upper',
  });
});

/** A board with a user's settings, and a waiting import. */
async function waiting(more: (string | [string, string])[] = []): Promise<Board> {
  const board = makeBoard();
  const { kernel } = await run(board);
  await run(board, 'done', {}, { on: kernel });
  kernel.replace('/etc/mine', 'old\n', 0o600);
  kernel.unlink('/etc/passwd');
  kernel.syncfs('/');
  cutPower(board, 'lost');
  fill(
    board.flash[0]!.tree,
    '/.mountroot/next-upper/etc',
    ['/.mountroot/next-upper/etc/mine', 'new\n'],
    ['/.mountroot/next-upper/etc/more', 'more\n'],
    ['/.mountroot/import.json', '{}'],
    ...more,
  );
  return board;
}

const settings = ({ kernel }: Ran): string =>
  ['/etc/mine', '/etc/more', '/etc/passwd', '/etc/hostname']
    .map((path) => (kernel.kind(path) === 'missing' ? '-' : kernel.readText(path).trim()))
    .join(' ');
const NEW = 'new more root board';

t.test(
  'the next start puts the imported layer in place, and done removes the old one',
  async (t) => {
    const board = await waiting();
    const ran = await run(board);
    t.match(ran, { exit: 0, state: { rung: 'persistent', reason: null } });
    t.equal(settings(ran), NEW);
    t.ok(
      ran.journal.some(
        (record) => record.type === 'decision' && record.summary === 'carrying out an import',
      ),
      'the journal tells',
    );
    t.equal(ran.kernel.kind('/overlay/.mountroot/import.json'), 'missing');
    t.equal(
      ran.kernel.readText('/overlay/.mountroot/former-upper/etc/mine'),
      'old\n',
      'until done the old one is there',
    );
    t.match(await run(board, 'done', {}, { on: ran.kernel }), { exit: 0 });
    t.equal(ran.kernel.kind('/overlay/.mountroot/former-upper'), 'missing');
    t.equal(settings(await run(copyBoard(board))), NEW);
  },
);

t.test(
  'a power cut at any call of the start, in any way, costs nothing: the old layer or ' +
    'the new one, and finally the new one',
  async (t) => {
    for (const former of [false, true]) {
      const from = await waiting(
        former ? ['/.mountroot/former-upper', ['/.mountroot/former-upper/older', 'x']] : [],
      );
      const { kernel } = await run(copyBoard(from));
      const wrong: string[] = [];
      for (let position = 1; position <= kernel.calls.length; position++)
        for (const side of ['cut', 'cut after'] as const)
          for (const way of CUTS)
            // A second cut in the recovery, for every third.
            for (const second of position % 3 === 0 ? [0, position] : [0]) {
              const board = copyBoard(from);
              await run(board, 'start', { at: (each) => (each === position ? side : null) });
              cutPower(board, way);
              if (second > 0) {
                await run(board, 'start', { at: (each) => (each === second ? side : null) });
                cutPower(board, way);
              }
              const ran = await run(board);
              const now = `${ran.state?.rung} ${settings(ran)}`;
              if (ran.exit !== 0 || now !== `persistent ${NEW}`)
                wrong.push(`${side} ${kernel.calls[position - 1]} (${way}): ${now}`);
            }
      t.same(wrong, []);
    }
  },
);

t.test(
  'if any call of the start fails, with any error, the board comes up with one of the ' +
    'two complete layers',
  async (t) => {
    const from = await waiting();
    const { kernel } = await run(copyBoard(from));
    const wrong: string[] = [];
    for (let position = 1; position <= kernel.calls.length; position++)
      for (const errno of ['EIO', 'ENOSPC', 'EROFS']) {
        const board = copyBoard(from);
        const ran = await run(board, 'start', { at: (each) => (each === position ? errno : null) });
        const now = settings(ran);
        const whole = [NEW, 'old - - board', '- - root board'].includes(now);
        if (!whole || ran.state === null)
          wrong.push(`${errno} at ${kernel.calls[position - 1]}: ${now}`);
        cutPower(board, 'kept');
        const next = await run(board);
        if (settings(next) !== NEW) {
          const errors = next.log.filter((line) => line.startsWith('error')).join();
          wrong.push(
            `${errno} at ${kernel.calls[position - 1]}, ` +
              `the next start: ${settings(next)} ${errors}`,
          );
        }
      }
    t.same(wrong, []);
  },
);

t.test('an impossible import leaves the old layer in use, and says so', async (t) => {
  const board = await waiting();
  const ran = await run(board, 'start', {
    at: (_, call) => (call.startsWith('rename') && call.includes('next-upper') ? 'EIO' : null),
  });
  t.match(ran, {
    exit: 3,
    state: {
      rung: 'persistent',
      reason: 'import-failed',
      because: /the import was not carried out, and stands/,
    },
  });
  t.equal(settings(ran), 'old - - board');
});

t.test('a reset cancels an import, and removes both layers', async (t) => {
  const board = await waiting([
    '/.mountroot/former-upper',
    ['/.mountroot/former-upper/secret', 'x'],
  ]);
  // Without its order the import does not happen in the next start.
  board.flash[0]!.tree.remove('/.mountroot/import.json');
  const { kernel } = await run(board);
  fill(board.flash[0]!.tree, ['/.mountroot/import.json', '{}']);
  t.match(await run(board, 'reset', {}, { on: kernel }), { exit: 0 });
  t.equal(kernel.kind('/overlay/.mountroot/import.json'), 'missing');
  cutPower(board, 'kept');
  const ran = await run(board);
  t.equal(settings(ran), '- - root board');
  for (const left of ['next-upper', 'former-upper', 'import.json', 'reset.json'])
    t.equal(ran.kernel.kind(`/overlay/.mountroot/${left}`), 'missing', left);
});

t.test('a start that leaves the volume alone leaves the import waiting', async (t) => {
  const board = await waiting([['/.mountroot/attempts', '9\n']]);
  board.flash[0]!.tree.find('/.mountroot/attempts')!.content = '9\n';
  board.flash[0]!.tree.sync();
  const ran = await run(board);
  t.match(ran, { exit: 3, state: { reason: 'boot-loop' } });
  t.ok(board.flash[0]!.tree.find('/.mountroot/import.json'));
  t.ok(board.flash[0]!.tree.find('/.mountroot/next-upper/etc/mine'));
});
