import type { KernelInputs } from '../kernel-inputs.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { CodedCause } from '../sentences/causes.js';
import type { Story } from '../story/story.js';
import { causeOf } from './cause-rules.js';
import { failedBoot } from './failed-boot.js';

/** A block device that the kernel found. `size` is in bytes; null if unknown. */
export interface FoundDevice {
  name: string;
  number: string;
  size: number | null;
}

/** The cause of a failed boot, as data. */
export interface BootDiagnosis {
  cause: CodedCause;
  /** The first messages of process 1 were lost. */
  noConsole: boolean;
  /**
   * The devices that could be the root; [] if the root is not missing, or if no device is known.
   */
  devices: FoundDevice[];
}

/** Devices that every kernel has and that no board uses as its root. */
const NO_DISK = /^(?:ram|loop)\d/;

function foundDevices(given: KernelInputs, seen: KernelMessages): FoundDevice[] {
  const all: FoundDevice[] =
    seen.devices.length > 0
      ? seen.devices.map(({ value }) => value)
      : (given.devices ?? []).map(({ name, number }) => ({ name, number, size: null }));
  return all.filter(({ name }) => !NO_DISK.test(name));
}

/** Finds the cause of a panic or of an endless wait; null if the boot succeeded. */
export function diagnose(
  { end, decisions }: Pick<Story, 'end' | 'decisions'>,
  given: KernelInputs,
  seen: KernelMessages,
): BootDiagnosis | null {
  const noConsole = seen.noConsole !== undefined;
  if (end.kind === 'runs' || end.kind === 'open') return null;
  if (end.kind === 'waits') {
    const cause: CodedCause = { code: 'device-does-not-come', forWhat: end.forWhat };
    return { cause, noConsole, devices: foundDevices(given, seen) };
  }
  const { panic } = end;
  return {
    cause: causeOf(panic.kind, failedBoot(panic, given, seen, decisions)),
    noConsole,
    devices: panic.kind === 'no-root' ? foundDevices(given, seen) : [],
  };
}
