import type { MountFlag } from '../system/flags.js';
import { quote } from '../text/shell.js';
import { optionsOf } from './mount-options.js';
import type { StepKind } from './step-kind.js';

/** Mounts a file system. */
export interface MountCall {
  source: string;
  target: string;
  fstype: string;
  flags: MountFlag[];
  /** The options of the file system itself, as mount(2) takes them. */
  data: string | null;
  /** True if the plan is useless with a read-only file system. */
  writable: boolean;
}

export const mount: StepKind<MountCall> = {
  inverse: ({ target, fstype }) => ({
    kind: 'umount',
    path: target,
    fstype,
    lazy: false,
    again: null,
  }),
  // A dirty workdir gives a read-only overlay although mount(2) returned 0 (kernels before 4.8). An
  // upper layer on failing flash does the same.
  condition: ({ target, fstype, writable }) => ({
    kind: 'mounted',
    path: target,
    fstype,
    writable,
  }),
  execute: ({ source, target, fstype, flags, data }, system) => {
    system.mount(source, target, fstype, flags, data);
    return true;
  },
  busy: ({ fstype, source, target }) => `mounting ${fstype} ${source} on ${target}`,
  shell: ({ source, target, fstype, flags, data }) => {
    const options = [...optionsOf(flags), ...(data === null ? [] : [data])].join(',');
    return `mount -n -t ${quote(fstype)} -o ${quote(options)} ${quote(source)} ${quote(target)}`;
  },
  remakeTable: ({ source, target, fstype, flags, data, writable }, table) => [
    ...table,
    {
      id: null,
      mountpoint: target,
      fstype,
      source,
      // A comma after a backslash is part of a path (see plan/overlay-options.ts).
      options: [...optionsOf(flags), ...(data?.split(/(?<!\\),/) ?? [])],
      writable,
    },
  ],
};
