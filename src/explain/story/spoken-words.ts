import { bootParameters, type BootParameters } from '../boot-parameters.js';
import type { KernelInputs } from '../kernel-inputs.js';
import type { KernelMessage, KernelMessages } from '../messages/message-row.js';
import { rootInPanic } from '../messages/panic.js';
import { numberIn } from './root-name.js';

/** The root that the kernel was told to mount. */
export interface RootWord {
  /** The text of root=; null if the kernel has none, or if nothing shows it. */
  value: string | null;
  /** False if neither the command line nor a message of the kernel shows it. */
  known: boolean;
  /** The message of the kernel that names it; null if only the command line does. */
  line: KernelMessage<unknown> | null;
  /** `major:minor` in the kernel's messages; null if they have none. */
  number: string | null;
}

/** The name in a message: without /dev/ in many releases, and `(null)` for none. */
interface SaidName {
  name: string;
  number: string | null;
  line: KernelMessage<unknown>;
}

/** `unknown-block(31,2)`, `31:2` as 2.4 wrote it in hex, and a name such as `hda1`. */
function numberSaid(device: string): string | null {
  const [, major, minor] = /\((\d+),(\d+)\)/.exec(device) ?? [];
  if (major !== undefined) return `${Number(major)}:${Number(minor)}`;
  const [, high, low] = /^([0-9a-f]{2}):([0-9a-f]{2})$/i.exec(device) ?? [];
  return high === undefined ? null : `${parseInt(high, 16)}:${parseInt(low!, 16)}`;
}

/** What the kernel said of the name and the number of its root, the strongest first. */
function saidNames({ cannotOpen, panic, waiting }: KernelMessages): SaidName[] {
  const out: SaidName[] = [];
  if (cannotOpen) {
    const { name, device } = cannotOpen.value;
    out.push({ name, number: numberSaid(device), line: cannotOpen });
  }
  if (panic?.value.kind === 'no-root') {
    const { name, device } = rootInPanic(panic.value.message);
    if (name !== null) out.push({ name, number: numberSaid(device), line: panic });
  }
  if (waiting) out.push({ name: waiting.value, number: null, line: waiting });
  return out;
}

/** The text of root= that leads to the name in the kernel's message. */
function wordFor({ name, number }: SaidName, spoken: string | null): string | null {
  if (name === '' || name === '(null)') return null;
  if (spoken !== null && (spoken === name || spoken === `/dev/${name}`)) return spoken;
  const isNumber = number !== null && number !== '0:0' && numberIn(name) === number;
  const isWhole = /^(?:\/|[A-Z]+=|mtd\d*:|mtd\d+$|ubi\d*[:_!]|[^/]+:\/)/.test(name);
  return isWhole || isNumber ? name : `/dev/${name}`;
}

/** The number of the root in any message. */
function anyNumber(seen: KernelMessages): string | null {
  const { cannotOpen, panic } = seen;
  const device =
    cannotOpen?.value.device ??
    (panic?.value.kind === 'no-root' ? rootInPanic(panic.value.message).device : '');
  return numberSaid(device);
}

/** The kernel's own words count before the command line. */
export function rootWord(given: KernelInputs, seen: KernelMessages): RootWord {
  const spoken = given.spoken ? bootParameters(given.commandLine).root : null;
  const number = anyNumber(seen);
  const [said] = saidNames(seen);
  if (said === undefined) return { value: spoken, known: given.spoken, line: null, number };
  return { value: wordFor(said, spoken), known: true, line: said.line, number };
}

/** The words of the command line, with the root that the kernel names. */
export function spokenWords(given: KernelInputs, seen: KernelMessages): BootParameters {
  const words = bootParameters(given.commandLine);
  const root = rootWord(given, seen);
  return { ...words, root: root.value, wait: words.wait || seen.waiting !== undefined };
}
