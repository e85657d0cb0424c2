import { rmSync } from 'node:fs';
import type { Board } from '../lib/board.js';
import { HEAP_FILE } from '../../src/facts/installation.js';
import { run } from '../lib/run.js';

/**
 * Packs a tree as the board's read-only root. The same tree gives the same bytes: owners are root,
 * times are zero. The two device nodes are for a shell that runs before devtmpfs is mounted; with
 * an entry here, packing needs no root privileges. LZ4's slow compressor packs better and unpacks
 * at the same cost. The agent's heap stays uncompressed, because every boot reads all of it: 1.4
 * MiB more flash save 17 ms of a cold start.
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
      // mksquashfs refuses its own time options when this variable is set.
      env: { SOURCE_DATE_EPOCH: undefined },
    },
  );
}
