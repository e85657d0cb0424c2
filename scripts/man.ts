/**
 * `npx tsx scripts/man.ts [FILE]`: makes mountroot(8) from the verb table. Without FILE it writes
 * to the standard output.
 */
import { writeFileSync } from 'node:fs';
import { manPage } from './agent/man-page.js';
import { own } from './lib/npm.js';
import { main } from './lib/report.js';

await main(() => {
  const page = manPage(own.version, new Date().toISOString().slice(0, 10));
  const file = process.argv[2];
  if (file === undefined) process.stdout.write(page);
  else writeFileSync(file, page);
});
