import type { Handover } from '../facts/facts.js';
import type { Log } from '../log/log.js';
import type { System } from '../system/port.js';

/**
 * Process 1 becomes init: it runs the first program of the root that execve(2) accepts. On a board
 * it does not return then; in a model of the kernel it returns true. It returns false when no
 * program can be run. This process then ends, and the kernel panics and does what `panic=` on its
 * command line says.
 */
export function becomeInit(
  system: System,
  { programs, args }: Handover,
  env: Record<string, string | undefined>,
  log: Log,
): boolean {
  // Programs that look runnable go first. Trying the others after them can do no harm.
  const order = [
    ...programs.filter(({ trouble }) => trouble === null),
    ...programs.filter(({ trouble }) => trouble !== null),
  ];
  for (const { path, trouble } of programs)
    if (trouble !== null && path === programs[0]?.path)
      log.error(`${trouble}; trying the next init`);
  for (const { path } of order) {
    log.info(`becoming ${[path, ...args].join(' ')}`);
    try {
      system.execve(path, args, env);
      return true;
    } catch (error) {
      log.error((error as Error).message);
    }
  }
  log.error('no init could be run, so process 1 ends');
  return false;
}
