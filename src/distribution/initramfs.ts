/** The initramfs of each installed kernel, as initramfs-tools and dracut name and make them. */
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { System } from '../system/port.js';
import type { Initramfs } from './enable-checks.js';
import { isWhole, MAKERS, releaseOf } from './initramfs-makers.js';

const BOOT = '/boot';
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

const isThere = (program: string): boolean => call(program, ['-h']).error === undefined;

/** The first whose programs are there. */
const ownMaker = () => MAKERS.find(({ make, list }) => isThere(make) && isThere(list));
type Maker = NonNullable<ReturnType<typeof ownMaker>>;

/** Whether an initramfs has an init and our part; null if it cannot be listed. */
function looksWhole(maker: Maker, file: string): boolean | null {
  const { status, stdout } = call(maker.list, [file]);
  return status === 0 ? isWhole(maker, stdout) : null;
}

/** Those of the kernels whose modules are installed. */
export function initramfsImages(): Initramfs[] {
  const maker = ownMaker();
  let names: string[];
  try {
    names = readdirSync(BOOT).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const release = releaseOf(name);
    if (release === null || maker === undefined) return [];
    const file = join(BOOT, name);
    const { size } = lstatSync(file);
    return [{ release, file, bytes: size, hasPart: looksWhole(maker, file) }];
  });
}

/** The programs that are missing; none if one maker of an initramfs is whole. */
export function lackingPrograms(): string[] {
  if (ownMaker() !== undefined) return [];
  const half = MAKERS.find(({ make }) => isThere(make));
  return half === undefined ? MAKERS.map(({ make }) => make) : [half.list];
}

/** The end of what a program said. */
const LAST_WORDS = 300;

/**
 * Has the initramfs of one kernel made anew, and looks into the result. A power cut leaves the
 * former one or the new one, and no part of it.
 * @throws {Error} one sentence, if it was not made or lacks something.
 */
export function makeInitramfs(system: System, { release, file }: Initramfs): void {
  const maker = ownMaker()!;
  const made = maker.replaces ? file : `${file}.new`;
  const args = maker.argumentsFor(release, made);
  const { status, stderr, error } = call(maker.make, args);
  if (status !== 0)
    throw new Error(
      `${maker.make} ${args.join(' ')} failed (${error?.message ?? status}): ` +
        stderr.trim().slice(-LAST_WORDS).replaceAll('\n', '; '),
    );
  if (looksWhole(maker, made) !== true)
    throw new Error(`${made} was made anew, and has no part of mountroot or no init`);
  system.syncfs(BOOT);
  if (made !== file) system.rename(made, file);
}
