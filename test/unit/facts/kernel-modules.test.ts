import t from 'tap';
import fc from 'fast-check';
import { kernelModules, type ModuleState } from '../../../src/facts/kernel-modules.js';
import { isLoadable, lackWords, lacksType } from '../../../src/facts/kernel-sources.js';
import { SystemError } from '../../../src/system/system-error.js';
import type { Reader } from '../../../src/system/port.js';
import { makeBoard } from '../../../src/system/model/board.js';
import { boardFacts } from '../../fixtures/facts.js';
import { run } from '../../fixtures/model.js';

const RELEASE = '6.12.1+deb13';
const FOLDER = `/lib/modules/${RELEASE}`;
const OVERLAY = `${FOLDER}/kernel/fs/overlayfs/overlay.ko.xz`;
const LIST =
  'kernel/fs/overlayfs/overlay.ko.xz:\n' +
  'kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz\n';
const DEBIAN: Record<string, string> = {
  [`${FOLDER}/modules.dep`]: LIST,
  [OVERLAY]: 'module',
  [`${FOLDER}/kernel/fs/ext4/ext4.ko.xz`]: 'module',
  [`${FOLDER}/kernel/fs/jbd2/jbd2.ko.xz`]: 'module',
  [`${FOLDER}/kernel/lib/crc16.ko.xz`]: 'module',
  '/sbin/modprobe': 'program',
};

/** A reader of these files; '!ERRNO' is a file that cannot be read. */
function readerOf(files: Record<string, string>): Reader {
  const fail = (path: string, errno: string): never => {
    throw new SystemError({ what: `read ${path}`, syscall: 'open', errno, path });
  };
  const text = (path: string): string => {
    const found = files[path] ?? fail(path, 'ENOENT');
    return found.startsWith('!') ? fail(path, found.slice(1)) : found;
  };
  return {
    readText: text,
    readBytes: (path: string, offset: number, length: number) =>
      Buffer.from(text(path)).subarray(offset, offset + length),
    realPath: (path: string) => path,
    kind: (path: string) => (path in files ? 'file' : 'missing'),
  } as unknown as Reader;
}

const stateOf = (files: Record<string, string>, type: string): ModuleState =>
  kernelModules(readerOf(files), { release: RELEASE, types: [type] }).types[type]!.state;

const without = (...paths: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(DEBIAN).filter(([path]) => !paths.includes(path)));

t.test('a module is at hand with its file, the files that it needs, and modprobe', async (t) => {
  const cases: [ModuleState, string, Record<string, string>][] = [
    ['at-hand', 'overlay', DEBIAN],
    ['at-hand', 'ext4', DEBIAN],
    ['none', 'f2fs', DEBIAN],
    ['none', 'over', DEBIAN],
    ['no-file', 'overlay', without(OVERLAY)],
    ['no-file', 'ext4', without(`${FOLDER}/kernel/fs/jbd2/jbd2.ko.xz`)],
    ['no-loader', 'overlay', without('/sbin/modprobe')],
    ['no-loader', 'overlay', { ...DEBIAN, '/proc/sys/kernel/modprobe': '\n' }],
    ['at-hand', 'overlay', { ...DEBIAN, '/proc/sys/kernel/modprobe': '/sbin/modprobe\n' }],
    ['unknown', 'overlay', { ...DEBIAN, [`${FOLDER}/modules.dep`]: '!EIO' }],
    ['none', 'overlay', {}],
    ['at-hand', 'overlay', { [`${FOLDER}/overlay.ko`]: 'OpenWrt', '/sbin/modprobe': '' }],
  ];
  for (const [state, type, files] of cases) t.equal(stateOf(files, type), state, state);
});

t.test('only a file system that cannot be loaded either is lacking', async (t) => {
  const facts = boardFacts();
  const kernel = { ...facts.kernel, filesystems: ['tmpfs', 'jffs2'] };
  const withState = (state: ModuleState) => ({
    kernel,
    modules: { loader: '/sbin/modprobe', types: { overlay: { state, file: OVERLAY } } },
  });
  t.ok(lacksType({ kernel }, 'overlay'), 'nobody looked for a module: an older facts file');
  for (const state of ['none', 'no-file', 'no-loader'] as const) {
    t.ok(lacksType(withState(state), 'overlay'), state);
    t.notMatch(lackWords(withState(state), 'overlay'), /undefined|null/);
  }
  for (const state of ['at-hand', 'unknown'] as const)
    t.notOk(lacksType(withState(state), 'overlay'), state);
  t.ok(isLoadable(withState('at-hand'), 'overlay'));
  t.notOk(isLoadable(withState('unknown'), 'overlay'));
});

t.test('no list of modules makes the look fail', async () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (list, path) => {
      const files = { [`${FOLDER}/modules.dep`]: list, [`${FOLDER}/${path}`]: '' };
      stateOf(files, 'overlay');
    }),
  );
});

const WITHOUT = ['sysfs', 'tmpfs', 'proc', 'devtmpfs', 'squashfs'];
const modular = (without: string[] = []) =>
  makeBoard({ filesystems: WITHOUT, modules: ['overlay', 'jffs2'], without });

t.test('a start loads the modules of its file systems, and says so', async (t) => {
  const { state, journal, root } = await run(modular());
  t.match(state, { rung: 'persistent', reason: null });
  t.equal(root, 'overlay');
  const loaded = journal.flatMap((record) =>
    record.type === 'step' && record.id.startsWith('load-') ? [record] : [],
  );
  t.match(loaded, [
    { id: 'load-jffs2', result: 'done' },
    { id: 'load-overlay', result: 'done' },
  ]);
});

t.test('without modprobe the start says why there is no overlay', async (t) => {
  const { state } = await run(modular(['/sbin/modprobe']));
  t.match(state, { rung: 'rom', reason: 'no-overlay', because: /overlay is a module .*modprobe/ });
});
