import type { PathKind, Reader } from '../system/port.js';

/** The programs that the kernel itself tries as init (init/main.c: kernel_init). */
export const INITS: readonly string[] = ['/sbin/init', '/etc/init', '/bin/init', '/bin/sh'];

const LINKS_AT_MOST = 40;

/** The program header that names the dynamic linker (elf(5)). */
const PT_INTERP = 3;
const LOOKED_AT = 4096;

/**
 * Resolves a path inside a new root. An absolute symlink there begins at that root's top.
 * @returns the path that opens the file from here, and its kind.
 */
export function inside(
  reader: Pick<Reader, 'kind' | 'readLink'>,
  top: string,
  path: string,
): { path: string; kind: PathKind } {
  const above = top === '/' ? '' : top;
  const left = path.split('/').filter((part) => part !== '' && part !== '.');
  let at: string[] = [];
  for (let links = 0; left.length > 0;) {
    const part = left.shift()!;
    if (part === '..') {
      at = at.slice(0, -1);
      continue;
    }
    const next = `${above}/${[...at, part].join('/')}`;
    const kind = reader.kind(next);
    if (kind !== 'symlink') {
      if (kind === 'missing' || left.length === 0) return { path: next, kind };
      at.push(part);
      continue;
    }
    if (++links > LINKS_AT_MOST) return { path: next, kind };
    const to = reader.readLink(next);
    if (to.startsWith('/')) at = [];
    left.unshift(...to.split('/').filter((each) => each !== '' && each !== '.'));
  }
  return { path: `${above}/${at.join('/')}`, kind: 'directory' };
}

/**
 * Returns the program that the kernel needs to run this one: the one after `#!`, or an ELF file's
 * dynamic linker. null if it needs none.
 */
export function interpreterOf(start: Uint8Array): string | null {
  const bytes = Buffer.from(start);
  if (bytes.toString('latin1', 0, 2) === '#!')
    return /^#![ \t]*([^\s]+)/.exec(bytes.toString('utf8', 0, 256))?.[1] ?? null;
  if (bytes.length < 0x40 || bytes.readUInt32BE(0) !== 0x7f454c46) return null;
  return dynamicLinkerOf(bytes);
}

/** The fields of an ELF file's header and of its program headers: [offset, bytes] each. */
const ELF_FIELDS = {
  wide: { table: [0x20, 6], size: [0x36, 2], count: [0x38, 2], offset: [8, 6], length: [32, 4] },
  narrow: { table: [0x1c, 4], size: [0x2a, 2], count: [0x2c, 2], offset: [4, 4], length: [16, 4] },
} as const;

const MOST_HEADERS = 64;

/** The path in an ELF file's PT_INTERP segment; null if it has none within these bytes. */
function dynamicLinkerOf(bytes: Buffer): string | null {
  const fields = bytes[4] === 2 ? ELF_FIELDS.wide : ELF_FIELDS.narrow;
  const little = bytes[5] === 1;
  const number = ([from, size]: readonly [number, number], base = 0): number => {
    const at = base + from;
    if (at + size > bytes.length) return 0;
    return little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  };
  const headers = Math.min(number(fields.count), MOST_HEADERS);
  for (let index = 0; index < headers; index++) {
    const at = number(fields.table) + index * number(fields.size);
    if (number([0, 4], at) !== PT_INTERP) continue;
    const [offset, length] = [number(fields.offset, at), number(fields.length, at)];
    return offset + length <= bytes.length && length > 1
      ? bytes.toString('utf8', offset, offset + length - 1)
      : null;
  }
  return null;
}

/**
 * Says in one sentence why a program of a root cannot run; null if we see no obstacle. The kernel
 * reports ENOENT for a program that exists when its interpreter does not, which misleads many
 * people.
 */
export function programTrouble(reader: Reader, top: string, path: string): string | null {
  try {
    const program = inside(reader, top, path);
    if (program.kind === 'missing') return `${path} is missing`;
    if (program.kind !== 'file') return `${path} is a ${program.kind}`;
    if ((reader.details(program.path).mode & 0o111) === 0)
      return `${path} is not executable (chmod +x)`;
    const interpreter = interpreterOf(reader.readBytes(program.path, 0, LOOKED_AT));
    if (interpreter === null) return null;
    const { kind } = inside(reader, top, interpreter);
    if (kind === 'file') return null;
    const is = kind === 'missing' ? 'missing' : `a ${kind}`;
    return `${path} needs ${interpreter}, which is ${is} in that root`;
  } catch (error) {
    return (error as Error).message;
  }
}
