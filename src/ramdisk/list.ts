import { MEMBERS_AT_MOST, type CpioHeader } from './cpio.js';
import type { Container, Piece } from './container/container.js';
import type { Sink } from './cpio-machine.js';
import type { Part } from './kernel-reader.js';
import { kindOfMode } from './member.js';
import { problemData, problemText, type RamdiskProblem } from './ramdisk-problem.js';
import { UIMAGE_TYPES, uimageCompression, uimageType, type UImage } from './uimage.js';
import { printable } from '../text/printable.js';
import { plural } from '../text/units.js';
import { keyed } from '../text/keyed.js';

export const LIST_SCHEMA = 'mountroot.ramdisk/1';

/**
 * One member of an archive. A name that is not valid UTF-8 is text with one character for each
 * byte.
 */
export interface Listed {
  name: string;
  kind: string;
  /** As in ls -l. */
  permissions: string;
  uid: number;
  gid: number;
  links: number;
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  target?: string;
  /** `major:minor` of a device node. */
  node?: string;
}

/** The facts about the whole ramdisk, which `ramdisk list` prints after its members. */
export interface Summary {
  /** U-Boot's header, if there is one. */
  uimage: UImageData | null;
  /** The boot image that has the ramdisk, if it is one. */
  container: ContainerData | null;
  parts: Part[];
  /** The file system image, if the ramdisk is no cpio; null for a cpio. */
  image: string | null;
  problems: RamdiskProblem[];
  /** There are too many names to find all members that the kernel leaves out. */
  unchecked: boolean;
  /** The number of parts and problems beyond the kept ones. */
  leftOut: { parts: number; problems: number };
}

/** U-Boot's header, as data. U-Boot does not look at the compression of a ramdisk. */
export interface UImageData {
  name: string;
  size: number;
  /** Words for the type, if it is no ramdisk; and the compression that the header names. */
  type?: string;
  compression?: string;
}

/** A boot image, as data. */
export type ContainerData = Pick<Container, 'kind' | 'name' | 'note' | 'pieces'>;

const LETTERS: Record<string, string> = keyed({
  directory: 'd',
  file: '-',
  symlink: 'l',
  character: 'c',
  block: 'b',
  fifo: 'p',
  socket: 's',
});

function permissions(mode: number): string {
  const bits = ['r', 'w', 'x'];
  const letters = Array.from({ length: 9 }, (_, at) =>
    (mode >> (8 - at)) & 1 ? bits[at % 3]! : '-',
  );
  const special = (at: number, set: boolean, letter: string): void =>
    void (set && (letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase()));
  special(2, (mode & 0o4000) !== 0, 's');
  special(5, (mode & 0o2000) !== 0, 's');
  special(8, (mode & 0o1000) !== 0, 't');
  return `${LETTERS[kindOfMode(mode) ?? ''] ?? '?'}${letters.join('')}`;
}

const readable = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : bytes.toString('latin1');
};

/**
 * The number of parts and problems to keep until all members are listed, because a hostile archive
 * may have any number.
 */
const KEPT = { parts: 1000, problems: 200 };

/**
 * Passes each member on immediately and keeps none, because an archive may be larger than memory.
 */
export class Lister implements Sink {
  members = 0;
  readonly parts: Part[] = [];
  readonly problems: RamdiskProblem[] = [];
  readonly leftOut = { parts: 0, problems: 0 };
  unchecked = false;

  constructor(private readonly tell: (member: Listed) => void) {}

  /** Whether the archive has more members than any real ramdisk. */
  get full(): boolean {
    return this.members > MEMBERS_AT_MOST;
  }

  part(part: Part): void {
    if (this.parts.length < KEPT.parts) this.parts.push(part);
    else this.leftOut.parts++;
  }

  problem(problem: RamdiskProblem): void {
    if (this.problems.length < KEPT.problems) this.problems.push(problem);
    else this.leftOut.problems++;
  }

