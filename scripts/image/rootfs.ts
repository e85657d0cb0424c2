import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { transform } from 'esbuild';
import { NATIVE_PARTS, buildAgent } from '../agent/agent.js';
import { boardFolder, type Board } from '../lib/board.js';
import { bindOwn } from './bind.js';
import { cliBeside, forBoard } from '../agent/bundle.js';
import { cached, digest } from '../lib/cache.js';
import { contentsOf } from './contents.js';
import { parseElf } from './elf.js';
import { buildHeap, buildLauncher } from '../agent/heap.js';
import { HEAP, HOME } from '../agent/home.js';
import { trimIcu } from './icu.js';
import { buildNative } from '../agent/native.js';
import { fetchPackages } from './packages.js';
import { Failure, checkout, say } from '../lib/report.js';
import { squash } from './squash.js';
import { run } from '../lib/run.js';
import { startScript } from '../agent/start-script.js';
import { FIRST_SCRIPT } from '../../src/facts/places.js';

/**
 * Empty directories of the image: what `start` mounts on, moves to and pivots over, and what every
 * Unix has.
 */
const DIRECTORIES = [
  'proc',
  'sys',
  'dev',
  'tmp',
  'run',
  'overlay',
  'mnt',
  'rom',
  'root',
  'var',
  'etc',
  'usr/bin',
  'usr/lib',
];

/** One folder of programs under all the names it is looked for. */
const LINKS = { bin: 'usr/bin', sbin: 'usr/bin', lib: 'usr/lib', 'usr/sbin': 'bin' };

/**
 * A file of the unpacked packages by the path it will have on the board, which may lead through
 * symlinks.
 */
function find(packages: string, path: string): string {
  const file = join(packages, path.replace(/^\/?(?:usr\/)?/, 'usr/'));
  if (!existsSync(file))
    throw new Failure(`${path} is in none of the board's packages; correct rootfs in board.json`);
  return realpathSync(file);
}

/**
 * Copies programs, and for each the dynamic linker and the libraries it needs, and what those need.
 */
export function copyPrograms(packages: string, tree: string, programs: readonly string[]): void {
  const libraries = readdirSync(join(packages, 'usr/lib'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `usr/lib/${entry.name}`);
  const locate = (library: string): string => {
    const folder = ['usr/lib', ...libraries].find((each) =>
      existsSync(join(packages, each, library)),
    );
    if (folder === undefined)
      throw new Failure(
        `the library ${library} is in none of the board's packages; add the package that has it to board.json`,
      );
    return `${folder}/${library}`;
  };
  const queue = [...programs];
  const done = new Set<string>();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (done.has(path)) continue;
    done.add(path);
    const file = find(packages, path);
    place(file, join(tree, path));
    const { interpreter, needed } = parseElf(readFileSync(file), path);
    if (interpreter !== null) queue.push(`usr${interpreter}`);
    queue.push(
      ...needed
        .filter(
          (library) => !interpreter?.endsWith(`/${library}`) && !library.startsWith('ld-linux'),
        )
        .map(locate),
    );
  }
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

/**
 * Debian's Node reads these whole at each start, although it runs them only for fetch() and the
 * like: shortened they cost a third.
 */
async function placeScript(from: string, to: string): Promise<void> {
  place(from, to);
  const { code } = await transform(readFileSync(from, 'utf8'), {
    minify: true,
    target: 'node20',
    legalComments: 'inline',
  });
  writeFileSync(to, code);
}

/**
 * Where a library is asked for its own symbols it need not be asked by name at each start (see
 * bind.ts).
 */
function bindLibraries(tree: string, programs: readonly string[]): void {
  const libraries = readdirSync(join(tree, 'usr/lib'), {
    recursive: true,
    withFileTypes: true,
  }).filter((entry) => entry.isFile() && /\.so(\.|$)/.test(entry.name));
  const paths = new Map([
    ...libraries.map((entry) => [entry.name, join(entry.parentPath, entry.name)] as const),
    ...programs.map((path) => [path, join(tree, path)] as const),
  ]);
  const files = new Map([...paths].map(([name, path]) => [name, readFileSync(path)]));
  const scopes = programs.map((program) => {
    const scope = [program];
    // Grows while it is gone through: breadth first, as the dynamic linker does.
    for (const name of scope)
      scope.push(
        ...parseElf(files.get(name)!, name).needed.filter((each) => !scope.includes(each)),
      );
    return scope;
  });
  const bound = bindOwn(
    files,
    scopes,
    (name) => programs.includes(name) || /^(libc\.so|ld-linux)/.test(name),
  );
  for (const { file } of bound) writeFileSync(paths.get(file)!, files.get(file)!);
  say(
    `rootfs: ${bound.reduce((sum, each) => sum + each.bound, 0)} references of libraries to their own symbols bound, ${bound.reduce((sum, each) => sum + each.left, 0)} left to the dynamic linker`,
  );
}

/**
 * Debian leaves the dynamic linker its table of all symbols, for debuggers: eight ninths of the
 * file.
 */
async function stripLinker(tree: string, program: string): Promise<void> {
  const { interpreter } = parseElf(readFileSync(join(tree, program)), program);
  if (interpreter !== null)
    await run('arm-linux-gnueabihf-strip', [join(tree, `usr${interpreter}`)]);
}

/** Busybox keeps the names of its applets one after the other, each ended by a NUL. */
function linkApplets(tree: string, applets: readonly string[]): void {
  const busybox = readFileSync(join(tree, 'usr/bin/busybox'));
  const lost = applets.filter((applet) => !busybox.includes(`\0${applet}\0`));
  if (lost.length > 0)
    throw new Failure(
      `this busybox does not have ${lost.join(', ')}; correct rootfs.applets in board.json`,
    );
  for (const applet of applets) symlinkSync('busybox', join(tree, 'usr/bin', applet));
}

/**
 * Permissions as on the board, whatever umask the checkout was made and this runs under: all may
 * read, and execute what its owner may.
 */
function normalise(tree: string): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
  chmodSync(tree, 0o755);
}

