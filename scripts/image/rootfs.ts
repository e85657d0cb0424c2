/** Makes the root file system: it combines the system, the agent and its heaps, and packs them. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FIRST_SCRIPT } from '../../src/facts/places.js';
import { NATIVE_PARTS, buildAgent } from '../agent/agent.js';
import { forBoard, filesBeside } from '../agent/bundle.js';
import { buildHeaps } from '../agent/heap.js';
import { buildLauncher } from '../agent/launcher.js';
import { HOME, OTHER_NAMES } from '../../src/facts/installation.js';
import { buildNative } from '../agent/native.js';
import { startScript } from '../agent/start-script.js';
import type { Board } from '../lib/board.js';
import { cached, digest } from '../lib/cache.js';
import { onceEach } from '../lib/once-each.js';
import { checkout, say } from '../lib/report.js';
import { contentsOf } from './contents.js';
import { squash } from './squash.js';
import { place, stageSystem } from './system.js';

/**
 * Sets the board's permissions, independent of the umask of the checkout and of this process:
 * everybody may read, and may execute what the owner may execute.
 */
function normalise(tree: string): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
  chmodSync(tree, 0o755);
}

/** Installs the agent as `mountroot`, and under OpenWrt's names. */
async function installAgent(tree: string): Promise<void> {
  const home = join(tree, HOME);
  const native = join(home, 'native/linux-arm');
  mkdirSync(native, { recursive: true });
  const agent = await buildAgent(['host', 'arm']);
  for (const file of filesBeside(agent)) place(file, join(home, basename(file)));
  writeFileSync(join(home, basename(agent)), forBoard(readFileSync(agent)), { mode: 0o755 });
  const parts = await buildNative('arm');
  for (const part of NATIVE_PARTS) place(join(parts, part), join(native, part));
  place(await buildLauncher('arm'), join(home, 'launch'));
  symlinkSync('../lib/mountroot/launch', join(tree, 'usr/bin/mountroot'));
  for (const name of OTHER_NAMES) symlinkSync('mountroot', join(tree, 'usr/bin', name));
}

/** Makes the root file system without the agent's heaps. */
async function stageBare(board: Board): Promise<string> {
  const system = await stageSystem(board);
  const script = startScript(board, join(system, 'tree'));
  const bundle = await buildAgent(['host', 'arm']);
  const inputs = {
    system: basename(system),
    bundle: digest(bundle, ...filesBeside(bundle)),
    native: basename(await buildNative('arm')),
    launcher: digest(await buildLauncher('arm')),
    script,
  };
  const folder = await cached('rootfs-bare', inputs, async (made) => {
    const tree = join(made, 'tree');
    cpSync(join(system, 'tree'), tree, { recursive: true, verbatimSymlinks: true });
    await installAgent(tree);
    if (script !== null) writeFileSync(join(tree, FIRST_SCRIPT), script, { mode: 0o755 });
    normalise(tree);
  });
  return join(folder, 'tree');
}

async function stageWhole(board: Board): Promise<string> {
  const bare = await stageBare(board);
  const heaps = await buildHeaps(board, bare);
  if (heaps.length === 0) return bare;
  const folder = await cached(
    'rootfs',
    { bare: basename(dirname(bare)), heap: digest(...heaps) },
    (made) => {
      cpSync(bare, join(made, 'tree'), { recursive: true, verbatimSymlinks: true });
      for (const heap of heaps) cpSync(heap, join(made, 'tree', HOME, basename(heap)));
    },
  );
  return join(folder, 'tree');
}

/**
 * Returns the whole root file system as a tree of files. Do not change it, because others use it
 * too. The sources are bundled once in a process: it takes two seconds, and a test asks for each of
 * its boards.
 */
export const stageRootfs = onceEach(stageWhole);

/**
 * Packs a tree of stageRootfs() and returns the cached file. contents.json (see contents.ts) is
 * beside it.
 */
export async function packRootfs(board: Board, tree: string): Promise<string> {
  const folder = await cached(
    'squashfs',
    {
      tree: basename(dirname(tree)),
      compression: board.rootfs.compression,
      blockSize: board.rootfs.blockSize,
      script: digest(
        ...['squash', 'contents'].map((name) => join(checkout, `scripts/image/${name}.ts`)),
      ),
    },
    async (made) => {
      say(`rootfs: packing ${board.name}'s root file system (${board.rootfs.compression})`);
      await squash(board, tree, join(made, 'rootfs.squashfs'));
      const contents = await contentsOf(board, tree, join(made, 'work'), (part, output) =>
        squash(board, part, output),
      );
      writeFileSync(join(made, 'contents.json'), JSON.stringify(contents));
    },
  );
  return join(folder, 'rootfs.squashfs');
}
