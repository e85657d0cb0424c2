import { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Makes a file system on a device. What was on the device is gone then. */
interface MakeFileSystem {
  /** Its mkfs program, an absolute path. */
  program: string;
  fstype: 'ext4' | 'f2fs';
  device: string;
  label: string;
}

/** The options with which OpenWrt's fstools call them; `-F` and `-f` are for a device with data. */
const OPTIONS = { ext4: ['-q', '-F', '-L'], f2fs: ['-q', '-f', '-l'] } as const;

const argsOf = ({ fstype, device, label }: MakeFileSystem): string[] => [
  ...OPTIONS[fstype],
  label,
  device,
];

export const makeFileSystem: StepKind<MakeFileSystem> = {
  inverse: () => null,
  // The next plan looks for its superblock.
  condition: () => ({ kind: 'nothing' }),
  /** @throws {SystemError} EIO if the program says that it failed. */
  execute: (action, system) => {
    const status = system.run(action.program, argsOf(action));
    if (status !== 0)
      throw new SystemError({
        what: `make ${action.fstype} on ${action.device}: ${action.program} ended with ${status}`,
        syscall: 'mkfs',
        errno: 'EIO',
        path: action.device,
      });
    return true;
  },
  busy: ({ fstype, device }) => `making ${fstype} on ${device}`,
  shell: (action) => [action.program, ...argsOf(action)].map(quote).join(' '),
};
