import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import { ARCHITECTURES, type Architecture } from '../../ramdisk/architectures.js';
import { METHODS, type Method } from '../../ramdisk/method.js';
import type { RamdiskProblem } from '../../ramdisk/ramdisk-problem.js';
import { locateCommand, type CommandDeps } from './locate-verb.js';
import { list, reading } from './ramdisk-list-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface Deps extends CommandDeps {
  log: Log;
}

const one = (describe: string) =>
  ({ string: true, requiresArg: true, describe, coerce: lastValue<string | undefined> }) as const;

/** A whole number of an option; what it is not is told with the option's name. */
function count(
  text: string | undefined,
  option: string,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,15})([KMG]?)$/.exec(text) ?? [];
  const value =
    digits === undefined ? NaN : Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit!);
  if (!(value <= most))
    throw new UsageError(
      `${option} ${JSON.stringify(text)} is no whole number${most < Number.MAX_SAFE_INTEGER ? ` up to ${most}` : ' (K, M and G may stand behind it)'}`,
    );
  return value;
}

/** What a word on the command line names must be usable. */
function usable<T>(what: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UsageError(
      (error as { code?: unknown }).code === undefined
        ? (error as Error).message
        : `cannot use ${what}: ${(error as Error).message}`,
    );
  }
}

interface PackOptions {
  dir: string;
  output: string | undefined;
  compress: Method | 'none';
  format: 'cpio' | 'ext2';
  table: string | undefined;
  owner: string | undefined;
  time: string | undefined;
  size: string | undefined;
  uimage: string | undefined;
  arch: Architecture | undefined;
}

function ownerOf(text: string | undefined): { uid: number; gid: number } | undefined {
  if (text === undefined) return undefined;
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (uid === undefined || Number(uid) > 0xffff_fffe || Number(gid) > 0xffff_fffe)
    throw new UsageError(`--owner ${JSON.stringify(text)} is not UID:GID in numbers`);
  return { uid: Number(uid), gid: Number(gid) };
}

async function pack(
  { dir, output, compress, format, table, owner, time, size, uimage, arch }: PackOptions,
  { log, finish }: Deps,
): Promise<void> {
  const { membersInOrder: inOrder, readTree } = await import('../../ramdisk/source-tree.js');
  const { applyTable } = await import('../../ramdisk/table.js');
  const { packWarnings } = await import('../../ramdisk/pack.js');
  const { cpioBytes, placeOf, toStream, writeRamdisk } = await import('../../ramdisk/write.js');
  const toPipe = output === undefined || output === '-';
  if (toPipe && process.stdout.isTTY)
    throw new UsageError(
      'a ramdisk is not for a terminal; name a file with -o, or send it to another program',
    );
  if (toPipe && (format === 'ext2' || uimage !== undefined))
    throw new UsageError(
      `${format === 'ext2' ? 'an ext2 image' : "U-Boot's header"} cannot be written to a pipe, because its beginning is written last; name a file with -o`,
    );
  if (arch !== undefined && uimage === undefined)
    throw new UsageError("--arch is for U-Boot's header; ask for that with --uimage NAME");
  if (size !== undefined && format !== 'ext2') throw new UsageError('--size is for --format ext2');
  const [fixed, latest] = [
    count(time, '--time', 0xffff_ffff),
    count(process.env['SOURCE_DATE_EPOCH'], 'SOURCE_DATE_EPOCH', 0xffff_ffff),
  ];
  const owned = ownerOf(owner);
  if (!toPipe) usable(output, () => placeOf(output));
  if (!usable(dir, () => statSync(dir)).isDirectory())
    throw new UsageError(`cannot pack ${dir}: it is no directory`);
  const members = readTree(dir, {
    ...(owned && { owner: owned }),
    ...(fixed !== undefined && { time: fixed }),
    ...(latest !== undefined && { latest }),
  });
  const now = fixed ?? latest ?? Math.floor(Date.now() / 1000);
  if (table !== undefined)
    usable(table, () => applyTable(readFileSync(table, 'utf8'), table, members, now));
  if (format === 'cpio') for (const warning of packWarnings(members)) log.warn(warning);
  // In an initramfs the top directory is the kernel's own.
  const ordered = inOrder(members).filter(({ name }) => format === 'ext2' || name !== '.');
  const method = compress === 'none' ? null : compress;
  const bytes = count(size, '--size');
  if (toPipe) await toStream(process.stdout, cpioBytes(ordered, method));
  else
    await writeRamdisk(ordered, resolve(output), {
      format,
      method,
      uimage: uimage ?? null,
      time: now,
      ...(arch && { arch }),
      ...(bytes !== undefined && { size: bytes }),
    });
  finish(EXIT.done);
}

/** The directory to unpack to: new, or empty. Returns whether it was made. */
function emptyDirectory(dir: string): boolean {
  try {
    mkdirSync(dir);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new Error(`cannot make directory ${dir}: ${(error as Error).message}`);
  }
  let names;
  try {
    names = readdirSync(dir);
  } catch (error) {
    throw new UsageError(`cannot unpack to ${dir}: ${(error as Error).message}`);
  }
  if (names.length > 0)
    throw new UsageError(
      `cannot unpack to ${dir}: it is not empty, and what is in it could be overwritten; name a new directory`,
    );
  return false;
}

