/** Lists the contents of a root file system by purpose, with their bytes as files and packed. */
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Board } from '../lib/board.js';
import { parseElf } from './elf.js';

export interface Group {
  group: string;
  files: number;
  bytes: number;
  /**
   * Each group is packed alone, so the sum is some kilobytes larger than the packed root file
   * system.
   */
  packed: number;
}

/** Groups of libraries by name. Other libraries are grouped by the programs that need them. */
const NAMED: readonly [RegExp, string][] = [
  [/^libnode\.so/, 'Node'],
  [/^libicudata\.so/, 'ICU data'],
  [/^libicu/, 'ICU'],
];

/** Programs, each with the names of all libraries that are loaded with it. */
function scopes(
  board: Board,
  tree: string,
  libraries: ReadonlyMap<string, string>,
): Map<string, Set<string>> {
  return new Map(
    board.rootfs.programs.map((program) => {
      const { interpreter, needed } = parseElf(readFileSync(join(tree, program)), program);
      const names = new Set([...needed, ...(interpreter === null ? [] : [basename(interpreter)])]);
      // The loop adds names to the set, and visits the new names too.
      for (const name of names) {
        const path = libraries.get(name);
        if (path !== undefined)
          for (const each of parseElf(readFileSync(join(tree, path)), name).needed) names.add(each);
      }
      return [basename(program), names];
    }),
  );
}

const isLibrary = (path: string): boolean => /^usr\/lib\/([^/]+\/)?[^/]+\.so(\.|$)/.test(path);

/** Returns the group of a library that NAMED does not match, given the programs that need it. */
function groupOfUsers(users: readonly string[]): string {
  if (users.length === 0) return 'libraries that no program names';
  if (users.length > 2) return 'libraries of several programs';
  return `libraries of ${users.join(' and ')}`;
}

/**
 * The paths of a tree's files by group. Programs of one package are separate groups, because an
 * image may leave out each of them.
 */
function grouped(board: Board, tree: string): Map<string, string[]> {
  const paths = readdirSync(tree, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(tree.length + 1)] : [],
  );
  const libraries = new Map(paths.filter(isLibrary).map((path) => [basename(path), path]));
  const needed = scopes(board, tree, libraries);
  const groupOf = (path: string): string => {
    const name = basename(path);
    if (
      board.rootfs.programs.includes(path.replace(/^usr\/bin\//, 'usr/sbin/')) ||
      board.rootfs.programs.includes(path)
    )
      return name === 'node' ? 'Node' : name;
    if (path.startsWith('usr/lib/mountroot/')) return 'agent';
    if (path.startsWith('usr/share/nodejs/')) return 'scripts of Node';
    if (!isLibrary(path)) return 'all else';
    const users = [...needed].filter(([, names]) => names.has(name)).map(([program]) => program);
    return NAMED.find(([is]) => is.test(name))?.[1] ?? groupOfUsers(users);
  };
  const groups = new Map<string, string[]>();
  for (const path of paths) groups.set(groupOf(path), [...(groups.get(groupOf(path)) ?? []), path]);
  return groups;
}

/** Makes a hard link to the file, or a copy where the file system cannot link. */
function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/**
 * Measures the contents of a tree.
 * @param work a folder that does not exist yet.
 * @param pack packs a tree to a file, as the root file system is packed.
 */
export async function contentsOf(
  board: Board,
  tree: string,
  work: string,
  pack: (tree: string, output: string) => Promise<void>,
): Promise<Group[]> {
  const groups: Group[] = [];
  try {
    for (const [group, paths] of grouped(board, tree)) {
      const [part, output] = [join(work, 'tree'), join(work, 'packed')];
      for (const path of paths) put(join(tree, path), join(part, path));
      await pack(part, output);
      groups.push({
        group,
        files: paths.length,
        bytes: paths.reduce((sum, path) => sum + statSync(join(tree, path)).size, 0),
        packed: statSync(output).size,
      });
      rmSync(part, { recursive: true });
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return groups.sort((a, b) => b.packed - a.packed);
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2).padStart(10);

export function contentsTable(groups: readonly Group[], packed: number): string {
  const line = (name: string, files: string, before: string, after: string): string =>
    `${name.padEnd(38)}${files.padStart(5)}${before.padStart(10)}${after.padStart(10)}`;
  const sum = (of: (group: Group) => number): number =>
    groups.reduce((all, group) => all + of(group), 0);
  return [
    line('in the root file system', 'files', 'MiB', 'packed'),
    ...groups.map(({ group, files, bytes, packed: own }) =>
      line(group, String(files), mebibytes(bytes), mebibytes(own)),
    ),
    line(
      'all of it',
      String(sum(({ files }) => files)),
      mebibytes(sum(({ bytes }) => bytes)),
      mebibytes(packed),
    ),
  ].join('\n');
}
