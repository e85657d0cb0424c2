import { layerOf } from '../messages/complaint.js';
import type { Complaint, KernelLayer } from '../messages/complaint-data.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { RootWord } from '../story/spoken-words.js';
import { keyed } from '../../text/keyed.js';

/** The root that the kernel looks for, as far as its messages and root= name it. */
export interface RootSubject {
  /** `block`: a disk or a card, named by an id. `unknown`: nothing names the root. */
  layer: KernelLayer | 'block' | 'none';
  /** The name without /dev/; null if only its kind is known. */
  name: string | null;
}

const UNKNOWN: RootSubject = { layer: 'unknown', name: null };
const NONE: RootSubject = { layer: 'none', name: null };

const BY_MAJOR: Readonly<Record<string, KernelLayer>> = keyed({
  31: 'flash',
  179: 'mmc',
  8: 'disk',
  259: 'disk',
  1: 'memory',
  7: 'memory',
});

function subjectOfName(word: string): RootSubject {
  const name = word.replace(/^\/dev\//, '').replace(/^(?:disk\/by-\w+|root)\/.*$/, 'UUID=');
  if (name === 'nfs' || name === 'cifs') return { layer: 'server', name: null };
  if (/^(?:PART)?(?:UUID|LABEL)=/.test(name)) return { layer: 'block', name: null };
  if (/^mapper\//.test(name)) return { layer: 'mapper', name: null };
  const layer = layerOf(name);
  return { layer, name: layer === 'unknown' ? null : name };
}

/** `major:minor`, which is 0:0 for a device that has no number. */
const subjectOfNumber = (number: string): RootSubject => ({
  layer: BY_MAJOR[number.split(':')[0]!] ?? 'block',
  name: null,
});

/** Which root the boot looked for. */
export function rootSubject({ value, known, number }: RootWord): RootSubject {
  if (value !== null) return subjectOfName(value);
  if (number !== null && number !== '0:0') return subjectOfNumber(number);
  return known ? NONE : UNKNOWN;
}

/** The layers that a root may depend on. */
const UNDER: Readonly<Partial<Record<RootSubject['layer'], readonly KernelLayer[]>>> = {
  block: ['mmc', 'disk', 'mapper', 'unknown'],
  mapper: ['mapper', 'mmc', 'disk', 'flash', 'unknown'],
  memory: ['memory', 'unknown'],
  server: ['server'],
};

const diskOf = (name: string): string =>
  name
    .replace(/^(mmcblk\d+|nvme\d+n\d+)(?:p\d+|boot\d)?$/, '$1')
    .replace(/^([shv]d[a-z]+|xvd[a-z]+)\d*$/, '$1');

/** Whether two names of one layer can be the same device. */
function mayBeSame(device: string, root: string, { cards }: KernelMessages): boolean {
  if (/^mmc\d+$/.test(device)) {
    const card = cards.find(({ value }) => value.device === diskOf(root));
    return card === undefined || card.value.host === device;
  }
  const number = (text: string): string | undefined => /^mtd(?:block)?(\d+)$/.exec(text)?.[1];
  if (number(device) !== undefined && number(root) !== undefined)
    return number(device) === number(root);
  if (/^ubi/.test(device) || /^ubi/.test(root)) return true;
  if (/^(?:ata|usb)/.test(device)) return /^(?:sd|hd|sr)/.test(root);
  if (/^nvme\d+$/.test(device)) return root.startsWith(device);
  return diskOf(device) === diskOf(root);
}

/** Whether a complaint can be about the root. */
export function concernsRoot(
  complaint: Complaint,
  root: RootSubject,
  seen: KernelMessages,
): boolean {
  const { layer, device } = complaint;
  if (layer === 'program' || layer === 'overlay' || root.layer === 'unknown') return true;
  if (root.layer === 'none') return false;
  const under = UNDER[root.layer] ?? [root.layer as KernelLayer, 'unknown'];
  if (!under.includes(layer)) return false;
  // A mapped device has a number, a name, and devices below it.
  if (layer === 'mapper' || layer !== root.layer) return true;
  return device === null || root.name === null || mayBeSame(device, root.name, seen);
}
