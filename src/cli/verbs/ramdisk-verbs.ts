import type { VerbGroup } from '../verb-row.js';
import { ramdiskListVerb } from './ramdisk-list-verb.js';
import { ramdiskLocateVerb } from './ramdisk-locate-verb.js';
import { ramdiskPackVerb } from './ramdisk-pack-verb.js';
import { ramdiskUnpackVerb } from './ramdisk-unpack-verb.js';

export const ramdiskVerbs: VerbGroup = {
  name: 'ramdisk',
  summary: 'make and read initrd images; where the kernel was told to find its initrd',
  second: 'what',
  missing: 'say what to do with a ramdisk: pack, list, unpack or locate',
  keepsFile: true,
  examples: [
    ['$0 ramdisk list initrd.img', 'the files in it; `ramdisk pack --help` and so on say more'],
  ],
  verbs: [ramdiskPackVerb, ramdiskListVerb, ramdiskUnpackVerb, ramdiskLocateVerb],
};
