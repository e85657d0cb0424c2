/** The initramfs of each installed kernel, as initramfs-tools names and makes them. */
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Initramfs } from './enable-checks.js';
import { INITRAMFS_PART } from './switch-places.js';

const BOOT = '/boot';
const NAME = /^initrd\.img-([\w.+~-]+)$/;
/** Names that initramfs-tools, dpkg and `enable` give to former ones. */
const FORMER = /\.(?:bak|dpkg-bak|old|old-dkms|new|before-mountroot)$/;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A list of an initramfs has some thousand lines. */
const LONGEST_LIST = 32 << 20;

const call = (program: string, args: readonly string[]) =>
  spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: LONGEST_LIST,
    env: { PATH, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Whether an initramfs has an init and these files; null if it cannot be listed. */
function hasFiles(file: string, wanted: readonly string[]): boolean | null {
  const { status, stdout } = call('lsinitramfs', [file]);
  if (status !== 0) return null;
  const names = new Set(stdout.split('\n'));
  return wanted.every((name) => names.has(name));
}

/** Those of the kernels whose modules are installed. */
export function initramfsImages(): Initramfs[] {
  let names: string[];
  try {
    names = readdirSync(BOOT).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const release = NAME.exec(name)?.[1];
    if (release === undefined || FORMER.test(name)) return [];
    const file = join(BOOT, name);
    const { size } = lstatSync(file);
    return [{ release, file, bytes: size, hasPart: hasFiles(file, ['init', INITRAMFS_PART]) }];
  });
}

/** The programs of initramfs-tools that are missing. */
export const lackingPrograms = (): string[] =>
  ['update-initramfs', 'lsinitramfs'].filter(
    (program) => call(program, ['-h']).error !== undefined,
  );

/** The end of what a program said. */
const LAST_WORDS = 300;

/**
 * Has the initramfs of one kernel made anew, and looks into the result.
 * @throws {Error} one sentence, if it was not made or lacks something.
 */
export function makeInitramfs({ release, file }: Initramfs): void {
  const { status, stderr, error } = call('update-initramfs', ['-u', '-k', release]);
  if (status !== 0)
    throw new Error(
      `update-initramfs -u -k ${release} failed (${error?.message ?? status}): ` +
        stderr.trim().slice(-LAST_WORDS).replaceAll('\n', '; '),
    );
  if (hasFiles(file, ['init', INITRAMFS_PART]) !== true)
    throw new Error(`${file} was made anew, and has no ${INITRAMFS_PART} or no init`);
}
