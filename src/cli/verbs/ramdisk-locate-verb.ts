import {
  locate,
  locatedIn,
  type LocateInput,
  type Located,
} from '../../explain/locate/locate-ramdisk.js';
import { renderLocated } from '../../explain/locate/locate-text.js';
import { isAtags, parseAtags } from '../../facts/atags.js';
import { isDeviceTree, parseDeviceTree, readDeviceTree } from '../../facts/device-tree.js';
import { readWhole } from '../../facts/read-whole.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { orElse } from '../../system/or-else.js';
import { SystemError } from '../../system/system-error.js';
import { fromFile } from '../from-file.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';

/** A file's device tree blob or tag list, which its first bytes distinguish. */
const handedOverIn = (file: string): LocateInput =>
  fromFile(file, (bytes) => {
    if (isDeviceTree(bytes))
      return { commandLine: null, deviceTree: parseDeviceTree(bytes), atags: null };
    if (isAtags(bytes)) return { commandLine: null, deviceTree: null, atags: parseAtags(bytes) };
    throw new Error('it is neither a device tree blob (d00dfeed) nor a tag list (ATAG_CORE)');
  });

/** The boot loader's hand-over to the running kernel. */
const handedOverHere = (): LocateInput => ({
  commandLine: orElse(null, () => reader.readText('/proc/cmdline').trimEnd()),
  deviceTree:
    orElse(null, () => parseDeviceTree(readWhole(reader, '/sys/firmware/fdt'))) ??
    readDeviceTree(reader),
  atags: orElse(null, () => parseAtags(readWhole(reader, '/proc/atags'))),
});

/** Runs `look` on a file that the user names. @throws {UsageError} */
async function looking<T>(file: string, look: (file: string) => Promise<T>): Promise<T> {
  try {
    return await look(file);
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(error instanceof SystemError ? message : `cannot use ${file}: ${message}`);
  }
}

async function locatedFor(file: string | undefined, initrd: string | undefined): Promise<Located> {
  const { bootImageIn, handedBytes } = await import('../../explain/locate/boot-image.js');
  const image = file === undefined || file === '-' ? null : await looking(file, bootImageIn);
  if (image !== null) return locatedIn(image);
  const ramdisk =
    initrd === undefined ? null : { file: initrd, bytes: await looking(initrd, handedBytes) };
  return locate(file === undefined ? handedOverHere() : handedOverIn(file), ramdisk);
}

export const ramdiskLocateVerb = verb({
  name: 'locate',
  summary: 'where the boot loader told the kernel to find its initrd',
  positionals: {
    file: {
      type: 'optional',
      completes: 'paths',
      describe:
        'a device tree blob or a tag list, in place of those of this machine; or a boot image, ' +
        'in which the ramdisk lies',
    },
  },
  options: {
    json: { type: 'flag', describe: 'as data' },
    initrd: {
      type: 'text',
      argument: 'FILE',
      describe: 'the ramdisk, to compare its size with what the kernel is told',
    },
  },
  examples: [
    ['$0 ramdisk locate', 'on the board'],
    ['$0 ramdisk locate board.dtb', 'for a device tree that is not booted yet'],
    ['$0 ramdisk locate boot.img', 'where the ramdisk is in an image of Android, U-Boot or a FIT'],
  ],
  overSsh: { options: ['json'] },
  exits: [],
  run: async ({ file, json, initrd }, { print }) => {
    const located = await locatedFor(file, initrd);
    print(json ? jsonText(located) : renderLocated(located));
    return EXIT.done;
  },
});
