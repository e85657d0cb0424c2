import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cached, digest } from '../../scripts/lib/cache.js';
import { checkout } from '../../scripts/lib/report.js';
import { stageRootfs } from '../../scripts/image/rootfs.js';
import { copyPrograms } from '../../scripts/image/system.js';
import { squash } from '../../scripts/image/squash.js';
import { board } from './board.js';

/** Programs to put into the root file system, by path. null removes the file. */
export type Scripts = Record<string, string | Buffer | null>;

/**
 * Makes a packed root file system with the given scripts and without Node, which makes it small and
 * packing quick. The cache keeps it by its inputs.
 */
export const rootfsWithoutNode = (scripts: Scripts): Promise<string> => variant(scripts, false);

/** Makes the same variant with Node and the agent. Packing takes longer. */
export const rootfsWith = (scripts: Scripts): Promise<string> => variant(scripts, true);

async function variant(scripts: Scripts, node: boolean): Promise<string> {
  const stage = await stageRootfs(board);
  const inputs = {
    stage: basename(dirname(stage)),
    scripts,
    node,
    code: digest(join(checkout, 'test/harness/rootfs-variant.ts')),
  };
  const folder = await cached('variant', inputs, async (made) => {
    const tree = join(made, 'tree');
    const left = ['usr/bin/node', 'usr/lib/arm-linux-gnueabihf', 'usr/share/nodejs'].map((path) =>
      join(stage, path),
    );
    cpSync(stage, tree, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => node || !left.includes(path),
    });
    if (!node) copyPrograms(stage, tree, ['usr/bin/busybox']);
    for (const [path, content] of Object.entries(scripts)) {
      rmSync(join(tree, path), { force: true, recursive: true });
      if (content === null) continue;
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
      chmodSync(join(tree, path), 0o755);
    }
    await squash(board, tree, join(made, 'rootfs.squashfs'));
    rmSync(tree, { recursive: true });
  });
  return join(folder, 'rootfs.squashfs');
}
