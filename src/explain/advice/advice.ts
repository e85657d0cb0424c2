import type { KernelInputs } from '../kernel-inputs.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { CodedCause } from '../sentences/causes.js';
import type { Story } from '../story/story.js';
import { causeOf } from './cause-rules.js';
import { failedBoot, type FailedBoot } from './failed-boot.js';

/** A block device that the kernel found. `size` is in bytes; null if unknown. */
export interface FoundDevice {
  name: string;
  number: string;
  size: number | null;
}

/** The cause of a failed boot, as data. */
export interface BootDiagnosis {
  cause: CodedCause;
  /** The message that shows the cause; null if it is concluded from several. */
  said: string | null;
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

/** The message behind a cause, if it was taken from one. */
const saidOf = (cause: CodedCause, boot: FailedBoot): string | null =>
  [boot.complaint, boot.hint].find((each) => each?.value.cause === cause)?.said ?? null;

/** Finds the cause of a panic, of an endless wait or of a stop; null if the boot succeeded. */
export function diagnose(
  { end, decisions }: Pick<Story, 'end' | 'decisions'>,
  given: KernelInputs,
  seen: KernelMessages,
): BootDiagnosis | null {
  const noConsole = seen.noConsole !== undefined;
  if (end.kind === 'runs' || end.kind === 'open') return null;
  const boot = failedBoot(end, given, seen, decisions);
  const devices =
    end.kind === 'waits' || (end.kind === 'panics' && end.panic.kind === 'no-root')
      ? foundDevices(given, seen)
      : [];
  const cause = causeOf(end.kind === 'panics' ? end.panic.kind : end.kind, boot);
  return { cause, said: saidOf(cause, boot), noConsole, devices };
}
