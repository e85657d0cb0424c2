/**
 * The tests of faults.test.ts for boards in other states: marked to be erased, blank, with an order
 * to carry out, after a boot loop; and for the verbs that move or remove settings. Each call fails
 * once, and then every time.
 */
import t from 'tap';
import { visibleAt } from '../../../../src/facts/mountinfo.js';
import type { Verb } from '../../../../src/plan/plan.js';
import {
  cutPower,
  fill,
  makeBoard,
  type Block,
  type Board,
} from '../../../../src/system/model/board.js';
import type { Kernel } from '../../../../src/system/model/kernel.js';
import { again, prepared, settingsOf } from '../../../fixtures/boards.js';
import { ERRNOS } from '../../../fixtures/errnos.js';
import { run, type Ran } from '../../../fixtures/model.js';
import { sampled } from '../../../fixtures/sampling.js';

const HEALTHY = await prepared('jffs2 on mtd');
const healthy = (...files: [string, string][]): Board => {
  const { board } = again(HEALTHY);
  const { tree } = board.flash[0]!;
  for (const [path] of files) if (tree.find(path) !== null) tree.remove(path);
  fill(tree, ...files);
  return board;
};
const MARKED = (): Board => makeBoard({ blocks: ['marker', ...Array<Block>(7).fill('garbage')] });
const HAD_TO_BE: [string, string][] = [
  ['/proc', 'proc'],
  ['/sys', 'sysfs'],
  ['/dev', 'devtmpfs'],
  ['/tmp', 'tmpfs'],
];

interface Scene {
  name: string;
  board: () => Board;
  verb: Verb;
  /** The expected properties of the board in the next boot. */
  after: (next: Ran, failed: Ran) => string[];
}

const has = ({ kernel }: Ran, path: string): boolean => kernel.kind(path) !== 'missing';
const persistent = ({ state }: Ran): string[] =>
  state?.rung === 'persistent' ? [] : [`the next boot is ${state?.rung} for ${state?.reason}`];
const kept = (next: Ran): string[] => [
  ...persistent(next),
  ...(settingsOf(next.kernel).join() === HEALTHY.settings.join()
    ? []
    : ['the settings are not what they were']),
];

const SCENES: Scene[] = [
  { name: 'a root in memory that was asked for', board: () => healthy(), verb: 'ram', after: kept },
  {
    name: 'a root in memory over marked flash',
    board: MARKED,
    verb: 'ram',
    after: ({ state }) => (state?.reason === 'erase-marker' ? [] : ['the mark is gone']),
  },
  { name: 'a start on blank flash', board: () => makeBoard(), verb: 'start', after: persistent },
  {
    name: 'a start on marked flash',
    board: MARKED,
    verb: 'start',
    after: ({ state }) => (state?.reason === 'erase-marker' ? [] : ['the mark is gone']),
  },
  {
    name: 'a start on garbage',
    board: () => makeBoard({ blocks: Array<Block>(8).fill('garbage') }),
    verb: 'start',
    after: ({ state }) => (state?.reason === 'unknown-content' ? [] : ['the garbage is gone']),
  },
  {
    name: 'a start after a boot loop',
    board: () => healthy(['/.mountroot/attempts', '5\n']),
    verb: 'start',
    after: ({ state }) =>
      state?.reason === 'boot-loop' ? [] : [`the next boot is ${state?.rung} for ${state?.reason}`],
  },
  {
    name: 'a start behind a switch that was cut off',
    board: () => healthy(['/.mountroot/incoming/x', '1']),
    verb: 'start',
    after: kept,
  },
  {
    name: 'a start that carries out a reset',
    board: () => healthy(['/.mountroot/reset.json', '{"keep":["/etc/mine"]}']),
    verb: 'start',
    after: (next) => [
      ...persistent(next),
      ...(has(next, '/etc/mine') ? [] : ['what was to be kept is gone']),
      ...(has(next, '/etc/.hidden') ? ['the reset is not done'] : []),
    ],
  },
  {
    name: 'a reset before a start',
    board: () => healthy(['/.mountroot/quarantine/incoming-1/x', '1']),
    verb: 'reset',
    // The next done erases a file system that cannot be read, because of the order.
    after: (next, { exit, log }) =>
      next.state?.reason === 'erase-marker' && log.some((line) => /EIO|EUCLEAN/.test(line))
        ? []
        : [
            ...persistent(next),
            ...(exit === 0 &&
            (has(next, '/etc/.hidden') || has(next, '/overlay/.mountroot/quarantine'))
              ? ['exit status 0, and the reset is not done']
              : []),
          ],
  },
];

/** The faults after a verb, successful or not. */
function wrongNow(ran: Ran, verb: Verb, always: boolean): string[] {
  const { mounts, state, exit, log } = ran;
  // Files that can never be removed cannot be undone either.
  const wrong = log.filter((line) =>
    (always ? /came to no end/ : /came to no end|not everything/).test(line),
  );
  if (verb === 'reset') return wrong;
  for (const [path, fstype] of HAD_TO_BE)
    if (visibleAt(mounts, path)?.fstype !== fstype) wrong.push(`${path} is lost`);
  if (state === null) return [...wrong, 'no state was recorded'];
  if (state.rung !== 'persistent' && state.reason === null) wrong.push('it has no reason');
  if (
    (state.rung !== 'persistent' || state.reason !== null) &&
    state.reason !== 'asked' &&
    exit !== 3
  )
    wrong.push(`exit status ${exit} on rung ${state.rung} for ${state.reason}`);
  if (exit === 3 && ran.kernel.readText('/tmp/mountroot/notice') === '')
    wrong.push('exit status 3, and the notice says nothing');
  return wrong;
}

