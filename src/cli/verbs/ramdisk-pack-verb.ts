import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT } from '../../plan/plan.js';
import { ARCHITECTURES, type Architecture } from '../../ramdisk/architectures.js';
import { METHODS } from '../../ramdisk/method.js';
import type { Member } from '../../ramdisk/member.js';
import { wholeNumber } from '../number-words.js';
import { checkNotTerminal, isStdout, writeAllOut } from '../stdout.js';
import { UsageError } from '../usage-error.js';
import { verb, type OptionRows, type OptionValues } from '../verb-row.js';

/** cpio and U-Boot's header hold times of 32 bits. */
const LATEST_TIME = 0xffff_ffff;
/** (uid_t)-1 means no user to chown(2). */
const LARGEST_ID = 0xffff_fffe;

const PROCESSORS = Object.keys(ARCHITECTURES) as Architecture[];

const OPTIONS = {
  output: {
    type: 'text',
    alias: 'o',
    argument: 'FILE',
    describe: 'where to write it; without it the standard output',
  },
  compress: {
    type: 'choice',
    choices: [...METHODS, 'none'],
    default: 'gzip',
    describe: 'the method; the kernel must support it (CONFIG_RD_…)',
  },
  format: {
    type: 'choice',
    choices: ['cpio', 'ext2'],
    default: 'cpio',
    describe: 'an archive for an initramfs, or a file system image for /dev/ram0',
  },
  table: {
    type: 'text',
    argument: 'FILE',
    describe: 'owners, modes and device nodes, in the form of makedevs and Buildroot',
  },
  owner: {
    type: 'text',
    argument: 'TEXT',
    describe: 'UID:GID of all files that are not in the table',
  },
  time: {
    type: 'text',
    argument: 'TEXT',
    describe: 'of all files, in seconds since 1970; without it SOURCE_DATE_EPOCH is the latest',
  },
  size: {
    type: 'text',
    argument: 'TEXT',
    describe: 'of an ext2 image, in bytes (or with K, M, G)',
  },
  uimage: { type: 'text', argument: 'TEXT', describe: "U-Boot's header with this name" },
  arch: {
    type: 'choice',
    choices: PROCESSORS,
    describe: "the processor in that header (arm), because U-Boot refuses another one's",
  },
} as const satisfies OptionRows;

type PackOptions = OptionValues<typeof OPTIONS>;

/** Runs `use` on the file or value of a word on the command line. @throws {UsageError} */
function usable<T>(name: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw new UsageError(code === undefined ? message : `cannot use ${name}: ${message}`);
  }
}

function ownerOf(text: string): { uid: number; gid: number } {
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (uid === undefined || Number(uid) > LARGEST_ID || Number(gid) > LARGEST_ID)
    throw new UsageError(`--owner ${JSON.stringify(text)} is not UID:GID in numbers`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** @throws {UsageError} for options that do not go together. */
function checkOptions({ output, format, uimage, arch, size }: PackOptions): void {
  checkNotTerminal('a ramdisk', output);
  if (isStdout(output) && (format === 'ext2' || uimage !== undefined))
    throw new UsageError(
      `${format === 'ext2' ? 'an ext2 image' : "U-Boot's header"} cannot be written to a pipe, ` +
        'because its beginning is written last; name a file with -o',
    );
  if (arch !== undefined && uimage === undefined)
    throw new UsageError("--arch is for U-Boot's header; ask for that with --uimage NAME");
  if (size !== undefined && format !== 'ext2') throw new UsageError('--size is for --format ext2');
}

/** The numbers in the options. */
interface PackNumbers {
  time: number | undefined;
  /** No member is newer than this (SOURCE_DATE_EPOCH, see reproducible-builds.org). */
  latest: number | undefined;
  owner: { uid: number; gid: number } | undefined;
  size: number | undefined;
}

function numbersOf({ time, owner, size }: PackOptions): PackNumbers {
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  return {
    time: time === undefined ? undefined : wholeNumber(time, '--time', LATEST_TIME),
    latest: epoch === undefined ? undefined : wholeNumber(epoch, 'SOURCE_DATE_EPOCH', LATEST_TIME),
    owner: owner === undefined ? undefined : ownerOf(owner),
    size: size === undefined ? undefined : wholeNumber(size, '--size'),
  };
}

/** The members of a ramdisk by name, with the requested owners and times. */
async function membersOf(
  dir: string,
  { table }: PackOptions,
  { time, latest, owner }: PackNumbers,
  warn: (text: string) => void,
): Promise<Map<string, Member>> {
  const { readTree } = await import('../../ramdisk/source-tree.js');
  const { applyTable } = await import('../../ramdisk/table.js');
  const members = readTree(dir, {
    ...(owner && { owner }),
    ...(time !== undefined && { time }),
    ...(latest !== undefined && { latest }),
  });
  if (table !== undefined)
    usable(table, () =>
      applyTable(readFileSync(table, 'utf8'), table, members, timeOf({ time, latest })),
    ).forEach(warn);
  return members;
}

const timeOf = ({ time, latest }: Pick<PackNumbers, 'time' | 'latest'>): number =>
  time ?? latest ?? Math.floor(Date.now() / 1000);

export const ramdiskPackVerb = verb({
  name: 'pack',
  summary: 'a directory as a ramdisk',
  positionals: {
    dir: { type: 'required', completes: 'paths', describe: 'the directory that becomes the root' },
  },
  options: OPTIONS,
  examples: [
    [
      '$0 ramdisk pack tree -o ramdisk.img --table devices.txt',
      'what `mkbootfs tree | minigzip` makes',
    ],
  ],
  overSsh: null,
  exits: [],
  run: async ({ dir, ...options }, { log }) => {
    checkOptions(options);
    const numbers = numbersOf(options);
    const { cpioBytes, checkPlace, writeRamdisk } = await import('../../ramdisk/write.js');
    const { packWarnings } = await import('../../ramdisk/pack.js');
    const { output, format, uimage, arch } = options;
    if (!isStdout(output)) usable(output, () => checkPlace(output));
    if (!usable(dir, () => statSync(dir)).isDirectory())
      throw new UsageError(`cannot pack ${dir}: it is no directory`);
    const members = await membersOf(dir, options, numbers, (text) => log.warn(text));
    if (format === 'cpio') for (const warning of packWarnings(members)) log.warn(warning);
    const { membersInOrder } = await import('../../ramdisk/source-tree.js');
    // The top directory of an initramfs is the kernel's own.
    const ordered = membersInOrder(members).filter(({ name }) => format === 'ext2' || name !== '.');
    const method = options.compress === 'none' ? null : options.compress;
    if (isStdout(output)) await writeAllOut(cpioBytes(ordered, method));
    else
      await writeRamdisk(ordered, resolve(output), {
        format,
        method,
        uimage: uimage ?? null,
        time: timeOf(numbers),
        ...(arch && { arch }),
        ...(numbers.size !== undefined && { size: numbers.size }),
      });
    return EXIT.done;
  },
});
