/**
 * Each file and directory of the kernel that is read may be missing, empty or unreadable: each verb
 * ends with a known status, no setting is lost, and what is said is true.
 */
import t from 'tap';
import { gather } from '../../../../src/facts/gather.js';
import type { Verb } from '../../../../src/plan/plan.js';
import { diagnosis } from '../../../../src/report/doctor/diagnose.js';
import { gatherLive } from '../../../../src/report/doctor/live.js';
import { gatherBoots } from '../../../../src/report/journal/gather-boots.js';
import { cutPower } from '../../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../../src/system/model/kernel.js';
import {
  again,
  prepared,
  settingsOf,
  type BoardKind,
  type Prepared,
} from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';

const BOARDS: readonly BoardKind[] = ['jffs2 on mtd', 'UBIFS on UBI', 'ext4 by label'];
const FAULTS = ['missing', 'empty', 'EIO', 'EACCES'] as const;
const IN_KERNEL = /^\/(?:mnt\/)?(?:proc|sys|dev)\//;

/** Every path of the kernel that this work looks at. */
function pathsReadBy(kernel: Kernel, seen: Set<string>): Kernel {
  const watched = Object.create(kernel) as Kernel;
  for (const name of ['kind', 'details', 'readText', 'readBytes', 'readLink', 'list'] as const)
    Object.defineProperty(watched, name, {
      value: (path: string, ...more: never[]): unknown => {
        if (IN_KERNEL.test(path)) seen.add(path.replace(/^\/mnt/, ''));
        return (kernel[name] as (path: string, ...more: never[]) => unknown)(path, ...more);
      },
    });
  return watched;
}

const PROCESS = { platform: 'linux', arch: 'arm', uid: 0, env: { PREINIT: '1' } };

const report = (kernel: Kernel): string => {
  const facts = gather(kernel, PROCESS);
  const live = gatherLive(kernel, facts, {
    records: () => [],
    node: { version: 'v24.0.0', arch: 'arm', rss: 1 },
    native: null,
    time: 0,
  });
  gatherBoots(kernel, { newest: 4 });
  return JSON.stringify(diagnosis(facts, live));
};

const boards = new Map<BoardKind, Prepared>();
for (const kind of BOARDS) boards.set(kind, await prepared(kind));

const pathsOf = async (kind: BoardKind): Promise<string[]> => {
  const seen = new Set<string>();
  const { board } = again(boards.get(kind)!);
  const kernel = pathsReadBy(powerOn(board), seen);
  for (const verb of ['start', 'done', 'reset'] as const)
    await run(board, verb, {}, { on: kernel });
  report(kernel);
  return [...seen].sort();
};

/** What a board that came up says must be true of a board on which only this source is gone. */
function falsehood({ log, state, root }: Ran, path: string): string | null {
  const said = [...log, state?.because ?? ''].join('\n');
  const told = (text: RegExp): boolean => text.test(said);
  if (path !== '/proc/filesystems' && told(/this kernel does not have|neither overlay/))
    return 'the kernel has its file systems';
  if (path === '/proc/filesystems' && told(/which this kernel does not have|has neither overlay/))
    return 'the file systems of the kernel are not known';
  if (told(/failed in a way it does not know|\.ts:\d+/)) return 'a stack is no message';
  if (state?.rung === 'persistent' && root === 'squashfs') return 'the root keeps no changes';
  return null;
}

for (const kind of BOARDS)
  t.test(`${kind}: each source of the kernel may be missing, empty or unreadable`, async (t) => {
    const paths = await pathsOf(kind);
    t.ok(paths.includes('/proc/mtd') && paths.includes('/proc/self/mountinfo'));
    for (const path of paths)
      for (const fault of FAULTS) {
        const { board, settings } = again(boards.get(kind)!);
        const where = `${fault} ${path}`;
        const sources = { [path]: fault };
        const started = await run(board, 'start', { sources });
        t.ok([0, 1, 3].includes(started.exit), `${where}: start exits ${started.exit}`);
        t.equal(falsehood(started, path), null, `${where}: ${started.log.join('\n')}`);
        if (started.state?.rung === 'persistent')
          t.same(settingsOf(started.kernel), settings, `${where}: the settings are there`);
        for (const verb of ['done', 'reset'] satisfies Verb[]) {
          const ran = await run(board, verb, {}, { on: started.kernel });
          t.ok([0, 1, 3, 5].includes(ran.exit), `${where}: ${verb} exits ${ran.exit}`);
          t.equal(falsehood(ran, path), null, `${where}: ${ran.log.join('\n')}`);
        }
        t.type(report(started.kernel), 'string', where);
        cutPower(board, 'kept');
      }
  });

t.test('a volume is waited for on a kernel without mtd', async (t) => {
  for (const fault of FAULTS) {
    const { board, settings } = again(boards.get('ext4 by label')!);
    const { exit, state, kernel, log } = await run(board, 'start', {
      sources: { '/proc/mtd': fault },
    });
    t.match({ exit, state }, { exit: 0, state: { rung: 'persistent' } }, log.join('\n'));
    t.same(settingsOf(kernel), settings);
  }
});

t.test('the notice says that a volume was waited for only if it was', async (t) => {
  const { board } = again(boards.get('ext4 by label')!);
  board.storage.length = 0;
  const waited = await run(board, 'start', { sources: { '/proc/mtd': 'missing' } });
  t.match(waited.state, { reason: 'no-volume', because: /LABEL=data.*, after 10 s of waiting/ });
  const done = await run(board, 'done', {}, { on: waited.kernel });
  t.match(done.state?.because, /LABEL=data/);
  const reset = await run(board, 'reset', {}, { on: waited.kernel });
  t.match(reset.log.join('\n'), /there is no volume LABEL=data/);
  t.notMatch(reset.log.join('\n'), /of waiting/, 'a reset does not wait');
});

t.test('a missing volume is no reason to doubt a name while its list cannot be read', async (t) => {
  for (const [fault, says] of [
    ['missing', /there is no \/proc\/mtd/],
    ['EIO', /\/proc\/mtd cannot be read \(EIO\)/],
  ] as const) {
    const { board } = again(boards.get('jffs2 on mtd')!);
    const { state } = await run(board, 'start', { sources: { '/proc/mtd': fault } });
    t.match(state, { rung: 'volatile', reason: 'no-volume', because: says });
  }
  const { board } = again(boards.get('ext4 by label')!);
  const { state } = await run(board, 'start', { sources: { '/sys/class/block': 'EIO' } });
  t.match(state, { reason: 'no-volume', because: /\/sys\/class\/block cannot be read \(EIO\)/ });
});

t.test('an unknown list of file systems is no lack of them', async (t) => {
  for (const kind of BOARDS)
    for (const fault of FAULTS) {
      const { board, settings } = again(boards.get(kind)!);
      const { state, kernel } = await run(board, 'start', {
        sources: { '/proc/filesystems': fault },
      });
      t.match(state, { rung: 'persistent', reason: null }, `${kind}: ${fault}`);
      t.same(settingsOf(kernel), settings);
    }
});
