/**
 * `npm run image [-- --fresh]`: build/<board>/ with kernel, device tree, root file system, flash
 * images and a manifest of all that went in.
 */
import { loadBoard } from './lib/board.js';
import { contentsTable } from './lib/contents.js';
import { buildImage } from './lib/image.js';
import { main, say } from './lib/report.js';

await main(async () => {
  const { folder, contents, packed } = await buildImage(loadBoard(), {
    fresh: process.argv.includes('--fresh'),
  });
  process.stdout.write(`${contentsTable(contents, packed)}\n`);
  say(`image: ${folder}`);
});
