/** A whole Debian on the bench, with disks of its own, and the initramfs that they hold. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanBeforeEnd } from '../../scripts/emulator/guard.js';
import { Machine } from '../../scripts/emulator/machine.js';
import { buildAgent } from '../../scripts/agent/agent.js';
import { buildNative } from '../../scripts/agent/native.js';
import { debianImage } from '../../scripts/image/debian.js';
import { loadBoard } from '../../scripts/lib/board.js';
import { run } from '../../scripts/lib/run.js';
import { makePackages } from '../../scripts/package/build-packages.js';

const board = loadBoard('debian-virt');
const DATA_BYTES = '128M';
/** Under emulation systemd needs a minute, and more on a machine that does other things too. */
const BOOT_MS = 600_000;
const EPOCH = 1_790_000_000;

/** A running Debian with root at its console. */
export interface Debian {
  console(): string;
  /** Runs a command in the shell at the console. */
  run(command: string): Promise<{ status: number; output: string }>;
  /** Lets systemd switch it off. Returns QEMU's reason for its end. */
  powerOff(): Promise<string | undefined>;
}

export interface DebianBench {
  /** Boots it with the initramfs that its /boot has, and logs in when systemd has started all. */
  boot(append?: string): Promise<Debian>;
  clear(): Promise<void>;
}

async function login(machine: Machine): Promise<Debian> {
  await machine.waitFor(/root@debian:~# /, BOOT_MS);
  machine.type('stty -echo; export TERM=dumb; PS1=; dmesg -n 1\n');
  let number = 0;
  const run: Debian['run'] = async (command) => {
    number++;
    // The quotes keep the echo of the command from looking like its result.
    machine.type(`echo "B""EGIN ${number}"; ${command}; echo "E""ND ${number} $?"\n`);
    const [, output, status] = await machine.waitFor(
      new RegExp(`BEGIN ${number}\\r?\\n([^]*?)END ${number} (\\d+)`),
      BOOT_MS,
    );
    return { status: Number(status), output: output!.replaceAll('\r', '') };
  };
  await run('systemctl is-system-running --wait');
  return {
    console: () => machine.console,
    run,
    async powerOff() {
      machine.type('systemctl poweroff\n');
      return (await machine.ended).reason;
    },
  };
}

export async function debianOnBench(): Promise<DebianBench> {
  const image = await debianImage(board);
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-debian-'));
  const forget = cleanBeforeEnd(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  await run('cp', ['--reflink=auto', '--sparse=always', image.root, at('root.ext4')]);
  await run('mke2fs', ['-q', '-t', 'ext4', '-L', 'data', at('data.ext4'), DATA_BYTES]);
  const bundle = await buildAgent(['host', 'arm']);
  const native = await buildNative('arm');
  const [deb] = await makePackages({
    bundle,
    natives: { arm: native },
    to: at('packages'),
    epoch: EPOCH,
  });
  await into(at('root.ext4'), deb!, '/root/mountroot.deb');
  let running: Machine | null = null;
  return {
    async boot(append = '') {
      const initrd = at('initrd.img');
      await initramfsOf(at('root.ext4'), initrd);
      running = await Machine.start(
        board,
        {
          zImage: image.kernel,
          deviceTree: null,
          ramdisk: initrd,
          flash: [],
          disks: [at('root.ext4'), at('data.ext4')],
        },
        { timeLimitMs: 2 * BOOT_MS, ...(append !== '' && { append }) },
      );
      return login(running);
    },
    async clear() {
      await running?.kill();
      forget();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Puts a file into an ext4 image that nobody has mounted. */
const into = (image: string, from: string, path: string): Promise<string> =>
  run('debugfs', ['-w', '-R', `write ${from} ${path}`, image]);

/** Reads the initramfs out of the image, as a boot loader does. */
async function initramfsOf(image: string, to: string): Promise<void> {
  const names = await run('debugfs', ['-R', 'ls -p /boot', image]);
  const [name] = [...names.matchAll(/\/(initrd\.img-[^/]+)\/\d+\/$/gm)]
    .map(([, each]) => each!)
    .filter((each) => !/\.(?:before-mountroot|dpkg-bak)$/.test(each));
  if (name === undefined) throw new Error(`there is no initramfs in ${image}: ${names}`);
  rmSync(to, { force: true });
  await run('debugfs', ['-R', `dump /boot/${name} ${to}`, image]);
}
