import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import { UsageError } from '../usage-error.js';

/** Asks whoever sits there. Nobody there is no consent. */
async function consent(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      'reset asks before it orders anything, and nobody is there to answer; add --yes',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(
      (
        await terminal.question('This removes all settings, except for what is kept. Go on? [y/N] ')
      ).trim(),
    );
  } finally {
    terminal.close();
  }
}

/** `reset`: asks, orders it, and reboots where that was asked for. */
export async function reset(
  { yes, reboot }: { yes: boolean; reboot: boolean },
  order: () => Promise<number>,
  log: Log,
): Promise<number> {
  if (!yes && !(await consent())) {
    log.info('nothing was reset');
    return EXIT.done;
  }
  const status = await order();
  if (!reboot || (status !== EXIT.done && status !== EXIT.degraded)) return status;
  const program = spawn('reboot', [], { stdio: 'inherit' });
  const [code] = (await once(program, 'exit').catch((error: Error) => [error.message])) as [
    number | string,
  ];
  if (code === 0) return EXIT.done;
  log.error(
    `the reset is ordered, but \`reboot\` failed (${code}); reboot the board by other means to have it carried out`,
  );
  return EXIT.failed;
}
