/**
 * A whole Debian in an ext4 image, with the distribution's own kernel and initramfs: what a user of
 * a distribution has before mountroot is installed. mmdebstrap makes it from Debian's packages.
 */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Board } from '../lib/board.js';
import { boardFolder } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { Failure, checkout, lastLines, say } from '../lib/report.js';
import { run } from '../lib/run.js';
import { mirror, unpackedPackage } from './packages.js';

/** The user-mode emulators by dpkg's names of what they emulate. */
const EMULATORS: Readonly<Record<string, string>> = {
  armhf: 'qemu-arm-static',
  arm64: 'qemu-aarch64-static',
};

/** The image of the root's disk is sparse. */
const ROOT_BYTES = '1200M';

export interface DebianImage {
  kernel: string;
  initrd: string;
  /** An ext4 without a partition table: /dev/vda. */
  root: string;
}

const INSIDE = join(checkout, 'scripts/image/debian-inside.sh');

/** Waits until a child has a user namespace of its own. */
async function hasOwnUsers(pid: number): Promise<void> {
  const own = readlinkSync('/proc/self/ns/user');
  for (let tries = 0; tries < 500; tries++) {
    if (readlinkSync(`/proc/${pid}/ns/user`) !== own) return;
    await delay(10);
  }
  throw new Failure('unshare made no user namespace within 5 s');
}

/**
 * Runs the script in namespaces of its own. The interpreter for another architecture is registered
 * in the user namespace only, so this machine's list of interpreters stays as it is.
 */
async function inNamespaces(args: readonly string[]): Promise<void> {
  const child = spawn(
    'unshare',
    [
      ...['--user', 'sh', '-c'],
      'read go <&3; exec 3<&-; exec unshare --mount --pid --fork --mount-proc sh "$@"',
      ...['sh', INSIDE, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  await hasOwnUsers(child.pid!);
  for (const map of ['uid_map', 'gid_map'])
    writeFileSync(`/proc/${child.pid!}/${map}`, '0 0 65536');
  const gate = child.stdio[3] as NodeJS.WritableStream;
  gate.end('go\n');
  const status = await ended;
  if (status !== 0)
    throw new Failure(`mmdebstrap's namespace ended with ${status}:\n${lastLines(said, 20)}`);
}

const found = (folder: string, start: string): string => {
  const name = readdirSync(folder).find((each) => each.startsWith(start));
  if (name === undefined) throw new Failure(`Debian's /boot has no ${start}RELEASE`);
  return join(folder, name);
};

/** What makes the initramfs: Debian has two programs, of which one may be installed. */
export type InitramfsMaker = 'initramfs-tools' | 'dracut';

/** Returns the image, from the cache if it is there. It takes some minutes to make. */
export async function debianImage(board: Board, maker: InitramfsMaker): Promise<DebianImage> {
  if (process.getuid?.() !== 0)
    throw new Failure('an image with owners and devices needs root; run it as root');
  const { suite, architecture } = board.rootfs;
  const packages = [...board.rootfs.packages, maker];
  const overlay = [board.name, board.files]
    .map((name) => join(boardFolder(name), 'rootfs'))
    .find((folder) => existsSync(folder))!;
  const inputs = { suite, architecture, packages, files: digest(overlay), script: digest(INSIDE) };
  const folder = await cached('debian', inputs, async (made) => {
    say(`debian: ${suite} for ${architecture}, by mmdebstrap`);
    const emulator = join(await unpackedPackage('qemu-user-static'), 'files/usr/bin');
    const tar = join(made, 'tree.tar');
    await inNamespaces([
      join(emulator, EMULATORS[architecture]!),
      suite,
      architecture,
      packages.join(','),
      `deb ${await mirror()} ${suite} main`,
      tar,
    ]);
    const tree = join(made, 'tree');
    mkdirSync(tree);
    await run('tar', ['-C', tree, '--numeric-owner', '-xpf', tar], { label: 'debian: files' });
    await run('cp', ['-a', '--no-preserve=ownership', `${overlay}/.`, tree]);
    const shadow = join(tree, 'etc/shadow');
    writeFileSync(shadow, readFileSync(shadow, 'utf8').replace(/^root:[^:]*:/m, 'root::'));
    copyFileSync(found(join(tree, 'boot'), 'vmlinuz-'), join(made, 'vmlinuz'));
    copyFileSync(found(join(tree, 'boot'), 'initrd.img-'), join(made, 'initrd.img'));
    await run('mke2fs', [
      ...['-q', '-t', 'ext4', '-L', 'root', '-d', tree],
      ...[join(made, 'root.ext4'), ROOT_BYTES],
    ]);
    rmSync(tree, { recursive: true });
    rmSync(tar);
  });
  return {
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd.img'),
    root: join(folder, 'root.ext4'),
  };
}
