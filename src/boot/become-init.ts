import type { Handover } from '../facts/facts.js';
import type { Log } from '../log/log.js';
import type { System } from '../system/port.js';

/**
 * Process 1 becomes init: the first program of the root that can be run. Returns false when none
 * can (and true only where a model runs it); then this process ends, and the kernel panics, which
 * is what `panic=` on its command line is for.
 */
export function becomeInit(
  system: System,
  { programs, args }: Handover,
  env: Record<string, string | undefined>,
  log: Log,
): boolean {
  // What looked sound goes first; behind that there is nothing to lose by trying.
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
  log.error('no init could be run, and process 1 ends');
  return false;
}
