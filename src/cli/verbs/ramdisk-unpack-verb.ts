import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import type { RamdiskProblem } from '../../ramdisk/ramdisk-problem.js';
import type { ByteSource } from '../../ramdisk/source.js';
import type { Unpacker } from '../../ramdisk/unpack.js';
import type { System } from '../../system/port.js';
import { wholeNumber } from '../number-words.js';
import { readingRamdisk } from '../ramdisk-input.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

/** The share of the free space to use without a limit. */
const FREE_PART = 0.9;

/** Makes the directory to unpack to, or checks that it is empty. Returns whether it was made. */
function emptyDirectory(dir: string): boolean {
  try {
    mkdirSync(dir);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new Error(`cannot make directory ${dir}: ${(error as Error).message}`, {
        cause: error,
      });
  }
  let names;
  try {
    names = readdirSync(dir);
  } catch (error) {
    throw new UsageError(`cannot unpack to ${dir}: ${(error as Error).message}`);
  }
  if (names.length > 0)
    throw new UsageError(
      `cannot unpack to ${dir}: it is not empty, and what is in it could be overwritten; ` +
        'name a new directory',
    );
  return false;
}

async function kernelsMakeNode(): Promise<System['makeNode']> {
  const { system } = await import('../../system/ffi.js');
  return (...operands) => system.makeNode(...operands);
}

async function unpackerFor(dir: string, limit: number | undefined): Promise<Unpacker> {
  const { Unpacker } = await import('../../ramdisk/unpack.js');
  const { bavail, bsize } = statfsSync(dir);
  const privileged = process.getuid?.() === 0;
  return new Unpacker(resolve(dir), {
    limit: limit ?? Math.floor(bavail * bsize * FREE_PART),
    privileged,
    makeNode: privileged ? await kernelsMakeNode() : null,
  });
}

interface UnpackJob {
  file: string;
  dir: string;
  limit: number | undefined;
  tell: (problem: RamdiskProblem) => void;
}

/** Unpacks a whole ramdisk. If nothing was unpacked, removes the directory that it made. */
async function unpackAll(
  all: ByteSource,
  { file, dir, limit, tell }: UnpackJob,
): Promise<Unpacker> {
  const { readRamdisk } = await import('../../ramdisk/kernel-reader.js');
  const { UnpackError } = await import('../../ramdisk/unpack.js');
  const { handedOver } = await import('../../ramdisk/uimage.js');
  const { uimage, source, verify } = await handedOver(all);
  const made = emptyDirectory(dir);
  const unpacker = await unpackerFor(dir, limit);
  try {
    const complaint = await readRamdisk(source, unpacker, { onProblem: tell });
    if (complaint !== null && unpacker.members === 0) {
      if (made) rmSync(dir, { recursive: true });
      const behind = uimage === null ? '' : ' behind its U-Boot header';
      throw new Error(
        `nothing could be unpacked from ${file}${behind}; ` +
          '`mountroot ramdisk list` says what it is',
      );
    }
    const unfit = await verify();
    if (unfit !== null) tell(unfit);
    return unpacker;
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    throw new Error(`cannot unpack all of ${file} to ${dir}: ${error.message}`, { cause: error });
  } finally {
    unpacker.end();
  }
}

/** Writes owners and nodes to a table, or reports that they are lost. */
function keepTable({ table }: Unpacker, file: string | undefined, log: Log): void {
  if (file !== undefined)
    writeFileSync(file, table.map((line) => `${line}\n`).join(''), { flag: 'wx' });
  else if (table.length > 0)
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
  run: async ({ file, dir, limit: limitText, table }, { log }) => {
    const limit = limitText === undefined ? undefined : wholeNumber(limitText, '--limit');
    if (table !== undefined && existsSync(table))
      throw new UsageError(`cannot write the table ${table}: it exists; name a new file`);
    let problems = 0;
    const { problemText } = await import('../../ramdisk/ramdisk-problem.js');
    const tell = (problem: RamdiskProblem): void => {
      problems++;
      log.warn(`at byte ${problem.offset} of ${file}: ${problemText(problem)}`);
    };
    const unpacker = await readingRamdisk(file, (all) =>
      unpackAll(all, { file, dir, limit, tell }),
    );
    for (const warning of unpacker.warnings) log.warn(warning);
    keepTable(unpacker, table, log);
    return problems > 0 ? EXIT.problems : EXIT.done;
  },
});
