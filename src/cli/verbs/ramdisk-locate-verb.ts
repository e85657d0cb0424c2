import { locate, type LocateInput } from '../../explain/locate/locate-ramdisk.js';
import { renderLocated } from '../../explain/locate/locate-text.js';
import { isAtags, parseAtags } from '../../facts/atags.js';
import { isDeviceTree, parseDeviceTree, readDeviceTree } from '../../facts/device-tree.js';
import { readWhole } from '../../facts/read-whole.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { orElse } from '../../system/or-else.js';
import { fromFile } from '../from-file.js';
import { verb } from '../verb-row.js';
import { jsonText } from '../write-report.js';

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

export const ramdiskLocateVerb = verb({
  name: 'locate',
  summary: 'where the boot loader told the kernel to find its initrd',
  positionals: {
    file: {
      type: 'optional',
      completes: 'paths',
      describe: 'a device tree blob or a tag list, in place of those of this machine',
    },
  },
  options: { json: { type: 'flag', describe: 'as data' } },
  examples: [
    ['$0 ramdisk locate', 'on the board'],
    ['$0 ramdisk locate board.dtb', 'for a device tree that is not booted yet'],
  ],
  overSsh: { options: ['json'] },
  exits: [],
  run: ({ file, json }, { print }) => {
    const located = locate(file === undefined ? handedOverHere() : handedOverIn(file));
    print(json ? jsonText(located) : renderLocated(located));
    return EXIT.done;
  },
});
