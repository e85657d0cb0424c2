import { kernelErrorName, kernelErrorNumber } from '../../system/rare-errno.js';
import type { CodedCause } from '../sentences/causes.js';
import type { LogError } from '../sentences/words.js';
import type { Complaint, ComplaintWeight, KernelLayer } from './complaint-data.js';
import type { KernelMessages, MessageRow } from './message-row.js';

const LAYERS: readonly (readonly [name: RegExp, layer: KernelLayer])[] = [
  [/^mmc/, 'mmc'],
  [/^(?:mtd|ubi)/, 'flash'],
  [/^dm-|^25[2-4]:/, 'mapper'],
  [/^(?:sd|hd|vd|xvd|sr|nvme|ata|usb|sas)/, 'disk'],
  [/^(?:ram|loop|zram)\d/, 'memory'],
];

/** The part of the machine that a device belongs to, by its name without /dev/. */
export const layerOf = (device: string): KernelLayer =>
  LAYERS.find(([name]) => name.test(device))?.[1] ?? 'unknown';

/** What a row of complaints finds in its line. */
interface Found {
  cause: CodedCause;
  device?: string | undefined;
  /** The part of the machine, if the device does not say. */
  layer?: KernelLayer;
}

type Tells = (match: RegExpExecArray, seen: KernelMessages) => Found;

/** A row's note that a line is a complaint. */
export const complains =
  (weight: ComplaintWeight, tells: Tells): MessageRow['tells'] =>
  (seen, match, line) => {
    const { cause, device, layer } = tells(match, seen);
    const value: Complaint = {
      weight,
      cause,
      layer: layer ?? (device === undefined ? 'unknown' : layerOf(device)),
      device: device ?? null,
      roots: seen.mounted.length,
    };
    seen.complaints.push({ value, ...line });
  };

const BY_NAME = /^-?(E[A-Z0-9_]+)$/;

/** Whether the log is of a MIPS machine, whose errors have other numbers above 34. */
const isMips = (seen: KernelMessages): boolean =>
  seen.mips !== undefined || /mips/i.test(seen.release?.said ?? '');

/** An error in a message: `-110`, `110` or `-ETIMEDOUT`. */
export function logError(text: string, seen: KernelMessages): LogError {
  const name = BY_NAME.exec(text)?.[1];
  if (name !== undefined) {
    const known = kernelErrorNumber(name) !== null;
    return { said: text, name: known ? name : null };
  }
  return { said: text, name: kernelErrorName(Math.abs(Number(text)), isMips(seen)) };
}

/** The negative errno of a message by its number on most architectures; null if it has none. */
export function commonErrno(text: string | undefined, seen: KernelMessages): number | null {
  if (text === undefined) return null;
  const { name } = logError(text, seen);
  const number = name === null ? null : kernelErrorNumber(name);
  return -(number ?? Math.abs(Number(text)));
}

/** A pattern of words behind a prefix that a whole table shares. */
export const behind = (prefix: RegExp, words: RegExp): RegExp =>
  new RegExp(`^(?:${prefix.source})(?:${words.source})`, words.flags);