async function unpack(
  {
    file,
    dir,
    limit,
    table,
  }: { file: string; dir: string; limit: string | undefined; table: string | undefined },
  { log, finish }: Deps,
): Promise<void> {
  const { readRamdisk } = await import('../../ramdisk/kernel-reader.js');
  const { UnpackError, Unpacker } = await import('../../ramdisk/unpack.js');
  const { problemText } = await import('../../ramdisk/ramdisk-problem.js');
  const { handedOver } = await import('../../ramdisk/uimage.js');
  const most = count(limit, '--limit');
  if (table !== undefined && existsSync(table))
    throw new UsageError(`cannot write the table ${table}: it exists; name a new file`);
  const privileged = process.getuid?.() === 0;
  let problems = 0;
  const told = (problem: RamdiskProblem): void => {
    problems++;
    log.warn(`at byte ${problem.offset} of ${file}: ${problemText(problem)}`);
  };
  const unpacker = await reading(file, async (all) => {
    const { uimage, source, verify } = await handedOver(all);
    const made = emptyDirectory(dir);
    const { bavail, bsize } = statfsSync(dir);
    const makeNode = privileged ? (await import('../../system/ffi.js')).system.makeNode : null;
    const unpacker = new Unpacker(resolve(dir), {
      limit: most ?? Math.floor(bavail * bsize * 0.9),
      privileged,
      makeNode,
    });
    try {
      const complaint = await readRamdisk(source, unpacker, { onProblem: told });
      if (complaint !== null && unpacker.members === 0) {
        if (made) rmSync(dir, { recursive: true });
        throw new Error(
          `nothing could be unpacked from ${file}${uimage === null ? '' : ' behind its U-Boot header'}; \`mountroot ramdisk list\` says what it is`,
        );
      }
      const unfit = await verify();
      if (unfit !== null) told(unfit);
      return unpacker;
    } catch (error) {
      throw error instanceof UnpackError
        ? new Error(`cannot unpack all of ${file} to ${dir}: ${error.message}`)
        : error;
    } finally {
      unpacker.end();
    }
  });
  for (const warning of unpacker.warnings) log.warn(warning);
  if (table !== undefined)
    writeFileSync(table, unpacker.table.map((line) => `${line}\n`).join(''), { flag: 'wx' });
  else if (unpacker.table.length > 0)
    log.warn(
      `${unpacker.table.length} owners or device nodes could not be made without being root; \`--table FILE\` keeps them for \`ramdisk pack --table\``,
    );
  finish(problems > 0 ? EXIT.problems : EXIT.done);
}

/** `ramdisk pack|list|unpack|locate`. */
export function ramdiskCommand(y: Argv, deps: Deps): Argv {
  return y.command(
    'ramdisk <what>',
    'make and read initrd images; where the kernel was told that its initrd lies',
    (parser) =>
      locateCommand(
        parser
          .command(
            'pack <dir>',
            'a directory as a ramdisk',
            (p) =>
              p
                .positional('dir', {
                  type: 'string',
                  demandOption: true,
                  describe: 'what is to be the root',
                })
                .option('output', {
                  alias: 'o',
                  ...one('where to; without it to the standard output'),
                })
                .option('compress', {
                  choices: [...METHODS, 'none'] as const,
                  default: 'gzip' as const,
                  coerce: lastValue<PackOptions['compress']>,
                  describe: 'how; the kernel must have been built with it (CONFIG_RD_…)',
                })
                .option('format', {
                  choices: ['cpio', 'ext2'] as const,
                  default: 'cpio' as const,
                  coerce: lastValue<PackOptions['format']>,
                  describe: 'an archive for an initramfs, or a file system image for /dev/ram0',
                })
                .option(
                  'table',
                  one('owners, modes and device nodes, as makedevs and Buildroot have them'),
                )
                .option('owner', one('UID:GID of all, but for what the table says'))
                .option(
                  'time',
                  one('of all, in seconds since 1970; SOURCE_DATE_EPOCH is the latest without it'),
                )
                .option('size', one('of an ext2 image, in bytes (or with K, M, G)'))
                .option('uimage', one("U-Boot's header with this name"))
                .option('arch', {
                  choices: Object.keys(ARCHITECTURES) as Architecture[],
                  coerce: lastValue<PackOptions['arch']>,
                  describe:
                    "the processor in that header, for U-Boot refuses another one's; arm without it",
                })
                .example(
                  '$0 ramdisk pack tree -o ramdisk.img --table devices.txt',
                  'what `mkbootfs tree | minigzip` makes',
                ),
            (args) => pack(args, deps),
          )
          .command(
            'list [file]',
            'what is in a ramdisk, and what the kernel would say to it',
            (p) =>
              p
                .positional('file', {
                  type: 'string',
                  default: '-',
                  describe: 'the ramdisk; - is the standard input',
                })
                .nargs('file', 1)
                .option('json', { boolean: true, default: false, describe: 'as data' })
                .example('$0 ramdisk list initrd.img', "with the kernel's own complaints"),
            ({ file, json }) => list(file, json, deps),
          )
          .command(
            'unpack <file> <dir>',
            'a ramdisk into a new directory, as the kernel would',
            (p) =>
              p
                .positional('file', {
                  type: 'string',
                  demandOption: true,
                  describe: 'the ramdisk; - is the standard input',
                })
                .nargs('file', 1)
                .positional('dir', {
                  type: 'string',
                  demandOption: true,
                  describe: 'a directory that is new or empty',
                })
                .option(
                  'limit',
                  one(
                    'bytes after which it stops (or with K, M, G); nine tenths of what is free without it',
                  ),
                )
                .option(
                  'table',
                  one('a new file for the owners and device nodes that could not be made here'),
                )
                .example(
                  '$0 ramdisk unpack initrd.img tree',
                  'to look at it, or change it and pack it again',
                ),
            (args) => unpack(args, deps),
          )
          .example(
            '$0 ramdisk list initrd.img',
            'what is in it; `ramdisk pack --help` and so on say more',
          )
          .demandCommand(1, 'say what to do with a ramdisk: pack, list, unpack or locate')
          .strict(),
        deps,
      ),
  );
}
