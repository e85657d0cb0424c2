import type { MountFlag } from '../system/flags.js';
import type { Action, Step } from '../steps/step.js';

export const fatal = (id: string, why: string, action: Action): Step => ({
  id,
  action,
  why,
  severity: 'fatal',
});
export const warn = (id: string, why: string, action: Action): Step => ({
  id,
  action,
  why,
  severity: 'warn',
});

/** A directory that stays even if the plan fails, because the notes in it stay too. */
export const lastingFolder = (path: string): Action => ({
  kind: 'mkdir',
  path,
  mode: 0o755,
  accept: 'directory',
  stays: true,
});

export const mkdir = (path: string, accept: 'directory' | 'anything' = 'directory'): Action => ({
  kind: 'mkdir',
  path,
  mode: 0o755,
  accept,
});

export const mount = (
  source: string,
  target: string,
  fstype: string,
  { data = null as string | null, writable = true, flags = ['MS_NOATIME'] as MountFlag[] } = {},
): Action => ({
  kind: 'mount',
  source,
  target,
  fstype,
  flags,
  data,
  writable,
});

/** A path as part of a step's id, which is one word. */
export const slug = (path: string): string => path.slice(1).replace(/[^A-Za-z0-9.]+/g, '-');

/** Makes ids unique: if two paths give one id, the later step gets its position appended. */
export function distinct(steps: Step[]): Step[] {
  const taken = new Set<string>();
  return steps.map((step, index) => {
    const id = taken.has(step.id) ? `${step.id}~${index + 1}` : step.id;
    taken.add(id);
    return { ...step, id };
  });
}
