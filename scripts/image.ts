/** `npm run image [-- --fresh]`: build/<board>/ with kernel, device tree, root file system, flash images and a manifest of all that went in. */
import { loadBoard } from './lib/board.js';
import { buildImage } from './lib/image.js';
import { main, say } from './lib/report.js';

await main(async () => {
  const { folder } = await buildImage(loadBoard(), { fresh: process.argv.includes('--fresh') });
  say(`image: ${folder}`);
});
