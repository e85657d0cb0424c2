import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Machine } from '../emulator/machine.js';
import { bundleHeap } from './bundle-heap.js';
import { loadBoard, type Board } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { emptyData, systemChips } from '../image/chips.js';
import { withoutCodeCache } from './heap-file.js';
import {
  HEAP_FILE,
  HEAP_OPTIONS,
  HOME,
  NODE,
  NO_WASM,
  NO_WASM_OPTION,
  REPORTS_HEAP,
} from '../../src/facts/installation.js';
import { buildKernel } from '../image/kernel.js';
import { Failure, checkout, lastLines, say } from '../lib/report.js';
import { squash } from '../image/squash.js';

type Heaps = Record<typeof HEAP_FILE | typeof REPORTS_HEAP, Buffer>;

/** Node's additional options for writing a heap. */
const WRITING = ['--no-warnings', '--expose-internals'];

/** The size of the disk that the heaps are written to; they have some 15 MB. */
const DISK = 32 << 20;

/**
 * The script that writes the heaps. The build calls it, and packages contain it for boards with
 * another Node.
 */
export const KEEP_HEAP = `#!/bin/sh
# keep-heap [FILE]: has this board's Node write the heaps from which boots (FILE) and reports
# (${REPORTS_HEAP} beside it) start, so that they need not compile the agent. Call it again after an
# upgrade of Node or of the agent; until then boots and reports work, but are slower.
set -e
to=\${1:-${HOME}/${HEAP_FILE}}
case $to in */*) folder=\${to%/*} ;; *) folder=. ;; esac
reports=$folder/${REPORTS_HEAP}
# In a folder that only we may enter, nobody can have put a link where Node writes.
work=$folder/.keep-heap.$$
mkdir -m 0700 "$work"
trap 'rm -rf "$work"' EXIT
keep() {
  ${NODE} ${[...HEAP_OPTIONS, ...WRITING].join(' ')} \\
    --snapshot-blob "$work/heap" --build-snapshot "${HOME}/$1"
  mv -f "$work/heap" "$2"
}
keep heap.js "$to"
keep reports-heap.js "$reports"
# The launcher gives Node this option, if Node takes it: without it some warn in each run.
rm -f "$folder/${NO_WASM}"
if ${NODE} ${NO_WASM_OPTION} -e 0 >"$work/said" 2>&1; then
  mv -f "$work/said" "$folder/${NO_WASM}"
fi
`;

/**
 * PID 1 of the boot that writes the heaps. It starts the board first, so that there is something to
 * report.
 */
const WRITER = `#!/bin/sh
export PATH=/usr/bin
mount -n -t proc proc /proc
mount -n -t sysfs sysfs /sys
mount -n -t tmpfs -o mode=1777 tmpfs /tmp
cd /
PREINIT=1 mount_root start >/dev/console 2>&1 </dev/null
cd /
mount_root done >/dev/console 2>&1 </dev/null
mkdir /tmp/heaps
sh ${HOME}/keep-heap /tmp/heaps/${HEAP_FILE} >/dev/console 2>&1
echo "heap: $? $(wc -c </tmp/heaps/${HEAP_FILE}) $(wc -c </tmp/heaps/${REPORTS_HEAP})" >/dev/console
cat /tmp/heaps/${HEAP_FILE} /tmp/heaps/${REPORTS_HEAP} >/dev/vda
sync
poweroff -f
`;

/** Boots the board with a tree, so that it writes the heaps. Returns them. */
async function write(board: Board, tree: string, script: string, work: string): Promise<Heaps> {
  const kernel = await buildKernel(board);
  const zImage = join(kernel, 'zImage');
  const whole = join(work, 'tree');
  cpSync(tree, whole, { recursive: true, verbatimSymlinks: true });
  cpSync(script, join(whole, HOME), { recursive: true });
  writeFileSync(join(whole, HOME, 'keep-heap'), KEEP_HEAP);
  writeFileSync(join(whole, 'usr/bin/write-heap'), WRITER);
  chmodSync(join(whole, 'usr/bin/write-heap'), 0o755);
  const rootfs = join(work, 'rootfs.squashfs');
  await squash(board, whole, rootfs);
  const flash = board.flash.chips.map((_, index) => join(work, `flash${index}.img`));
  [...systemChips(board, zImage, rootfs), emptyData(board)].forEach((chip, index) =>
    writeFileSync(flash[index]!, chip),
  );
  const disk = join(work, 'disk.img');
  writeFileSync(disk, Buffer.alloc(DISK));
  // QEMU counts instructions, so the same tree gives the same heap on any machine.
  const machine = await Machine.start(
    board,
    { zImage, deviceTree: join(kernel, 'board.dtb'), flash },
    { icount: true, append: 'init=/usr/bin/write-heap', disks: [disk], timeLimitMs: 600_000 },
  );
  await machine.ended;
  const [, status, boot, reports] = /^heap: (\d+) (\d+) (\d+)\r?$/m.exec(machine.console) ?? [];
  if (status !== '0')
    throw new Failure(
      "the board's Node did not write the agent's heaps; the console's last lines were:\n" +
        lastLines(machine.console, 20),
    );
  const written = readFileSync(disk);
  const end = Number(boot) + Number(reports);
  return {
    [HEAP_FILE]: written.subarray(0, Number(boot)),
    [REPORTS_HEAP]: written.subarray(Number(boot), end),
  };
}

/**
 * Makes the agent's heaps for a board with this root file system. The board whose files it shares
 * writes them: both have the same Node, and a heap contains no machine code. Returns the files, or
 * none if that board cannot boot from flash without a boot loader. Then the agent starts from its
 * file.
 */
export async function buildHeaps({ files }: Board, tree: string): Promise<string[]> {
  const board = loadBoard(files);
  if (board.flash.chips.length === 0 || board.firmware !== null) {
    say(
      `heap: ${board.name} has no flash that it boots from without a boot loader, so there ` +
        'is nowhere to write it',
    );
    return [];
  }
  const script = join(checkout, 'build', `heap-${process.pid}`);
  try {
    await bundleHeap(script);
    const inputs = {
      tree: basename(dirname(tree)),
      kernel: basename(await buildKernel(board)),
      script: digest(script),
      options: [KEEP_HEAP, WRITER],
      how: digest(
        join(checkout, 'scripts/agent/heap.ts'),
        join(checkout, 'scripts/agent/heap-file.ts'),
      ),
    };
    const folder = await cached('heap', inputs, async (made) => {
      say('heap: the board writes down the heaps that boots and reports go on with');
      const work = join(made, 'work');
      mkdirSync(work, { recursive: true });
      for (const [name, blob] of Object.entries(await write(board, tree, script, work))) {
        const less = withoutCodeCache(blob);
        if (less === null) say(`heap: ${name} is not what is known of Node; it is used as it is`);
        writeFileSync(join(made, name), less ?? blob);
      }
      rmSync(work, { recursive: true });
    });
    return [HEAP_FILE, REPORTS_HEAP].map((name) => join(folder, name));
  } finally {
    rmSync(script, { recursive: true, force: true });
  }
}
