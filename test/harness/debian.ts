/** A whole Debian on the bench, with disks of its own, and the initramfs that they hold. */
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgent } from '../../scripts/agent/agent.js';
import { buildNative } from '../../scripts/agent/native.js';
import { cleanBeforeEnd } from '../../scripts/emulator/guard.js';
import { Machine } from '../../scripts/emulator/machine.js';
import { debianImage, type InitramfsMaker } from '../../scripts/image/debian.js';
import { boardFolder, loadBoard, type Board } from '../../scripts/lib/board.js';
import { uninstalledProgram } from '../../scripts/image/packages.js';
import { cached, digest } from '../../scripts/lib/cache.js';
import { run } from '../../scripts/lib/run.js';
import { makePackages, targetOf } from '../../scripts/package/build-packages.js';

const USUAL = 'debian-virt';
const DRACUT_CONF = join(boardFolder(USUAL), 'dracut.conf');
const DATA_BYTES = '128M';
/** Under emulation systemd needs a minute, and more on a machine that does other things too. */
const BOOT_MS = 1_800_000;
const EPOCH = 1_790_000_000;

/** How a command ended, and what it printed. */
interface Said {
  status: number;
  output: string;
}

/** A running Debian with root at its console. */
export interface Debian {
  console(): string;
  /** Runs a command in the shell at the console. */
  run(command: string): Promise<Said>;
  /** Types a line, and waits for nothing. */
  type(line: string): void;
  /** Waits until the console shows something. */
  waitFor(pattern: RegExp): Promise<unknown>;
  /** Pulls the plug. */
  cut(): Promise<void>;
  /** Lets systemd switch it off. Returns QEMU's reason for its end. */
  powerOff(): Promise<string | undefined>;
}

/** The machine, and its disks. They may be changed only while it is off. */
interface Disks {
  board: Board;
  kernel: string;
  root: string;
  data: string;
  /** An image for /dev/vdc, if there is one. */
  third?: string;
}

export interface DebianBench {
  disks: Disks;
  /** Boots it with the initramfs that its /boot has, and logs in when systemd has started all. */
  boot(append?: string): Promise<Debian>;
  /** Switches it on. Nobody is logged in then. */
  start(append?: string): Promise<Debian>;
  clear(): Promise<void>;
}

function shell(machine: Machine): Debian {
  let number = 0;
  return {
    console: () => machine.console,
    async run(command) {
      number++;
      // The quotes keep the echo of the command from looking like its result.
      machine.type(`echo "B""EGIN ${number}"; ${command}; echo "E""ND ${number} $?"\n`);
      const [, output, status] = await machine.waitFor(
        new RegExp(`BEGIN ${number}\\r?\\n([^]*?)END ${number} (\\d+)`),
        BOOT_MS,
      );
      return { status: Number(status), output: output!.replaceAll('\r', '') };
    },
    type: (line) => machine.type(`${line}\n`),
    waitFor: (pattern) => machine.waitFor(pattern, BOOT_MS),
    async cut() {
      await machine.kill();
    },
    async powerOff() {
      machine.type('systemctl poweroff\n');
      return (await machine.ended).reason;
    },
  };
}

