import type { Reader } from '../system/port.js';
import type { Runnable } from './facts.js';
import { inside, interpreterOf } from './program.js';

const ENOENT = -2;
const ENOEXEC = -8;
const EACCES = -13;

const LOOKED_AT = 4096;
const ELF_MAGIC = 0x7f454c46;

/** The information in a program's first bytes. */
export interface Start {
  /** The program's processor as an ELF number (e_machine); null for a script. */
  machine: number | null;
  /** The program that the kernel needs to run it; null if it needs none. */
  needs: string | null;
}

function machineOf(elf: Buffer): number {
  const bigEndian = elf[5] === 2;
  return bigEndian ? elf.readUInt16BE(18) : elf.readUInt16LE(18);
}

/** null if the bytes are neither an ELF file nor a script. */
export function programStart(bytes: Buffer): Start | null {
  const isElf = bytes.length >= 20 && bytes.readUInt32BE(0) === ELF_MAGIC;
  if (!isElf && bytes.toString('latin1', 0, 2) !== '#!') return null;
  return { machine: isElf ? machineOf(bytes) : null, needs: interpreterOf(bytes) };
}

/** The result of execve(2) for a program with these first bytes. */
export function startsAs(
  start: Start | null,
  path: string,
  machine: number | null,
  isThere: (path: string) => boolean,
): Runnable {
  const fails = (error: number, why: string): Runnable => ({ path, error, why });
  if (start === null) return fails(ENOEXEC, `${path} is neither a program nor a script with #!`);
  const { machine: its, needs } = start;
  if (its !== null && machine !== null && its !== machine)
    return fails(
      ENOEXEC,
      `${path} is a program for another processor (ELF machine ${its}, and here it is ${machine})`,
    );
  if (needs !== null && !isThere(needs))
    return fails(ENOENT, `${path} needs ${needs}, which does not exist`);
  return { path, error: 0, why: '' };
}

type ProgramReader = Pick<Reader, 'kind' | 'readLink' | 'readBytes'> & {
  details: (path: string) => { mode: number };
};

/**
 * The result that execve(2) would have for a program of a root.
 * @param machine the ELF number of the board's processor; null if unknown.
 */
export function runnable(
  reader: ProgramReader,
  top: string,
  path: string,
  machine: number | null,
): Runnable {
  const fails = (error: number, why: string): Runnable => ({ path, error, why });
  const program = inside(reader, top, path);
  if (program.kind === 'missing') return fails(ENOENT, `${path} does not exist`);
  if (program.kind !== 'file') return fails(EACCES, `${path} is a ${program.kind}`);
  if ((reader.details(program.path).mode & 0o111) === 0)
    return fails(EACCES, `${path} is not executable`);
  const start = programStart(Buffer.from(reader.readBytes(program.path, 0, LOOKED_AT)));
  const isThere = (needed: string): boolean => inside(reader, top, needed).kind === 'file';
  return startsAs(start, path, machine, isThere);
}
