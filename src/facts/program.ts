import type { PathKind, Reader } from '../system/port.js';

const LINKS_AT_MOST = 40;

/** Parts of an ELF file's header (elf(5)); only what leads to the interpreter. */
const PT_INTERP = 3;
const LOOKED_AT = 4096;

/**
 * What a path leads to inside a new root, whose absolute links mean itself and not the root of
 * today.
 * @returns the path as it is to be opened from here, and what is there.
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
 * The program that a program needs to be run: what stands behind `#!`, or an ELF file's dynamic
 * linker; null where it needs none.
 */
export function interpreterOf(start: Uint8Array): string | null {
  const bytes = Buffer.from(start);
  if (bytes.toString('latin1', 0, 2) === '#!')
    return /^#![ \t]*([^\s]+)/.exec(bytes.toString('utf8', 0, 256))?.[1] ?? null;
  if (bytes.length < 0x40 || bytes.readUInt32BE(0) !== 0x7f454c46) return null;
  const wide = bytes[4] === 2;
  const little = bytes[5] === 1;
  const number = (at: number, size: number): number =>
    at + size > bytes.length ? 0 : little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  const [table, size, count] = wide
    ? [number(0x20, 6), number(0x36, 2), number(0x38, 2)]
    : [number(0x1c, 4), number(0x2a, 2), number(0x2c, 2)];
  for (let index = 0; index < Math.min(count, 64); index++) {
    const at = table + index * size;
    if (number(at, 4) !== PT_INTERP) continue;
    const [offset, length] = wide
      ? [number(at + 8, 6), number(at + 32, 4)]
      : [number(at + 4, 4), number(at + 16, 4)];
    return offset + length <= bytes.length && length > 1
      ? bytes.toString('utf8', offset, offset + length - 1)
      : null;
  }
  return null;
}

/**
 * What keeps a program of a root from being run, one sentence; null when nothing is seen to. The
 * kernel says ENOENT for a program that is there and whose interpreter is not, which has cost many
 * people an evening.
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
    return kind === 'file'
      ? null
      : `${path} needs ${interpreter}, which is ${kind === 'missing' ? 'missing' : `a ${kind}`} in that root`;
  } catch (error) {
    return (error as Error).message;
  }
}
