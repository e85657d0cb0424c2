/**
 * The power is cut before and after every call of every verb, and once more during the recovery: no
 * committed data are lost or changed.
 */
import t from 'tap';
import { copyBoard, cutPower, makeBoard, type Board } from '../../../../src/system/model/board.js';
import { CUTS, type Cut } from '../../../../src/system/model/model-tree.js';
import {
  EMPTY,
  KINDS,
  again,
  prepared,
  settingsOf,
  type BoardKind,
} from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';
import { SPARSE, sampled, thinned } from '../../../fixtures/sampling.js';

const STEP = 9 * SPARSE;

type Side = 'cut' | 'cut within' | 'cut after';
/** A rename has a middle, on jffs2, and an erase. */
const sidesOf = (call: string): readonly Side[] =>
  /^(?:rename|erase) /.test(call) ? ['cut', 'cut within', 'cut after'] : ['cut', 'cut after'];

/** The moment of the power cut, and the fate of unsynced writes. */
interface PowerCut {
  position: number;
  side: Side;
  way: Cut;
}

/** A board that lost power at a call; how far it got. */
async function cutAt(
  board: Board,
  { position, side, way }: PowerCut,
  boot: (board: Board, at: (each: number) => Side | null) => Promise<Ran>,
): Promise<Ran> {
  const ran = await boot(board, (each) => (each === position ? side : null));
  cutPower(board, way);
  return ran;
}

const start = (board: Board, at: (position: number) => Side | null): Promise<Ran> =>
  run(board, 'start', { at });

/** A start and then a verb; `at` counts the calls of the verb only. */
const startThen =
  (
    verb: 'done' | 'reset' | 'stop',
    options: { keep?: string[] } = {},
    prepare: (ran: Ran) => void = () => {},
  ) =>
  async (board: Board, at: (position: number) => Side | null): Promise<Ran> => {
    let offset = Infinity;
    const first = await run(board, 'start', {
      at: (position) => (position > offset ? at(position - offset) : null),
    });
    prepare(first);
    offset = first.kernel.calls.length;
    return run(board, verb, {}, { on: first.kernel, ...options });
  };

async function bootsWith(board: Board, settings: string[]): Promise<string[]> {
  const { state, exit, kernel } = await run(board);
  const wrong =
    state?.rung === 'persistent' && state.reason === null && exit === 0
      ? []
      : [`the next boot is ${state?.rung} for ${state?.reason}, exit ${exit}`];
  if (settingsOf(kernel).join('\n') !== settings.join('\n'))
    wrong.push('the settings are not what they were');
  return wrong;
}

for (const kind of KINDS)
  t.test(
    'a power cut at any call of a start, and another during the recovery, cost a ' +
      `board with ${kind} nothing`,
    async (t) => {
      const from = await prepared(kind);
      const { kernel } = await run(again(from).board);
      const wrong: string[] = [];
      for (let first = 1; first <= kernel.calls.length; first++)
        for (const side of sidesOf(kernel.calls[first - 1]!))
          for (const way of thinned(CUTS, first)) {
            const { board, settings } = again(from);
            await cutAt(board, { position: first, side, way }, start);
            // Every ninth, each time another nine: all pairs of moments would take minutes.
            for (let second = 1 + (first % STEP); second <= kernel.calls.length; second += STEP) {
              const later = copyBoard(board);
              await cutAt(later, { position: second, side, way }, start);
              for (const complaint of await bootsWith(later, settings))
                wrong.push(
                  `${side} ${kernel.calls[first - 1]} (${way}), then ` +
                    `${kernel.calls[second - 1]}: ${complaint}`,
                );
            }
          }
      t.same(wrong, []);
    },
  );

