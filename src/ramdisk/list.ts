import { MEMBERS_AT_MOST, type CpioHeader } from './cpio.js';
import type { Sink } from './cpio-machine.js';
import type { Part, RamdiskProblem } from './kernel-reader.js';
import { kindOf } from './member.js';
import { printable } from '../text/printable.js';

export const LIST_SCHEMA = 'mountroot.ramdisk/1';

/**
 * One member as an archive has it. Names are text of one character a byte where they are no UTF-8.
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

/** What is told of a ramdisk when all its members have been. */
export interface Summary {
  /** U-Boot's header, where there is one. */
  uimage: { name: string; size: number } | null;
  parts: Part[];
  /** What it is where it is no cpio. */
  image: string | null;
  problems: RamdiskProblem[];
  /** How many more there are of each. */
  leftOut: { parts: number; problems: number };
}

const LETTERS: Record<string, string> = {
  directory: 'd',
  file: '-',
  symlink: 'l',
  character: 'c',
  block: 'b',
  fifo: 'p',
  socket: 's',
};

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
  return `${LETTERS[kindOf(mode) ?? ''] ?? '?'}${letters.join('')}`;
}

const readable = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : bytes.toString('latin1');
};

/**
 * A hostile archive has as many parts and faults as it likes, and they are told when its members
 * have been.
 */
const KEPT = { parts: 1000, problems: 200 };

/**
 * Tells what an archive's members say of themselves as they come, and keeps nothing of them: an
 * archive may be larger than memory.
 */
export class Lister implements Sink {
  members = 0;
  readonly parts: Part[] = [];
  readonly problems: RamdiskProblem[] = [];
  readonly leftOut = { parts: 0, problems: 0 };

  constructor(private readonly tell: (member: Listed) => void) {}

  /** Nobody reads further than this. */
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
    const kind = kindOf(mode);
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

/** As ls would show it. */
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
  return `${permissions} ${`${uid}:${gid}`.padEnd(9)} ${(node ?? String(size)).padStart(10)} ${time} ${printable(name)}${target === undefined ? '' : ` -> ${printable(target)}`}`;
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** For a person, behind the members: the parts, then what is wrong. */
export function renderSummary({ uimage, parts, image, problems, leftOut }: Summary): string {
  const lines: string[] = [];
  if (uimage !== null)
    lines.push(`U-Boot image "${printable(uimage.name)}" of ${plural(uimage.size, 'byte')}`);
  for (const { offset, bytes, method, unpacked, members: count } of parts)
    lines.push(
      `part at byte ${offset}: ${method === 'none' ? 'not compressed' : method}, ${plural(bytes, 'byte')}${method === 'none' ? '' : `, ${unpacked} unpacked`}, ${plural(count, 'member')}`,
    );
  if (leftOut.parts > 0) lines.push(`and ${plural(leftOut.parts, 'more part')}`);
  if (image !== null)
    lines.push(
      `no cpio archive, but ${image}: an image-initrd, which the kernel copies to /dev/ram0`,
    );
  for (const { offset, inside, kernelSays, means, cure } of problems)
    lines.push(
      `problem at byte ${offset}${inside === null ? '' : ` (byte ${inside} of what is unpacked there)`}: ${kernelSays === null ? '' : `the kernel says "${kernelSays}": `}${means}; ${cure}`,
    );
  if (leftOut.problems > 0) lines.push(`and ${plural(leftOut.problems, 'more problem')}`);
  return lines.map((line) => `${line}\n`).join('');
}
