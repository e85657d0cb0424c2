/**
 * `npm run build`: makes dist/mountroot.cjs, and beside it the native parts for this machine and
 * for the board.
 */
import { buildAgent } from './agent/agent.js';
import { main, say } from './lib/report.js';

await main(async () => {
  say(`built ${await buildAgent(process.argv.includes('--host') ? ['host'] : ['host', 'arm'])}`);
});
