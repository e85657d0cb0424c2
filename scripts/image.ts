/**
 * `npm run image [-- --fresh]`: makes build/<board>/ with kernel, device tree, root file system,
 * flash images, and a manifest of all inputs.
 */
import { loadBoard } from './lib/board.js';
import { contentsTable } from './image/contents.js';
import { buildImage } from './image/build-image.js';
import { main, say } from './lib/report.js';

await main(async () => {
  const { folder, contents, packed } = await buildImage(loadBoard(), {
    fresh: process.argv.includes('--fresh'),
  });
  process.stdout.write(`${contentsTable(contents, packed)}\n`);
  say(`image: ${folder}`);
});
