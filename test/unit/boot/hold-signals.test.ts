import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';

const MODULE = new URL('../../../src/boot/hold-signals.ts', import.meta.url).href;
const PROGRAM = `
import { holdSignals } from ${JSON.stringify(MODULE)};
const at = holdSignals();
console.log('at work', await at.told());
for (const end = Date.now() + 800; Date.now() < end; );
console.log('ended', await at.told());
at.end();
`;

t.test('a signal during a plan does not end the plan, and is known at its end', async (t) => {
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') child.kill('SIGTERM');
    said += text;
  });
  t.same(await once(child, 'exit'), [0, null]);
  t.equal(said, 'at work null\nended SIGTERM\n');
});
