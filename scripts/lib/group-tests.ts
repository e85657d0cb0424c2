import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkout } from './report.js';

/**
 * The files in a group. A start takes as long as many files, and the last group must keep no core
 * waiting long: `npm test` has some files that take a minute.
 */
const SIZES = { fast: 12, all: 8 };

/** A file that must have a process of its own: it changes the process. */
const ALONE =
  /\b(?:asRootAlone|(?:hostile|agent|kernel-reading|streams)\.js)\b|\bprocess\.(?:chdir|exit|umask|on|once|argv|stdout|stdin|title|kill)\b|\bprocess\.env\[[^\]]*\]\s*=|\bdelete process\.env|\bt\.(?:plan|bailout|setTimeout|jobs|intercept|capture|mockImport)\b|\bsetFlagsFromString\b|\bmemoryUsage\b|\bgc\(/;

/**
 * A file that waits before it has given tap all its tests. tap ends a process's tests as soon as
 * none is left, so those of a file behind it would come too late.
 */
const WAITS = /^(?=\S).*\bawait\b/m;

/**
 * A file with a folder for all its tests: `testdir` outside a test takes its name from the
 * process's main file.
 */
const HAS_FOLDER = /^(?=\S).*\btestdir/m;

/** Whether the test of this source can share a process with others. */
export const canShare = (source: string): boolean =>
  ![ALONE, WAITS, HAS_FOLDER].some((pattern) => pattern.test(source));

/** Splits files into groups of similar size, in their order. */
export function inGroups<T>(files: readonly T[], size: number): T[][] {
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, index) =>
    files.slice(
      Math.floor((index * files.length) / count),
      Math.floor(((index + 1) * files.length) / count),
    ),
  );
}

/**
 * Puts short tests together, because tap's start of a process costs more processor time (0.5 s)
 * than most files. Files that cannot share a process come first. Returns the files to run.
 * @param sources the source of each file, below test/.
 * @param files their compiled files.
 */
export function groupTests(
  sources: readonly string[],
  files: readonly string[],
  which: keyof typeof SIZES,
): string[] {
  const all = sources.map((source, index) => ({
    file: files[index]!,
    shares:
      !source.endsWith('.slow.test.ts') && canShare(readFileSync(join(checkout, source), 'utf8')),
  }));
  const folder = join('build', 'tests', 'groups');
  mkdirSync(join(checkout, folder), { recursive: true });
  const sharing = all.filter(({ shares }) => shares);
  const groups = inGroups(sharing, SIZES[which]).map((group, index) => {
    const name = join(folder, `${index + 1}.test.js`);
    const imports = group.map(({ file }) => relative(folder, file));
    writeFileSync(
      join(checkout, name),
      imports.map((path) => `import ${JSON.stringify(path)};\n`).join(''),
    );
    return name;
  });
  return [...all.filter(({ shares }) => !shares).map(({ file }) => file), ...groups];
}