t.test(
  'a power cut at any call of done, and another in the boot after it, cost nothing',
  async (t) => {
    for (const kind of KINDS) {
      const from = await prepared(kind);
      const done = startThen('done');
      const began = (await run(again(from).board)).kernel.calls.length;
      const calls = (await done(again(from).board, () => null)).kernel.calls.slice(began);
      const wrong: string[] = [];
      for (let position = 1; position <= calls.length; position++)
        for (const side of sidesOf(calls[position - 1]!))
          for (const way of sampled(CUTS, position)) {
            const { board, settings } = again(from);
            await cutAt(board, { position, side, way }, done);
            const later = copyBoard(board);
            await cutAt(later, { position, side, way }, start);
            for (const each of [board, later])
              for (const complaint of await bootsWith(each, settings))
                wrong.push(`${side} ${calls[position - 1]} (${way}): ${complaint}`);
          }
      t.same(wrong, [], kind);
    }
  },
);

t.test(
  'a power cut at any call of ram or of stop leaves the settings for the next boot',
  async (t) => {
    for (const kind of KINDS) {
      const from = await prepared(kind);
      const verbs = {
        ram: (board: Board, at: (position: number) => Side | null) => run(board, 'ram', { at }),
        stop: startThen('stop'),
      };
      for (const [verb, boot] of Object.entries(verbs)) {
        const began = verb === 'ram' ? 0 : (await run(again(from).board)).kernel.calls.length;
        const calls = (await boot(again(from).board, () => null)).kernel.calls.slice(began);
        t.ok(calls.length > 0, `${verb} calls something on ${kind}`);
        const wrong: string[] = [];
        for (let position = 1; position <= calls.length; position++)
          for (const side of sidesOf(calls[position - 1]!))
            for (const way of sampled(CUTS, position)) {
              const { board, settings } = again(from);
              await cutAt(board, { position, side, way }, boot);
              for (const complaint of await bootsWith(board, settings))
                wrong.push(`${verb}: ${side} ${calls[position - 1]} (${way}): ${complaint}`);
            }
        t.same(wrong, [], kind);
      }
    }
  },
);

t.test(
  'a power cut while UBIFS makes itself, and another while that is mended, cost nothing',
  async (t) => {
    const cutWithin = async (position: number): Promise<Board> => {
      const board = EMPTY['UBIFS on UBI']();
      await cutAt(board, { position, side: 'cut within', way: CUTS[0]! }, start);
      return board;
    };
    const most = (await run(EMPTY['UBIFS on UBI']())).kernel.calls.length;
    let first = 1;
    while (first < most && (await cutWithin(first)).storage[0]!.raw === undefined) first++;
    const mended = await run(await cutWithin(first));
    t.match(mended.state, { rung: 'persistent', reason: null });
    t.ok(mended.kernel.calls.includes('erase /dev/ubi3_0 0'));
    const wrong: string[] = [];
    for (let position = 1; position <= mended.kernel.calls.length; position++)
      for (const side of ['cut', 'cut within', 'cut after'] as const) {
        const board = await cutWithin(first);
        await cutAt(board, { position, side, way: CUTS[0]! }, start);
        for (const complaint of await bootsWith(board, settingsOf(mended.kernel)))
          wrong.push(`${side} ${mended.kernel.calls[position - 1]}: ${complaint}`);
      }
    t.same(wrong, []);
  },
);

/** The changes of first-boot scripts and a user to a root in memory. */
function used({ kernel }: Ran): void {
  kernel.replace('/etc/mine', 'mine\n', 0o600);
  kernel.unlink('/etc/passwd');
  kernel.mkdir('/etc/.hidden', 0o700);
  kernel.setAttribute('/etc/.hidden', 'user.note', Buffer.from('x'));
  kernel.symlink('mine', '/etc/link');
}

const MARKED = (): Board =>
  makeBoard({
    blocks: ['marker', 'garbage', 'jffs2', 'garbage', 'erased', 'garbage', 'erased', 'erased'],
  });

