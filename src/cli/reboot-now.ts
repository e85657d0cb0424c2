import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Log } from '../log/log.js';
import { EXIT } from '../plan/plan.js';

/** Reboots the board after a reset was ordered. Returns the exit status. */
export async function rebootNow(log: Log): Promise<number> {
  const program = spawn('reboot', [], { stdio: 'inherit' });
  const [code] = (await once(program, 'exit').catch((error: Error) => [error.message])) as [
    number | string,
  ];
  if (code === 0) return EXIT.done;
  log.error(
    `the reset is ordered, but \`reboot\` failed (${code}); ` +
      'reboot the board by other means to have it carried out',
  );
  return EXIT.failed;
}