  member(
    { mode, uid, gid, links, size, mtime, nodeMajor, nodeMinor }: CpioHeader,
    name: Buffer,
    target: Buffer | null,
  ): boolean {
    if (++this.members > MEMBERS_AT_MOST) return true;
    const kind = kindOfMode(mode);
    this.tell({
      name: readable(name),
      kind: kind ?? 'unknown',
      permissions: permissions(mode),
      uid,
      gid,
      links,
      size: kind === 'file' ? size : 0,
      mtime,
      ...(target !== null && { target: readable(target) }),
      ...((kind === 'character' || kind === 'block') && { node: `${nodeMajor}:${nodeMinor}` }),
    });
    return true;
  }
  data(): void {}
  complete(): void {}
  trailer(): void {}
  passedOver(): void {}
}

/** One member as ls shows a file. */
export function memberLine({
  name,
  permissions,
  uid,
  gid,
  size,
  mtime,
  target,
  node,
}: Listed): string {
  const time = new Date(mtime * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const columns = [
    permissions,
    `${uid}:${gid}`.padEnd(9),
    (node ?? String(size)).padStart(10),
    time,
    printable(name),
  ];
  return columns.join(' ') + (target === undefined ? '' : ` -> ${printable(target)}`);
}

function partLine({ offset, bytes, method, unpacked, members }: Part): string {
  const size = plural(bytes, 'byte');
  const packed =
    method === 'none' ? `not compressed, ${size}` : `${method}, ${size}, ${unpacked} unpacked`;
  return `part at byte ${offset}: ${packed}, ${plural(members, 'member')}`;
}

function problemLine(problem: RamdiskProblem): string {
  const { offset, inside } = problem;
  const place = inside === null ? '' : ` (byte ${inside} of what is unpacked there)`;
  return `problem at byte ${offset}${place}: ${problemText(problem)}`;
}

export function uimageData(uimage: UImage): UImageData {
  const { name, size, type, compression } = uimage;
  return {
    ...{ name, size },
    ...(type !== UIMAGE_TYPES.ramdisk && { type: uimageType(type) }),
    ...(compression !== 0 && { compression: uimageCompression(uimage) }),
  };
}

function uimageLine({ name, size, type, compression }: UImageData): string {
  const more = [type, compression].filter((word) => word !== undefined);
  const words = more.length === 0 ? '' : ` (${more.join(', ')})`;
  return `U-Boot image "${printable(name)}" of ${plural(size, 'byte')}${words}`;
}

function pieceLine({ name, role, offset, size, compression, load, handed }: Piece): string {
  const words = [
    ...(role === name ? [] : [role]),
    ...(compression === null || compression === 'none' ? [] : [compression]),
    ...(load === null ? [] : [`loaded at 0x${load.toString(16).padStart(8, '0')}`]),
    ...(role === 'ramdisk' && !handed ? ['not handed over'] : []),
  ];
  const more = words.length === 0 ? '' : `, ${words.join(', ')}`;
  return `  ${printable(name)}: ${plural(size, 'byte')} at byte ${offset}${more}`;
}

/** A boot image and its pieces, for a person. */
export function containerLines({ kind, name, note, pieces }: ContainerData): string[] {
  const named = name === '' ? '' : ` "${printable(name)}"`;
  return [`${kind}${named}`, ...pieces.map(pieceLine), ...(note === '' ? [] : [`  (${note})`])];
}

/** For programs, after the members. */
export const summaryData = (summary: Summary): object => ({
  ...summary,
  problems: summary.problems.map(problemData),
});

/** For a person, after the members: the parts, then the problems. */
export function renderSummary(summary: Summary): string {
  const { uimage, container, parts, image, problems, unchecked, leftOut } = summary;
  const lines: string[] = [];
  if (unchecked)
    lines.push('it has too many names to find all members that the kernel would leave out');
  if (uimage !== null) lines.push(uimageLine(uimage));
  if (container !== null) lines.push(...containerLines(container));
  lines.push(...parts.map(partLine));
  if (leftOut.parts > 0) lines.push(`and ${plural(leftOut.parts, 'more part')}`);
  if (image !== null)
    lines.push(
      `no cpio archive, but ${image}: an image-initrd, which the kernel copies to /dev/ram0`,
    );
  lines.push(...problems.map(problemLine));
  if (leftOut.problems > 0) lines.push(`and ${plural(leftOut.problems, 'more problem')}`);
  return lines.map((line) => `${line}\n`).join('');
}