t.test(
  'the switch of done to flash copies everything; after a power cut at any call the ' +
    'board has all of it or none, and reaches flash in the end',
  async (t) => {
    const done = startThen('done', {}, used);
    const whole = MARKED();
    const ran = await done(whole, () => null);
    t.equal(ran.exit, 0);
    t.match(ran.state, { rung: 'persistent', reason: null });
    const settings = settingsOf(ran.kernel);
    cutPower(whole, 'lost');
    t.same(settingsOf((await run(whole)).kernel), settings, 'all that was in memory is on flash');

    const bare = settingsOf((await run(MARKED())).kernel);
    const began = (await run(MARKED())).kernel.calls.length + 6;
    const calls = ran.kernel.calls.slice(began);
    const wrong: string[] = [];
    for (let position = 1; position <= calls.length; position++)
      for (const side of sidesOf(calls[position - 1]!))
        for (const way of sampled(CUTS, position)) {
          const board = MARKED();
          await cutAt(board, { position, side, way }, done);
          // Every other time the next switch is interrupted too, at another call each time.
          if (position % 2 === 0)
            await cutAt(
              board,
              { position: 1 + ((position * 7) % calls.length), side, way },
              startThen('done'),
            );
          // Repeated as needed: the rest of the erasing may have to be done first.
          let last: Ran | null = null;
          for (let boot = 0; boot < 3; boot++) {
            const first = await run(board);
            last = await run(board, 'done', {}, { on: first.kernel });
            const seen = settingsOf(last.kernel).join('\n');
            if (seen !== settings.join('\n') && seen !== bare.join('\n'))
              wrong.push(
                `${side} ${calls[position - 1]} (${way}): boot ${boot + 1} has half ` +
                  `of the settings: ${seen}`,
              );
            cutPower(board, 'lost');
          }
          if (last?.state?.rung !== 'persistent')
            wrong.push(
              `${side} ${calls[position - 1]} (${way}): after three boots the root ` +
                `is ${last?.state?.rung} for ${last?.state?.reason}`,
            );
        }
    t.same(wrong, []);
  },
);

t.test(
  'files written during the copy of done are copied too, until writing becomes impossible',
  async (t) => {
    for (const moment of ['copy /tmp/root/upper/etc/mine', 'remount / ro', 'syncfs /tmp/overlay']) {
      const board = MARKED();
      let written = false;
      let late: string | null = null;
      const first = await run(board, 'start', {
        at: (_, call) => {
          if (written || !call.startsWith(moment)) return null;
          written = true;
          try {
            first.kernel.replace('/etc/late', 'late\n', 0o644);
            first.kernel.unlink('/etc/hostname');
          } catch (error) {
            late = (error as Error).message;
          }
          return null;
        },
      });
      used(first);
      const ran = await run(board, 'done', {}, { on: first.kernel });
      t.match(ran, { exit: 0, state: { rung: 'persistent' } }, moment);
      t.ok(written, moment);
      if (moment === 'syncfs /tmp/overlay')
        t.match(late, /EROFS/, 'whoever writes then is told that it cannot be');
      else {
        cutPower(board, 'lost');
        const { kernel } = await run(board);
        t.equal(kernel.readText('/etc/late'), 'late\n', moment);
        t.equal(kernel.kind('/etc/hostname'), 'missing', moment);
      }
    }
  },
);

t.test(
  'a file open for writing keeps done from switching; done names it, and the root stays in memory',
  async (t) => {
    const board = MARKED();
    const first = await run(board, 'start', { writers: ['/var/log/messages'] });
    used(first);
    const before = settingsOf(first.kernel);
    const ran = await run(board, 'done', {}, { on: first.kernel });
    t.match(ran, { exit: 3, root: 'overlay' });
    t.match(
      ran.log.join('\n'),
      /make \/ read-only, because of something on it that is open for writing: EBUSY/,
    );
    t.same(settingsOf(ran.kernel), before);
    ran.kernel.replace('/etc/later', 'later\n', 0o644);
    t.equal(ran.kernel.readText('/etc/later'), 'later\n', 'the root can be written to as before');
  },
);

