/** Makes the root file system without the agent, from Debian's packages. It seldom changes. */
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
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { transform } from 'esbuild';
import { boardFolder, type Board } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { Failure, checkout, say } from '../lib/report.js';
import { run } from '../lib/run.js';
import { bindOwn } from './bind.js';
import { parseElf } from './elf.js';
import { trimIcu } from './icu.js';
import { fetchPackages } from './packages.js';

/**
 * Empty directories of the image: the usual ones of Unix, and those that `start` needs for its
 * mounts and its pivot.
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

/** All programs are in one folder. The other usual names are links to it. */
const LINKS = { bin: 'usr/bin', sbin: 'usr/bin', lib: 'usr/lib', 'usr/sbin': 'bin' };

/**
 * Returns a file of the unpacked packages, given its path on the board, which may lead through
 * symlinks.
 */
function find(packages: string, path: string): string {
  const file = join(packages, path.replace(/^\/?(?:usr\/)?/, 'usr/'));
  if (!existsSync(file))
    throw new Failure(`${path} is in none of the board's packages; correct rootfs in board.json`);
  return realpathSync(file);
}

/** Copies programs with their dynamic linker and all their direct and indirect libraries. */
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
        `the library ${library} is in none of the board's packages; add the package that has ` +
          'it to board.json',
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

export function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

/**
 * Copies and minifies a script of Debian's Node. Node reads these scripts in full at each start,
 * although it runs them only for fetch() and similar features. Minified they cost a third of the
 * time.
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

/** Binds the references of libraries to their own symbols (see bind.ts). */
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
    // The loop appends to the list, which makes the order breadth first, as in the dynamic linker.
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
  const sum = (of: 'bound' | 'left'): number => bound.reduce((all, each) => all + each[of], 0);
  say(
    `rootfs: ${sum('bound')} references of libraries to their own symbols bound, ` +
      `${sum('left')} left to the dynamic linker`,
  );
}

/**
 * Strips the dynamic linker. Debian keeps its whole symbol table for debuggers, and that is eight
 * ninths of the file.
 */
async function stripLinker(tree: string, program: string): Promise<void> {
  const { interpreter } = parseElf(readFileSync(join(tree, program)), program);
  if (interpreter !== null)
    await run('arm-linux-gnueabihf-strip', [join(tree, `usr${interpreter}`)]);
}

/** Makes a link to busybox for each applet. busybox contains their names, each between two NULs. */
function linkApplets(tree: string, applets: readonly string[]): void {
  const busybox = readFileSync(join(tree, 'usr/bin/busybox'));
  const lost = applets.filter((applet) => !busybox.includes(`\0${applet}\0`));
  if (lost.length > 0)
    throw new Failure(
      `this busybox does not have ${lost.join(', ')}; correct rootfs.applets in board.json`,
    );
  for (const applet of applets) symlinkSync('busybox', join(tree, 'usr/bin', applet));
}

/** Returns the cached folder whose `tree` is the root file system without the agent. */
export async function stageSystem(board: Board): Promise<string> {
  const { folder, packages } = await fetchPackages(board);
  const overlay = join(boardFolder(board.files), 'rootfs');
  const inputs = {
    rootfs: board.rootfs,
    packages: packages.map(({ sha256 }) => sha256),
    overlay: digest(overlay),
    script: digest(
      ...['system', 'bind', 'elf', 'elf-dynamic', 'icu', 'icu-data'].map((name) =>
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
