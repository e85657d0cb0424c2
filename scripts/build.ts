/**
 * `npm run build`: makes dist/mountroot.cjs, and beside it the native parts for this machine and
 * for boards.
 */
import { buildAgent } from './agent/agent.js';
import { main, say } from './lib/report.js';

await main(async () => {
  const only = process.argv.includes('--host');
  say(`built ${await buildAgent(only ? ['host'] : ['host', 'arm', 'arm64'])}`);
});
