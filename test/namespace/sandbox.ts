import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { placeNative } from '../../scripts/agent/agent.js';
import { bundle } from '../../scripts/agent/bundle.js';
import { checkout } from '../../scripts/lib/report.js';
import type { Report, Scenario } from './inside.js';

/**
 * mount(2) and losetup(8) need root. A user with sudo without a password may run these tests too.
 */
export const asRoot = (words: string[]): string[] =>
  process.getuid?.() === 0 ? words : ['sudo', '-n', ...words];

/** The folders of bundled programs, by name. */
const programs = new Map<string, Promise<string>>();

/**
 * Bundles a program of this folder with its native parts beside it, once in this process. The
 * folder is removed when the process ends.
 */
export function program(name: string): Promise<string> {
  const known = programs.get(name);
  if (known !== undefined) return known;
  const made = makeProgram(name);
  programs.set(name, made);
  return made;
}

async function makeProgram(name: string): Promise<string> {
  const folder = join(checkout, 'build', 'test', `${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await bundle(`test/namespace/${name}.ts`, join(folder, `${name}.cjs`));
  await placeNative('host', folder);
  return folder;
}

/** Disks in memory: on a real one, waiting for its cache takes most of the time of these tests. */
const IN_MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Attaches a file to a loop device, until the test ends. Returns the device. */
export function loopDevice(t: Test, image: string): string {
  const [losetup, ...words] = asRoot(['/sbin/losetup']);
  const device = execFileSync(losetup!, [...words, '--find', '--show', image], {
    encoding: 'utf8',
  }).trim();
  t.teardown(() => void spawnSync(losetup!, [...words, '--detach', device]));
  return device;
}

interface SmallBoard {
  /** An empty folder to build the root on. */
  root: string;
  /** The folder with the program, see program(). The board has it as /opt. */
  folder: string;
  /** The program as /opt/NAME.cjs, and its arguments. */
  words: readonly string[];
  /** Whether the root has this machine's programs as bind mounts, or copies of the few it needs. */
  programs?: 'bound' | 'copied';
  /** Whether all mounts have shared propagation. */
  shared?: boolean;
  /** A device with an empty ext4 for the root; without it the root is in memory. */
  disk?: string;
}

/** Runs a program in the small board that enter.sh makes. */
export function enterBoard({
  root,
  folder,
  words,
  programs = 'bound',
  shared = false,
  disk = 'none',
}: SmallBoard): SpawnSyncReturns<string> {
  const [unshare, ...rest] = asRoot([
    ...['unshare', '--mount', '--propagation', 'private'],
    ...['sh', fileURLToPath(new URL('enter.sh', import.meta.url))],
    ...[programs, root, folder, process.execPath, shared ? 'yes' : 'no', disk],
    ...words,
  ]);
  return spawnSync(unshare!, rest, { encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 26 });
}

export interface SandboxOptions {
  shared?: boolean;
  sabotage?: boolean;
  /** The verbs to run, one after the other; by default `start`. */
  verbs?: Scenario['verbs'];
  settings?: string[];
  /** Shell lines to run in the new root after the first verb. */
  then?: string;
  keep?: string[];
  /** Called with the mountpoint of the new data volume, to put files on it beforehand. */
  prepare?: (mountpoint: string) => void;
  /** Leave the data volume without a file system. */
  unformatted?: boolean;
}

/** A loop device with an empty ext4. */
function emptyDisk(t: Test, folder: string): string {
  const image = join(folder, 'root.img');
  execFileSync('truncate', ['-s', '64M', image]);
  execFileSync('/sbin/mkfs.ext4', ['-q', image]);
  return loopDevice(t, image);
}

/** The parts of a sandbox. */
export interface SandboxParts extends Pick<SandboxOptions, 'shared' | 'prepare' | 'unformatted'> {
  /** The program of this folder to run in it, without its file ending. */
  program: string;
  programs: 'bound' | 'copied';
  /** Whether the root is an ext4 on a disk, and not in memory. */
  onDisk?: boolean;
}

/**
 * Runs a program on this machine's kernel in its own mount namespace, from a read-only root, with
 * ext4 on a loop device in place of jffs2 on flash.
 * @returns the JSON that it printed.
 */
export async function inSandbox(
  t: Test,
  { shared = false, prepare, unformatted = false, program: name, programs, onDisk }: SandboxParts,
  scenarioOn: (device: string) => object,
): Promise<unknown> {
  const folder = mkdtempSync(join(IN_MEMORY, 'mountroot-namespace-'));
  const built = await program(name);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const image = join(folder, 'data.img');
  const root = join(folder, 'root');
  mkdirSync(root);
  execFileSync('truncate', ['-s', '16M', image]);
  // The user who runs the test owns the root of the file system, and so can prepare it without
  // being root.
  if (!unformatted)
    execFileSync('/sbin/mkfs.ext4', [
      '-q',
      '-E',
      `root_owner=${process.getuid!()}:${process.getgid!()}`,
      image,
    ]);
  const device = loopDevice(t, image);
  if (prepare) {
    const mountpoint = join(folder, 'data');
    mkdirSync(mountpoint);
    const [mount, ...before] = asRoot(['mount', device, mountpoint]);
    execFileSync(mount!, before);
    try {
      prepare(mountpoint);
    } finally {
      const [umount, ...after] = asRoot(['umount', mountpoint]);
      execFileSync(umount!, after);
    }
  }
  const { stdout, stderr, status } = enterBoard({
    root,
    folder: built,
    programs,
    shared,
    ...(onDisk === true && { disk: emptyDisk(t, folder) }),
    words: [`/opt/${name}.cjs`, JSON.stringify(scenarioOn(device))],
  });
  if (status !== 0) throw new Error(`the program in the namespace ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Runs `start`, or other verbs, in a sandbox. */
export const runInSandbox = async (
  t: Test,
  {
    sabotage = false,
    verbs = ['start'],
    settings = [],
    then = '',
    keep = [],
    ...parts
  }: SandboxOptions = {},
): Promise<Report> =>
  (await inSandbox(t, { ...parts, program: 'inside', programs: 'bound' }, (device): Scenario => ({
    device,
    sabotage,
    verbs,
    settings,
    then,
    keep,
  }))) as Report;