/** The root file system but for the agent: it changes seldom. */
async function stageSystem(board: Board): Promise<string> {
  const { folder, packages } = await fetchPackages(board);
  const overlay = join(boardFolder(board.files), 'rootfs');
  const inputs = {
    rootfs: board.rootfs,
    packages: packages.map(({ sha256 }) => sha256),
    overlay: digest(overlay),
    script: digest(
      ...['rootfs', 'bind', 'elf', 'elf-dynamic', 'icu', 'icu-data'].map((name) =>
        join(checkout, `scripts/image/${name}.ts`),
      ),
    ),
  };
  return cached('system', inputs, async (made) => {
    const unpacked = join(made, 'packages');
    const tree = join(made, 'tree');
    for (const directory of DIRECTORIES) mkdirSync(join(tree, directory), { recursive: true });
    for (const [link, target] of Object.entries(LINKS)) symlinkSync(target, join(tree, link));
    for (const { file } of packages)
      await run('dpkg-deb', ['--extract', join(folder, file), unpacked]);
    copyPrograms(unpacked, tree, board.rootfs.programs);
    for (const path of board.rootfs.files)
      await placeScript(find(unpacked, path), join(tree, path));
    await trimIcu(tree);
    await stripLinker(tree, board.rootfs.programs[0]!);
    bindLibraries(tree, board.rootfs.programs);
    linkApplets(tree, board.rootfs.applets);
    cpSync(overlay, tree, { recursive: true });
    rmSync(unpacked, { recursive: true });
  });
}

/** The agent as it stands on a board: `mountroot`, and OpenWrt's name for it. */
async function installAgent(tree: string): Promise<void> {
  const home = join(tree, HOME);
  const native = join(home, 'native/linux-arm');
  mkdirSync(native, { recursive: true });
  const agent = await buildAgent(['host', 'arm']);
  place(cliBeside(agent), join(home, basename(cliBeside(agent))));
  writeFileSync(join(home, basename(agent)), forBoard(readFileSync(agent)), { mode: 0o755 });
  const parts = await buildNative('arm');
  for (const part of NATIVE_PARTS) place(join(parts, part), join(native, part));
  place(await buildLauncher(), join(home, 'launch'));
  symlinkSync('../lib/mountroot/launch', join(tree, 'usr/bin/mountroot'));
  symlinkSync('mountroot', join(tree, 'usr/bin/mount_root'));
}

/** All of the root file system but the agent's heap. */
async function stageBare(board: Board): Promise<string> {
  const system = await stageSystem(board);
  const script = startScript(board, join(system, 'tree'));
  const bundle = await buildAgent(['host', 'arm']);
  const inputs = {
    system: basename(system),
    bundle: digest(bundle, cliBeside(bundle)),
    native: basename(await buildNative('arm')),
    launcher: digest(await buildLauncher()),
    script,
  };
  const folder = await cached('rootfs-bare', inputs, async (made) => {
    const tree = join(made, 'tree');
    cpSync(join(system, 'tree'), tree, { recursive: true, verbatimSymlinks: true });
    await installAgent(tree);
    if (script !== null) writeFileSync(join(tree, FIRST_SCRIPT), script, { mode: 0o755 });
    normalise(tree);
  });
  return join(folder, 'tree');
}

/** The whole root file system as a tree of files; read-only, others use it too. */
export async function stageRootfs(board: Board): Promise<string> {
  const bare = await stageBare(board);
  const heap = await buildHeap(board, bare);
  if (heap === null) return bare;
  const folder = await cached(
    'rootfs',
    { bare: basename(dirname(bare)), heap: digest(heap) },
    async (made) => {
      cpSync(bare, join(made, 'tree'), { recursive: true, verbatimSymlinks: true });
      cpSync(heap, join(made, 'tree', HOME, HEAP));
    },
  );
  return join(folder, 'tree');
}

/**
 * The packed root file system, cached by the tree it is of, with contents.json beside it (see
 * contents.ts). Returns the file.
 */
export async function packRootfs(board: Board, tree: string): Promise<string> {
  const folder = await cached(
    'squashfs',
    {
      tree: basename(dirname(tree)),
      compression: board.rootfs.compression,
      blockSize: board.rootfs.blockSize,
      script: digest(
        ...['squash', 'contents'].map((name) => join(checkout, `scripts/image/${name}.ts`)),
      ),
    },
    async (made) => {
      say(`rootfs: packing ${board.name}'s root file system (${board.rootfs.compression})`);
      await squash(board, tree, join(made, 'rootfs.squashfs'));
      const contents = await contentsOf(board, tree, join(made, 'work'), (part, output) =>
        squash(board, part, output),
      );
      writeFileSync(join(made, 'contents.json'), JSON.stringify(contents));
    },
  );
  return join(folder, 'rootfs.squashfs');
}