t.test(
  'a reset interrupted at any call of its order or of its start is completed, and keeps ' +
    'the paths to keep',
  async (t) => {
    const KEEP = ['/etc/.hidden/.key'];
    const kinds: BoardKind[] = [
      'jffs2 on mtd',
      'UBIFS on UBI',
      'external overlay',
      'the old overlayfs',
    ];
    for (const kind of kinds) {
      const from = await prepared(kind);
      const reset = startThen('reset', { keep: KEEP });
      const began = (await run(again(from).board)).kernel.calls.length;
      const clean = again(from).board;
      const ordered = await reset(clean, () => null);
      t.equal(ordered.exit, 0);
      cutPower(clean, 'lost');
      const carried = copyBoard(clean);
      const after = settingsOf((await run(carried)).kernel);
      t.ok(
        after.some((line) => line.startsWith('/etc/.hidden/.key ')) &&
          after.some((line) => line.startsWith('/etc/passwd ')) &&
          !after.some((line) => line.startsWith('/etc/mine ')),
        'the factory settings and what is kept',
      );
      const wrong: string[] = [];
      const calls = ordered.kernel.calls.slice(began);
      for (let position = 1; position <= calls.length; position++)
        for (const side of sidesOf(calls[position - 1]!))
          for (const way of sampled(CUTS, position)) {
            const { board, settings } = again(from);
            await cutAt(board, { position, side, way }, reset);
            const seen = settingsOf((await run(board)).kernel).join('\n');
            if (seen !== settings.join('\n') && seen !== after.join('\n'))
              wrong.push(
                `${side} ${calls[position - 1]} (${way}): the settings are neither ` +
                  'those before nor those after',
              );
          }
      const starting = (await run(copyBoard(clean))).kernel.calls;
      for (let position = 1; position <= starting.length; position++)
        for (const side of sidesOf(starting[position - 1]!))
          for (const way of sampled(CUTS, position)) {
            const board = copyBoard(clean);
            await cutAt(board, { position, side, way }, start);
            for (let second = 1 + (position % STEP); second <= starting.length; second += STEP) {
              const later = copyBoard(board);
              await cutAt(later, { position: second, side, way }, start);
              if (settingsOf((await run(later)).kernel).join('\n') !== after.join('\n'))
                wrong.push(
                  `${side} ${starting[position - 1]} (${way}), then call ${second}: ` +
                    'the reset is not done',
                );
            }
            if (settingsOf((await run(board)).kernel).join('\n') !== after.join('\n'))
              wrong.push(`${side} ${starting[position - 1]} (${way}): the reset is not done`);
          }
      t.same(wrong, [], kind);
    }
  },
);

t.test(
  'a rung that fails in every boot is no boot loop: the board comes up each time, with ' +
    'its settings',
  async (t) => {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    for (let boot = 1; boot <= 8; boot++) {
      let pivots = 0;
      const ran = await run(board, 'start', {
        at: (_, call) => (call.startsWith('pivot_root') && ++pivots === 1 ? 'EINVAL' : null),
      });
      t.match(ran.state, { rung: 'kept-read-only', reason: 'overlay-failed' }, `boot ${boot}`);
      t.same(settingsOf(ran.kernel), settings);
      await run(board, 'done', {}, { on: ran.kernel });
      cutPower(board, 'lost');
    }
  },
);

t.test(
  'after five starts without done the next one leaves the data alone, and the one after ' +
    'a done uses it again',
  async (t) => {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    for (let boot = 1; boot <= 5; boot++) {
      t.match((await run(board)).state, { rung: 'persistent' }, `start ${boot}`);
      cutPower(board, 'lost');
    }
    const sixth = await run(board);
    t.match(sixth, { exit: 3, state: { rung: 'volatile', reason: 'boot-loop' } });
    t.match(await run(board, 'done', {}, { on: sixth.kernel }), { exit: 3 });
    cutPower(board, 'lost');
    t.same(await bootsWith(board, settings), []);
  },
);
