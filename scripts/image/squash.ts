import { rmSync } from 'node:fs';
import type { Board } from '../lib/board.js';
import { HEAP_FILE } from '../../src/facts/installation.js';
import { run } from '../lib/run.js';

/**
 * Packs a tree as the board's read-only root. The same tree gives the same bytes: owners are root,
 * times are zero. The two device nodes are what a shell needs before devtmpfs is mounted; listing
 * them here spares being root. LZ4's slow compressor packs better for the same unpacking. The
 * agent's heap, which every boot reads from one end to the other, is left as it is: 17 ms of a cold
 * start for 1.4 MiB.
 */
export async function squash(board: Board, tree: string, output: string): Promise<void> {
  const nodes = ['dev/console c 600 0 0 5 1', 'dev/null c 666 0 0 1 3'].flatMap((node) => [
    '-p',
    node,
  ]);
  rmSync(output, { force: true });
  await run(
    'mksquashfs',
    [
      tree,
      output,
      '-noappend',
      '-no-progress',
      '-all-root',
      '-all-time',
      '0',
      '-mkfs-time',
      '0',
      '-b',
      board.rootfs.blockSize,
      '-comp',
      board.rootfs.compression,
      ...(board.rootfs.compression === 'lz4' ? ['-Xhc'] : []),
      '-action',
      `uncompressed@name(${HEAP_FILE})`,
      ...nodes,
    ],
    {
      label: 'rootfs: packing',
      // mksquashfs refuses its own time options when this is set.
      env: { SOURCE_DATE_EPOCH: undefined },
    },
  );
}
