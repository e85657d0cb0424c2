import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { locate, renderLocated, type LocateInput } from '../../explain/locate-ramdisk.js';
import { isAtags, parseAtags } from '../../facts/atags.js';
import { isDeviceTree, parseDeviceTree, readDeviceTree } from '../../facts/device-tree.js';
import { readWhole } from '../../facts/origin.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { SystemError } from '../../system/system-error.js';
import { UsageError } from '../usage-error.js';
import { orElse } from '../../system/or-else.js';

/** How a command prints, and ends. */
export interface CommandDeps {
  print: (text: string) => void;
  finish: (status: number) => void;
}

/**
 * The console of months may be long, and its last boots are at its end: more is refused by none,
 * and read to here.
 */
const MOST = 256 << 20;

/**
 * What a file the user named holds, `-` for standard input, parsed; what is wrong with it is said
 * with its name.
 */
export function fromFile<T>(file: string, parse: (bytes: Buffer) => T): T {
  try {
    return parse(file === '-' ? readFileSync(0) : readWhole(reader, file, MOST));
  } catch (error) {
    throw new UsageError(
      error instanceof SystemError
        ? error.message
        : `cannot use ${file}: ${(error as Error).message}`,
    );
  }
}

/** A device tree blob or a tag list, told by how it begins. */
const handedOverIn = (file: string): LocateInput =>
  fromFile(file, (bytes) => {
    if (isDeviceTree(bytes))
      return { commandLine: null, deviceTree: parseDeviceTree(bytes), atags: null };
    if (isAtags(bytes)) return { commandLine: null, deviceTree: null, atags: parseAtags(bytes) };
    throw new Error('it is neither a device tree blob (d00dfeed) nor a tag list (ATAG_CORE)');
  });

/** What the running kernel was told. */
const handedOverHere = (): LocateInput => ({
  commandLine: orElse(null, () => reader.readText('/proc/cmdline').trimEnd()),
  deviceTree:
    orElse(null, () => parseDeviceTree(readWhole(reader, '/sys/firmware/fdt'))) ??
    readDeviceTree(reader),
  atags: orElse(null, () => parseAtags(readWhole(reader, '/proc/atags'))),
});

/** `ramdisk locate`: registered by `ramdisk`. */
export function locateCommand(y: Argv, { print, finish }: CommandDeps): Argv {
  return y.command(
    'locate [file]',
    'where the kernel was told that its initrd lies',
    (parser) =>
      parser
        .positional('file', {
          type: 'string',
          describe: 'a device tree blob or a tag list, in place of those of this machine',
        })
        .option('json', { boolean: true, default: false, describe: 'as data' })
        .example('$0 ramdisk locate', 'on the board')
        .example('$0 ramdisk locate board.dtb', 'for a device tree that is not booted yet'),
    ({ file, json }) => {
      const located = locate(file === undefined ? handedOverHere() : handedOverIn(file));
      print(json ? `${JSON.stringify(located, null, 2)}\n` : renderLocated(located));
      finish(EXIT.done);
    },
  );
}
