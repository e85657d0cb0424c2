import type { MountFlag } from '../flags.js';
import type { System } from '../port.js';
import type { Machine } from './machine.js';
import type { Devices } from './model-devices.js';
import { Errno, Tree } from './model-tree.js';
import type { ModelMount } from './mounts.js';
import { mountOverlay } from './overlay.js';

/** mount(2) copies one page of options, with the NUL that ends them. */
const LONGEST_DATA = 4095;

/** File systems that every mount makes anew. */
const IN_MEMORY = ['tmpfs', 'pstore', 'proc', 'sysfs'];

interface NewMount {
  source: string;
  target: string;
  fstype: string;
  flags: readonly MountFlag[];
  data: string | null;
}

/** The calls that change the mount table. */
export function mountCalls(
  machine: Machine,
): Pick<System, 'mount' | 'umount' | 'pivotRoot' | 'switchRoot'> {
  const { calls, faults, mounts } = machine;
  return {
    // eslint-disable-next-line max-params -- mount(2) has five.
    mount: (source, target, fstype, flags, data) => {
      const readonly = flags.includes('MS_RDONLY');
      if (flags.includes('MS_MOVE'))
        return calls.change({ name: 'move', path: source!, operand: target, dest: target }, () =>
          mounts.move(source!, target),
        );
      if (flags.includes('MS_REMOUNT'))
        return calls.change(
          { name: 'remount', path: target, operand: readonly ? 'ro' : 'rw' },
          () => {
            if (readonly && target === '/' && faults.writers.length > 0) throw new Errno('EBUSY');
            mounts.remount(target, readonly);
          },
        );
      if (fstype === null)
        return calls.change({ name: 'mount', path: target, operand: flags.join('|') }, () =>
          mounts.propagate(target, flags),
        );
      return calls.change({ name: 'mount', path: target, operand: fstype }, () =>
        mountNew(machine, { source: source!, target, fstype, flags, data }),
      );
    },
    umount: (target, lazy = false) =>
      calls.change({ name: 'umount', path: target, ...(lazy && { operand: 'lazy' }) }, () =>
        mounts.umount(target, lazy),
      ),
    pivotRoot: (newRoot, putOld) =>
      calls.change({ name: 'pivot_root', path: newRoot, operand: putOld, dest: putOld }, () =>
        mounts.pivot(newRoot, putOld),
      ),
    switchRoot: (newRoot) =>
      calls.change({ name: 'switch_root', path: newRoot }, () => mounts.switch(newRoot)),
  };
}

function mountNew(machine: Machine, call: NewMount): void {
  const { source, target, fstype, flags, data } = call;
  if (data !== null && Buffer.byteLength(data) > LONGEST_DATA) throw new Errno('EINVAL');
  machine.paths.must(target, true);
  const { devices, paths } = machine;
  if (!devices.types.includes(fstype))
    devices.loadModule(fstype, (path) => paths.find(path) !== null);
  if (!devices.types.includes(fstype)) throw new Errno('ENODEV');
  const made = FILE_SYSTEMS.find(({ when }) => when(fstype))!.make(machine, call);
  const access = flags.includes('MS_RDONLY') ? 'ro' : 'rw';
  const options = [access, flags.includes('MS_NOATIME') ? 'noatime' : 'relatime'];
  machine.mounts.mount(target, { source, options, ...made });
}

type Made = Pick<ModelMount, 'files' | 'device' | 'superOptions'>;

/** The ways to get the file system of a mount. The first row that matches counts. */
const FILE_SYSTEMS: readonly {
  when: (fstype: string) => boolean;
  make: (machine: Machine, call: NewMount) => Made;
}[] = [
  {
    when: (fstype) => fstype.startsWith('overlay'),
    make: ({ devices, faults, mounts, paths }, { fstype, data }) => {
      const files = mountOverlay(mounts, fstype, data ?? '', paths.isWriteProtected);
      files.readonly ||= faults.readonly.includes(fstype);
      const superOptions = [files.readonly ? 'ro' : 'rw', ...(data ?? '').split(',')];
      return { files, device: devices.nextNumber(), superOptions };
    },
  },
  {
    when: (fstype) => fstype === 'devtmpfs',
    make: ({ dev, devices }) => inMemory(dev, devices),
  },
  {
    when: (fstype) => IN_MEMORY.includes(fstype),
    make: ({ devices }, { fstype }) => inMemory(new Tree(fstype), devices),
  },
  {
    when: () => true,
    make: ({ calls, devices, faults }, { source, fstype, flags }) => {
      const readonly = flags.includes('MS_RDONLY');
      const volume = devices.volume(source, fstype, calls.halved);
      if (volume.readonly && !readonly) throw new Errno('EROFS');
      const files = volume.tree;
      files.readonly = readonly || faults.readonly.includes(fstype);
      return { files, device: volume.device, superOptions: [files.readonly ? 'ro' : 'rw'] };
    },
  },
];

const inMemory = (files: Tree, devices: Devices): Made => ({
  files,
  device: devices.nextNumber(),
  superOptions: ['rw'],
});
