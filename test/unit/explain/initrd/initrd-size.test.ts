import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { explain } from '../../../../src/explain/explanation.js';
import { lookIntoInitrd } from '../../../../src/explain/initrd/initrd-file.js';
import { parseDeviceTree } from '../../../../src/facts/device-tree.js';
import { withInitrd } from '../../../fixtures/boot-loader.js';
import { archive, member } from '../../ramdisk/archives.js';
import { android, uimage } from '../../ramdisk/boot-images.js';

const RAMDISK = gzipSync(archive(member('init')));
const START = 0x6800_0000;

async function contradictions(bytes: Buffer, told: number, cmdline = ''): Promise<string[]> {
  const file = join(t.testdirName, 'initrd');
  writeFileSync(file, bytes);
  const { contradictions } = explain({
    facts: null,
    commandLine: cmdline,
    config: null,
    deviceTree: told === 0 ? null : parseDeviceTree(withInitrd(START, START + told)),
    initrd: await lookIntoInitrd(file, null),
    log: null,
    ours: null,
  });
  return contradictions;
}

t.before(() => t.testdir());

t.test('an initrd-end behind the end of the file, or before it, does not fit', async (t) => {
  const { length } = RAMDISK;
  t.same(await contradictions(RAMDISK, length), []);
  t.match(await contradictions(RAMDISK, length + 512), [
    new RegExp(`told of ${length + 512} bytes, and initrd has ${length}; .* also reads what lies`),
  ]);
  t.match(await contradictions(RAMDISK, length - 1), [/gets it cut short/]);
  t.match(await contradictions(RAMDISK, 0, `initrd=0x68000000,${length + 1}`), [/also reads/]);
  t.same(await contradictions(RAMDISK, 0), [], 'where nothing tells a size');
});

t.test('what the boot loader takes off does not count', async (t) => {
  const { length } = RAMDISK;
  t.same(await contradictions(uimage(3, RAMDISK), length), []);
  const boot = android({ version: 0, kernel: Buffer.alloc(100), ramdisk: RAMDISK });
  t.same(await contradictions(boot, length), []);
  t.match(await contradictions(boot, boot.length), [new RegExp(`has ${length};`)]);
});
