/**
 * `npx tsx scripts/man.ts [FILE]`: mountroot(8), made from what the built agent says of itself;
 * without FILE to the standard output.
 */
import { writeFileSync } from 'node:fs';
import { buildBundle } from './agent/bundle.js';
import { definitionsOf } from './agent/read-definitions.js';
import { manPage } from './agent/man-page.js';
import { main } from './lib/report.js';

await main(async () => {
  const page = manPage(
    await definitionsOf(await buildBundle()),
    new Date().toISOString().slice(0, 10),
  );
  const file = process.argv[2];
  if (file === undefined) process.stdout.write(page);
  else writeFileSync(file, page);
});
