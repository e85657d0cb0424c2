import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Machine } from '../emulator/machine.js';
import { bundleHeap } from './bundle-heap.js';
import { loadBoard, type Board } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { emptyData, systemChips } from '../image/chips.js';
import { withoutCodeCache } from './heap-file.js';
import { HEAP_FILE, HEAP_OPTIONS, HOME, NODE } from '../../src/facts/installation.js';
import { buildKernel } from '../image/kernel.js';
import { Failure, checkout, lastLines, say } from '../lib/report.js';
import { squash } from '../image/squash.js';

/** Node's additional options for writing a heap. */
export const WRITING = ['--no-warnings', '--expose-internals'];

/** The size of the disk that the heap is written to; a heap has some 6 MB. */
const DISK = 16 << 20;

/**
 * The script that writes the heap. The build calls it, and packages contain it for boards with
 * another Node.
 */
export const KEEP_HEAP = `#!/bin/sh
# keep-heap [FILE]: has this board's Node write the heap from which boots start, so that they need
# not compile the agent. Call it again after an upgrade of Node or of the agent; until then boots
# work, but are slower.
set -e
to=\${1:-${HOME}/${HEAP_FILE}}
${NODE} ${[...HEAP_OPTIONS, ...WRITING].join(' ')} \\
  --snapshot-blob "$to.next" --build-snapshot ${HOME}/heap.js
mv -f "$to.next" "$to"
`;

/** PID 1 of the boot that writes the heap. */
const WRITER = `#!/bin/sh
export PATH=/usr/bin
mount -n -t proc proc /proc
mount -n -t sysfs sysfs /sys
mount -n -t tmpfs tmpfs /tmp
cd /
sh ${HOME}/keep-heap /tmp/heap >/dev/console 2>&1
echo "heap: $? $(wc -c </tmp/heap)" >/dev/console
cat /tmp/heap >/dev/vda
sync
poweroff -f
`;

/** Boots the board with a tree, so that it writes the heap. Returns the heap. */
async function write(board: Board, tree: string, script: string, work: string): Promise<Buffer> {
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
  const [, status, size] = /^heap: (\d+) (\d+)\r?$/m.exec(machine.console) ?? [];
  if (status !== '0')
    throw new Failure(
      "the board's Node did not write the agent's heap; the console's last lines were:\n" +
        lastLines(machine.console, 20),
    );
  return readFileSync(disk).subarray(0, Number(size));
}

/**
 * Makes the agent's heap for a board with this root file system. The board whose files it shares
 * writes it: both have the same Node, and a heap contains no machine code. Returns the file, or
 * null if that board cannot boot from flash without a boot loader. Then the agent starts from its
 * file.
 */
export async function buildHeap({ files }: Board, tree: string): Promise<string | null> {
  const board = loadBoard(files);
  if (board.flash.chips.length === 0 || board.firmware !== null) {
    say(
      `heap: ${board.name} has no flash that it boots from without a boot loader, so there ` +
        'is nowhere to write it',
    );
    return null;
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
      say('heap: the board writes down the heap that boots go on with');
      const work = join(made, 'work');
      mkdirSync(work, { recursive: true });
      const blob = await write(board, tree, script, work);
      const less = withoutCodeCache(blob);
      if (less === null) say('heap: its file is not what is known of Node; it is used as it is');
      writeFileSync(join(made, HEAP_FILE), less ?? blob);
      rmSync(work, { recursive: true });
    });
    return join(folder, HEAP_FILE);
  } finally {
    rmSync(script, { recursive: true, force: true });
  }
}
