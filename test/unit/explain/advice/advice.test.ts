import t from 'tap';
import { explain } from '../../../../src/explain/explanation.js';
import { NOTHING, consoleLog } from '../../../fixtures/explained.js';

t.test('the exit code of process 1 gives the cause of its end', async (t) => {
  const lines = [
    'Linux version 6.1.0',
    'Kernel command line: root=/dev/sda1',
    'Run /sbin/init as init process',
    'Kernel panic - not syncing: Attempted to kill init! exitcode=',
  ];
  const cause = (code: string): string | undefined =>
    explain({ ...NOTHING, log: consoleLog(lines.join('\n') + code) }).advice?.cause;
  t.match(cause('0x00007f00'), /library is missing/);
  t.match(cause('0x00000004'), /instruction that this processor does not have/);
  t.match(cause('0x0000000b'), /signal 11/);
  t.match(cause('0x00000100'), /status 1/);
});
