import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import type { RamdiskProblem } from '../../ramdisk/ramdisk-problem.js';
import type { ByteSource } from '../../ramdisk/source.js';
import type { HandedRamdisk } from '../../ramdisk/container/handed-ramdisk.js';
import type { Unpacker } from '../../ramdisk/unpack.js';
import type { System } from '../../system/port.js';
import { withoutPath } from '../../text/without-path.js';
import { wholeNumber } from '../number-words.js';
import { PIECE_OPTION, readingRamdisk } from '../ramdisk-input.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** The share of the free space to use without a limit. */
const FREE_PART = 0.9;

/** The directory to unpack to. */
interface Target {
  fd: number;
  /** Removes it if it was made here and is still empty. */
  undo: () => void;
  /** The unpacker closes `fd`. */
  close: () => void;
}

/** Makes the directory to unpack to, or checks that it is empty. */
async function emptyDirectory(dir: string): Promise<Target> {
  const { findNamed } = await import('../../system/named-place.js');
  let place;
  try {
    place = findNamed(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notMade(dir, error);
    throw new UsageError(`cannot unpack to ${dir}: ${withoutPath(error)}`);
  }
  const { folder, at, stat } = place;
  const close = (): void => closeSync(folder);
  try {
    const fd = opened(dir, at, stat === null);
    const undo = (): void => void (stat === null && rmdirSync(Buffer.from(at, 'latin1')));
    return { fd, undo, close };
  } catch (error) {
    close();
    throw error;
  }
}

const notMade = (dir: string, cause: unknown): Error =>
  new Error(`cannot make directory ${dir}: ${withoutPath(cause)}`, { cause });

/** @param at the path by which calls reach `dir`. @param make whether it does not exist. */
function opened(dir: string, at: string, make: boolean): number {
  const path = Buffer.from(at, 'latin1');
  try {
    if (make) mkdirSync(path);
  } catch (error) {
    throw notMade(dir, error);
  }
  try {
    const fd = openSync(path, O_DIRECTORY | O_NOFOLLOW);
    if (readdirSync(path).length === 0) return fd;
    closeSync(fd);
  } catch (error) {
    throw new UsageError(`cannot unpack to ${dir}: ${withoutPath(error)}`);
  }
  throw new UsageError(
    `cannot unpack to ${dir}: it is not empty, and what is in it could be overwritten; ` +
      'name a new directory',
  );
}

async function kernelsMakeNode(): Promise<System['makeNode']> {
  const { system } = await import('../../system/ffi.js');
  return (...operands) => system.makeNode(...operands);
}

async function unpackerFor(dir: string, fd: number, limit: number | undefined): Promise<Unpacker> {
  const { Unpacker } = await import('../../ramdisk/unpack.js');
  const { bavail, bsize } = statfsSync(dir);
  const privileged = process.getuid?.() === 0;
  const options = {
    limit: limit ?? Math.floor(bavail * bsize * FREE_PART),
    privileged,
    makeNode: privileged ? await kernelsMakeNode() : null,
  };
  return new Unpacker(resolve(dir), options, fd);
}

interface UnpackJob {
  file: string;
  dir: string;
  piece: string | null;
  limit: number | undefined;
  tell: (problem: RamdiskProblem) => void;
}

/** Unpacks a whole ramdisk. If nothing was unpacked, removes the directory that it made. */
async function unpackAll(all: ByteSource, job: UnpackJob): Promise<Unpacker> {
  const { handedRamdisk } = await import('../../ramdisk/container/handed-ramdisk.js');
  const { needDescriptors } = await import('../../system/named-place.js');
  const { UnpackError } = await import('../../ramdisk/unpack.js');
  const handed = await handedRamdisk(all, job.piece);
  await needRamdisk(handed, job);
  needDescriptors('unpack a ramdisk');
  const target = await emptyDirectory(job.dir);
  try {
    return await unpackInto(target, handed, job);
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    throw new Error(`cannot unpack all of ${job.file} to ${job.dir}: ${error.message}`, {
      cause: error,
    });
  } finally {
    target.close();
  }
}

/** @throws for a boot image that has none. */
async function needRamdisk({ container, verify }: HandedRamdisk, job: UnpackJob): Promise<void> {
  if (container === null || job.piece !== null || container.pieces.some(({ handed }) => handed))
    return;
  const { problemText } = await import('../../ramdisk/ramdisk-problem.js');
  const [why] = (await verify()).filter(({ fault }) => fault.code === 'no-ramdisk-in');
  throw new Error(`cannot unpack ${job.file}: ${problemText(why!)}`);
}

async function unpackInto(
  { fd, undo }: Target,
  { uimage, container, source, at, verify }: HandedRamdisk,
  { file, dir, limit, tell }: UnpackJob,
): Promise<Unpacker> {
  const { readRamdisk } = await import('../../ramdisk/kernel-reader.js');
  const unpacker = await unpackerFor(dir, fd, limit);
  try {
    const complaint = await readRamdisk(source, unpacker, {
      onProblem: (problem) => tell({ ...problem, offset: at(problem.offset) }),
    });
    const isEmpty = container !== null && unpacker.members === 0;
    if ((complaint === null && !isEmpty) || unpacker.members > 0) {
      (await verify()).forEach(tell);
      return unpacker;
    }
  } finally {
    unpacker.end();
  }
  undo();
  const header = uimage === null ? '' : ' behind its U-Boot header';
  const behind = container === null ? header : `, a ${container.kind}`;
  throw new Error(
    `nothing could be unpacked from ${file}${behind}; \`mountroot ramdisk list\` says what it is`,
  );
}

/** Writes owners and nodes to a table, or reports that they are lost. */
async function keepTable({ table }: Unpacker, file: string | undefined, log: Log): Promise<void> {
  if (file !== undefined) {
    const { findNamed } = await import('../../system/named-place.js');
    const { folder, at } = findNamed(file);
    const text = table.map((line) => `${line}\n`).join('');
    try {
      writeFileSync(Buffer.from(at, 'latin1'), text, { flag: 'wx' });
    } finally {
      closeSync(folder);
    }
  } else if (table.length > 0)
    log.warn(
      `${table.length} owners or device nodes could not be made without being root; ` +
        '`--table FILE` keeps them for `ramdisk pack --table`',
    );
}

export const ramdiskUnpackVerb = verb({
  name: 'unpack',
  summary: 'a ramdisk into a new directory, as the kernel would',
  positionals: {
    file: {
      type: 'required',
      completes: 'paths',
      dash: true,
      describe: 'the ramdisk; - is the standard input',
    },
    dir: { type: 'required', completes: 'paths', describe: 'a directory that is new or empty' },
  },
  options: {
    limit: {
      type: 'text',
      argument: 'TEXT',
      describe:
        'stop after so many bytes (or K, M, G); without it after nine tenths of the free space',
    },
    piece: PIECE_OPTION,
    table: {
      type: 'text',
      argument: 'FILE',
      describe: 'a new file for the owners and device nodes that could not be made here',
    },
  },
  examples: [
    ['$0 ramdisk unpack initrd.img tree', 'to look at it, or to change it and pack it again'],
  ],
  overSsh: null,
  exits: ['problems'],
  run: async ({ file, dir, limit: limitText, piece = null, table }, { log }) => {
    const limit = limitText === undefined ? undefined : wholeNumber(limitText, '--limit');
    if (table !== undefined && existsSync(table))
      throw new UsageError(`cannot write the table ${table}: it exists; name a new file`);
    let problems = 0;
    const { problemText } = await import('../../ramdisk/ramdisk-problem.js');
    const tell = (problem: RamdiskProblem): void => {
      problems++;
      // The unpacker names each such member.
      if (problem.fault.code === 'directory-missing') return;
      log.warn(`at byte ${problem.offset} of ${file}: ${problemText(problem)}`);
    };
    const unpacker = await readingRamdisk(file, (all) =>
      unpackAll(all, { file, dir, piece, limit, tell }),
    );
    for (const warning of unpacker.warnings) log.warn(warning);
    await keepTable(unpacker, table, log);
    return problems > 0 ? EXIT.problems : EXIT.done;
  },
});
