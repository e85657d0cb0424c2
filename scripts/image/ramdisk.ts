import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildAgent } from '../agent/agent.js';
import type { Board } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { HEAP_FILE, HOME, REPORTS_HEAP } from '../../src/facts/installation.js';
import { checkout, say } from '../lib/report.js';
import { run } from '../lib/run.js';

/**
 * The devices for a program's standard descriptors before anything is mounted, in the notation of
 * `ramdisk pack --table`.
 */
const CONSOLE = '/dev d 755 0 0 - - - - -\n/dev/console c 600 0 0 5 1 - - -\n';

/** Packs a tree with the agent's own `ramdisk pack`, as a user does. */
async function pack(tree: string, output: string, options: readonly string[] = []): Promise<void> {
  const table = `${output}.table`;
  writeFileSync(table, CONSOLE);
  await run(
    process.execPath,
    [
      await buildAgent(['host', 'arm']),
      'ramdisk',
      'pack',
      tree,
      '-o',
      output,
      '--table',
      table,
      '--owner',
      '0:0',
      '--time',
      '0',
      ...options,
    ],
    { label: 'ramdisk: packing' },
  );
  rmSync(table);
}

/**
 * Makes a ramdisk with mountroot as /init, and returns the file. The ramdisk has everything of a
 * board's root file system, and goes on to the root that root= names.
 * @param stage the root file system as a tree, see stageRootfs.
 * @param init a script to use as /init instead of mountroot.
 */
export async function packRamdisk(
  board: Board,
  stage: string,
  init: string | null = null,
): Promise<string> {
  const inputs = {
    stage: basename(dirname(stage)),
    init,
    script: digest(join(checkout, 'scripts/image/ramdisk.ts')),
  };
  const folder = await cached('ramdisk', inputs, async (made) => {
    say(`ramdisk: packing ${board.name}'s`);
    const tree = join(made, 'tree');
    mkdirSync(made, { recursive: true });
    cpSync(stage, tree, { recursive: true, verbatimSymlinks: true });
    // Process 1 does not use a heap, and a ramdisk takes memory, so we leave the heaps out.
    for (const heap of [HEAP_FILE, REPORTS_HEAP]) rmSync(join(tree, HOME, heap), { force: true });
    if (init === null) symlinkSync('usr/bin/mountroot', join(tree, 'init'));
    else writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
    await pack(tree, join(made, 'ramdisk.img'), ['--compress', 'gzip']);
    rmSync(tree, { recursive: true });
  });
  return join(folder, 'ramdisk.img');
}