/** Uses the console's shell once systemd has started all. */
async function login(debian: Debian): Promise<void> {
  await debian.waitFor(/root@debian:~# /);
  debian.type('stty -echo; export TERM=dumb; PS1=; dmesg -n 1');
  await debian.run('systemctl is-system-running --wait');
}

async function benchOf({ board, kernel, root, data }: Omit<Disks, 'third'>): Promise<DebianBench> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-debian-'));
  const forget = cleanBeforeEnd(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const disks: Disks = { board, kernel, root: at('root.ext4'), data: at('data.ext4') };
  await run('cp', ['--reflink=auto', '--sparse=always', root, disks.root]);
  await run('cp', ['--reflink=auto', '--sparse=always', data, disks.data]);
  let running: Machine | null = null;
  const start: DebianBench['start'] = async (append = '') => {
    const ramdisk = at('initrd.img');
    await initramfsOf(disks.root, ramdisk);
    running = await Machine.start(
      board,
      {
        zImage: kernel,
        deviceTree: null,
        ramdisk,
        flash: [],
        disks: [disks.root, disks.data, ...(disks.third === undefined ? [] : [disks.third])],
      },
      { timeLimitMs: 2 * BOOT_MS, ...(append !== '' && { append }) },
    );
    return shell(running);
  };
  return {
    disks,
    start,
    async boot(append) {
      const debian = await start(append);
      await login(debian);
      return debian;
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

async function initramfsIn(image: string): Promise<string> {
  const names = await run('debugfs', ['-R', 'ls -p /boot', image]);
  const [name] = [...names.matchAll(/\/(initrd\.img-[^/]+)\/\d+\/$/gm)]
    .map(([, each]) => each!)
    .filter((each) => !/\.(?:before-mountroot|dpkg-bak|new)$/.test(each));
  if (name === undefined) throw new Error(`there is no initramfs in ${image}: ${names}`);
  return name;
}

/**
 * Writes what only the journal of an ext4 has after a cut. Status 1 is that of a change. A boot
 * loader that leaves that out may find no file at all, whoever was changing /boot.
 */
const replayJournal = (image: string): Promise<string> =>
  run('sh', ['-c', 'e2fsck -p -E journal_only "$0"; [ $? -le 1 ]', image]);

/** Reads the initramfs out of the image, as a boot loader does. */
async function initramfsOf(image: string, to: string): Promise<void> {
  rmSync(to, { force: true });
  await replayJournal(image);
  await run('debugfs', ['-R', `dump /boot/${await initramfsIn(image)} ${to}`, image]);
}

/** What a user's first commands on a plain Debian said. */
type FirstCommands = Record<
  'root' | 'install' | 'failed' | 'refused' | 'unchanged' | 'enable' | 'off',
  Said
>;

const COMMANDS: Record<Exclude<keyof FirstCommands, 'off'>, string> = {
  root: 'findmnt -n -o FSTYPE /',
  install:
    'apt-get install -y /root/mountroot.deb 2>&1 | tail -n 20; dpkg -s mountroot | grep ^Status',
  failed: 'systemctl --failed --plain --no-legend',
  refused: 'mountroot enable --volume LABEL=nowhere 2>&1',
  unchanged: 'test -e /etc/mountroot.enabled',
  enable: 'mountroot enable --volume LABEL=data 2>&1',
};

interface EnabledDebian extends DebianBench {
  said: FirstCommands;
  /** Puts the initramfs back into /boot that was there before mountroot was installed. */
  withoutPart: () => Promise<void>;
}

/**
 * A Debian on which mountroot was installed and enabled by a user's commands. It takes some
 * minutes, so it is kept, together with what the commands said.
 */
export async function enabledDebian({
  maker = 'initramfs-tools',
  boardName = USUAL,
}: { maker?: InitramfsMaker; boardName?: string } = {}): Promise<EnabledDebian> {
  const board = loadBoard(boardName);
  const image = await debianImage(board, maker);
  const work = mkdtempSync(join(tmpdir(), 'mountroot-debian-'));
  try {
    const bundle = await buildAgent(['host', 'arm']);
    const target = targetOf(board.rootfs.architecture);
    const natives = { [target]: await buildNative(target) };
    const [deb] = await makePackages({ bundle, natives, to: work, epoch: EPOCH });
    const files = [deb!, ...(maker === 'dracut' ? [DRACUT_CONF] : [])];
    const inputs = { image: image.root, files: digest(...files), commands: COMMANDS };
    const folder = await cached('debian-enabled', inputs, async (made) => {
      const data = join(work, 'data.ext4');
      await run('mke2fs', ['-q', '-t', 'ext4', '-L', 'data', data, DATA_BYTES]);
      const bench = await benchOf({ board, kernel: image.kernel, root: image.root, data });
      try {
        await into(bench.disks.root, deb!, '/root/mountroot.deb');
        if (maker === 'dracut')
          await into(bench.disks.root, DRACUT_CONF, '/etc/dracut.conf.d/board.conf');
        const debian = await bench.boot();
        const said: Record<string, Said> = {};
        for (const [name, command] of Object.entries(COMMANDS))
          said[name] = await debian.run(command);
        said['off'] = { status: 0, output: (await debian.powerOff()) ?? '' };
        writeFileSync(join(made, 'said.json'), JSON.stringify(said, null, 2));
        for (const name of ['root', 'data'] as const)
          copyFileSync(bench.disks[name], join(made, `${name}.ext4`));
      } finally {
        await bench.clear();
      }
    });
    const bench = await benchOf({
      board,
      kernel: image.kernel,
      root: join(folder, 'root.ext4'),
      data: join(folder, 'data.ext4'),
    });
    const said = JSON.parse(readFileSync(join(folder, 'said.json'), 'utf8')) as FirstCommands;
    const withoutPart = async (): Promise<void> => {
      const path = `/boot/${await initramfsIn(bench.disks.root)}`;
      await run('debugfs', ['-w', '-R', `rm ${path}`, bench.disks.root]);
      await into(bench.disks.root, image.initrd, path);
    };
    return { ...bench, said, withoutPart };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Whether the journal of an ext4 has to be replayed. */
export async function needsRecovery(image: string): Promise<boolean> {
  return (await run('dumpe2fs', ['-h', image])).includes('needs_recovery');
}

/** Makes a boot partition like that of a Raspberry Pi, which every computer can write. */
export async function makeFat(image: string, label: string): Promise<void> {
  const make = await uninstalledProgram('dosfstools', 'sbin/mkfs.fat');
  writeFileSync(image, '');
  truncateSync(image, 32 << 20);
  await run(make, ['-n', label, image]);
}
