import type { StepKind } from './step-kind.js';

/** Writes back all cached data of the file system that holds a path (syncfs(2)). */
interface Sync {
  path: string;
}

export const sync: StepKind<Sync> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ path }, system) => {
    system.syncfs(path);
    return true;
  },
  busy: ({ path }) => `writing ${path} back`,
  shell: () => 'sync',
};