for (const [scene, { name, board: make, verb, after }] of SCENES.entries())
  t.test(
    `each call of ${name} fails with each of its errors, once and for ever: the board ` +
      'comes up, reports its state, and in the next boot nothing is lost',
    async (t) => {
      const { kernel } = await run(make(), verb);
      const wrong: string[] = [];
      for (const [index, call] of kernel.calls.entries())
        for (const errno of sampled(ERRNOS[call.split(' ')[0]!]!, index + scene))
          for (const always of sampled([false, true, null], index + errno.length).filter(
            (each) => each !== null,
          )) {
            const board = make();
            const ran = await run(board, verb, {
              at: (position, each) =>
                (always ? each === call : position === index + 1) ? errno : null,
            });
            const say = (complaint: string): void =>
              void wrong.push(`${call}: ${errno}${always ? ' for ever' : ''}: ${complaint}`);
            wrongNow(ran, verb, always).forEach(say);
            cutPower(board, 'lost');
            after(await run(board), ran).forEach(say);
          }
      t.same(wrong, []);
    },
  );

/** The changes of first-boot scripts and a user to a root in memory. */
function used(kernel: Kernel): void {
  kernel.replace('/etc/mine', 'mine\n', 0o600);
  kernel.unlink('/etc/passwd');
  kernel.mkdir('/etc/.hidden', 0o700);
  kernel.setAttribute('/etc/.hidden', 'user.note', Buffer.from('x'));
  kernel.symlink('mine', '/etc/link');
}

async function moving(
  at: (position: number, call: string) => string | null,
): Promise<{ board: Board; start: Ran; done: Ran; before: string; offset: number }> {
  const board = MARKED();
  let offset = Infinity;
  const start: Ran = await run(board, 'start', {
    at: (position, call) => (position > offset ? at(position - offset, call) : null),
  });
  used(start.kernel);
  offset = start.kernel.calls.length;
  const before = settingsOf(start.kernel).join('\n');
  return { board, start, before, offset, done: await run(board, 'done', {}, { on: start.kernel }) };
}

interface Moved {
  board: Board;
  done: Ran;
  /** The settings before the move. */
  before: string;
}

/** Whether a root shows the settings from before the move. */
function sameSettings(
  { done, before }: Moved,
  errno: string,
): (ran: Pick<Ran, 'kernel'>) => boolean {
  // An attribute that flash cannot keep is reported, and is no reason to stay in memory; a
  // directory's attribute is tried again in each pass.
  const lost =
    errno === 'EOPNOTSUPP' && done.log.some((line) => line.includes('has lost its attribute'));
  const good = [before, ...(lost ? [before.replace('user.note=x', '')] : [])];
  return ({ kernel }) => good.includes(settingsOf(kernel).join('\n'));
}

/** The faults of the root right after `done`. */
function rootFaults(
  { kernel, state, exit, log }: Ran,
  same: (ran: Pick<Ran, 'kernel'>) => boolean,
  always: boolean,
): string[] {
  const wrong: string[] = [];
  if (!same({ kernel }))
    wrong.push(`the root shows something else on rung ${state?.rung}, exit status ${exit}`);
  if (exit === 0 && state?.rung !== 'persistent')
    wrong.push(`exit status 0 on rung ${state?.rung}`);
  const unfinished = always ? /came to no end/ : /came to no end|not everything/;
  wrong.push(...log.filter((line) => unfinished.test(line)));
  try {
    kernel.replace('/etc/later', 'x', 0o644);
    kernel.unlink('/etc/later');
    kernel.syncfs('/');
  } catch (error) {
    wrong.push(`the root takes no writes: ${(error as Error).message}`);
  }
  return wrong;
}

/** The faults after a `done` in which a call failed: now, in a second `done`, and next boot. */
async function afterMoving(moved: Moved, errno: string, always: boolean): Promise<string[]> {
  const { board, done } = moved;
  const { kernel, state } = done;
  const same = sameSettings(moved, errno);
  const wrong = rootFaults(done, same, always);
  if (state?.rung !== 'persistent') {
    const second = await run(board, 'done', {}, { on: kernel });
    if (second.state?.rung !== 'persistent')
      wrong.push(`a second done does not move it: ${second.log.at(-1)}`);
  }
  cutPower(board, 'lost');
  const next = await run(board);
  wrong.push(...persistent(next));
  if (!same(next)) wrong.push(`the next boot shows something else; done ended on ${state?.rung}`);
  return wrong;
}

t.test(
  'each call of a switch to flash fails with each of its errors, once and for ever: the ' +
    'root keeps its content, takes writes, and either stays in memory or is complete on flash',
  async (t) => {
    const clean = await moving(() => null);
    t.equal(clean.done.exit, 0);
    const wrong: string[] = [];
    for (const [index, call] of clean.done.kernel.calls.slice(clean.offset).entries())
      for (const errno of sampled(ERRNOS[call.split(' ')[0]!]!, index))
        for (const always of sampled([false, true, null], index + errno.length).filter(
          (each) => each !== null,
        )) {
          let healed = false;
          const { board, done, before } = await moving((position, each) =>
            !healed && (always ? each === call : position === index + 1) ? errno : null,
          );
          healed = true;
          for (const complaint of await afterMoving({ board, done, before }, errno, always))
            wrong.push(`${call}: ${errno}${always ? ' for ever' : ''}: ${complaint}`);
        }
    t.same(wrong, []);
  },
);
