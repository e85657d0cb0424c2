import { execFileSync, spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { AtagsError, isAtags, parseAtags } from '../../../src/facts/atags.js';
import {
  DeviceTreeError,
  isDeviceTree,
  parseDeviceTree,
  readBlob,
  readDeviceTree,
} from '../../../src/facts/device-tree.js';
import {
  KernelConfigError,
  parseKernelConfig,
  settingIn,
  readKernelConfig,
} from '../../../src/facts/kernel-config.js';
import { reader } from '../../../src/system/files.js';
import { FILE_SYSTEMS } from '../../../src/volumes/file-systems.js';
import {
  ATAG_CORE,
  ATAG_MEM,
  blob,
  commandLineTag,
  initrd2,
  tag,
  tagList,
  withInitrd,
} from '../../fixtures/boot-loader.js';

const RUNS = { numRuns: 1000 };

/** Bytes with a few of them changed, and the end cut off. */
const damaged = (bytes: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
        maxLength: 8,
      }),
      fc.nat(bytes.length),
    )
    .map(([edits, length]) => {
      const out = Buffer.from(bytes);
      for (const [at, by] of edits) out[at] = by;
      return out.subarray(0, edits.length % 2 ? bytes.length : length);
    });

/** A parser throws only its declared error, and the message is one sentence. */
const onlyThrows = (kind: new (message: string) => Error, call: () => unknown): boolean => {
  try {
    call();
    return true;
  } catch (error) {
    return error instanceof kind && !error.message.includes('\n');
  }
};

t.test('a blob gives the address of the initrd, in cells of 32 and of 64 bits', async (t) => {
  for (const size of [4, 8] as const)
    t.match(parseDeviceTree(withInitrd(0x6800_0000, 0x6800_01ff, size)), {
      model: 'Some Board',
      compatible: ['some,board', 'some'],
      cells: { address: 1, size: 1 },
      bootargs: 'console=ttyAMA0 ro',
      initrd: { start: 0x6800_0000, end: 0x6800_01ff, bytes: [size, size] },
      memory: [{ start: 0x6000_0000, size: 0x1000_0000 }],
      reserved: [{ name: 'log@6f000000', start: 0x6f00_0000, size: 0x10_0000 }],
    });
});

t.test('the reservation table and 64-bit memory are read', async (t) => {
  const wide = blob(
    {
      properties: { '#address-cells': [2], '#size-cells': [2] },
      children: {
        memory: {
          properties: { device_type: 'memory', reg: [8, 0x8000_0000, 0, 0x4000_0000, 0, 0] },
        },
      },
    },
    [[0x8_8000_0000n, 0x1000n]],
  );
  const tree = parseDeviceTree(wide);
  t.same(
    tree.memory,
    [{ start: 0x8_8000_0000, size: 0x4000_0000 }],
    'and what is left over at the end of reg is no region',
  );
  t.same(tree.reservations, [{ start: 0x8_8000_0000, size: 4096 }]);
  t.same([tree.bootargs, tree.initrd], [null, { start: null, end: null, bytes: [] }]);
});

t.test(
  'blobs of the device tree compiler are read',
  { skip: spawnSync('dtc', ['--version']).status !== 0 && 'there is no dtc' },
  async (t) => {
    const source =
      '/dts-v1/; /memreserve/ 0x68000000 0x1000; / { #address-cells = <1>; #size-cells = ' +
      '<1>; model = "X"; compatible = "x,y"; chosen { bootargs = "a b"; linux,' +
      'initrd-start = <0x68000000>; linux,initrd-end = <0x68001000>; }; memory { ' +
      'device_type = "memory"; reg = <0x60000000 0x10000000>; }; };';
    for (const version of ['16', '17']) {
      const tree = parseDeviceTree(
        execFileSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-V', version], { input: source }),
      );
      t.match(
        tree,
        {
          model: 'X',
          bootargs: 'a b',
          initrd: { start: 0x6800_0000, end: 0x6800_1000 },
          reservations: [{ start: 0x6800_0000, size: 0x1000 }],
        },
        `version ${version}`,
      );
    }
  },
);

t.test("the running kernel's device tree is read from its files", async (t) => {
  const top = t.testdir({
    tree: {
      model: 'X\0',
      '#address-cells': '\0\0\0\x01',
      '#size-cells': '\0\0\0\x01',
      chosen: {
        bootargs: 'ro\0',
        'linux,initrd-start': 'h\0\0\0',
        'linux,initrd-end': 'h\0\x10\0',
      },
      'memory@60000000': { device_type: 'memory\0', reg: '\x60\0\0\0\x10\0\0\0' },
      cpus: { 'cpu@0': {} },
    },
  });
  t.match(readDeviceTree(reader, `${top}/tree`), {
    model: 'X',
    bootargs: 'ro',
    initrd: { start: 0x6800_0000, end: 0x6800_1000 },
    memory: [{ start: 0x6000_0000, size: 0x1000_0000 }],
    reservations: null,
  });
  t.equal(readDeviceTree(reader, `${top}/none`), null);
});

t.test('nodes deeper than what is understood are checked and not kept', async (t) => {
  const leaf = { properties: { deep: Buffer.from('x\0') } };
  const bytes = blob({
    properties: { model: Buffer.from('M\0') },
    children: { a: { children: { b: { children: { c: { children: { d: leaf } }, e: leaf } } } } },
  });
  const kept = readBlob(bytes, { kept: 3 }).root.children.get('a')!.children.get('b')!;
  t.equal(kept.children.size, 0);
  const all = readBlob(bytes).root.children.get('a')!.children.get('b')!;
  t.equal(all.children.get('c')!.children.get('d')!.properties.get('deep')!.toString(), 'x\0');
  t.equal(parseDeviceTree(bytes).model, 'M');
});

t.test('a damaged blob is read, or refused with one sentence', async (t) => {
  const whole = withInitrd(0x6800_0000, 0x6800_1000, 8, [[1n, 2n]]);
  fc.assert(
    fc.property(
      fc.oneof(
        damaged(whole),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => (isDeviceTree(bytes), onlyThrows(DeviceTreeError, () => parseDeviceTree(bytes))),
    ),
    RUNS,
  );
  const nested = blob(
    Array.from({ length: 100 }).reduce<object>((inner) => ({ children: { x: inner } }), {}),
  );
  t.throws(() => parseDeviceTree(nested), { name: 'DeviceTreeError', message: /too deep/ });
  t.throws(() => parseDeviceTree(Buffer.from('no tree')), { name: 'DeviceTreeError' });
});

t.test('a tag list gives memory, root, initrd and command line', async (t) => {
  const list = parseAtags(
    tagList(
      ATAG_MEM,
      initrd2(0x6800_0000, 511),
      commandLineTag('console=ttyAMA0'),
      tag(0x54410004, 1, 8192, 0),
    ),
  );
  t.match(list, {
    root: '31:2',
    readonly: true,
    memory: [{ start: 0x6000_0000, size: 0x1000_0000 }],
    initrd: { start: 0x6800_0000, size: 511, virtual: false },
    commandLine: 'console=ttyAMA0',
    ramdisk: { size: 8192, start: 0 },
  });
  t.same(
    list.tags.map(({ name }) => name),
    ['ATAG_CORE', 'ATAG_MEM', 'ATAG_INITRD2', 'ATAG_CMDLINE', 'ATAG_RAMDISK'],
  );
  t.match(parseAtags(tagList(tag(0x54410005, 0xc800_0000, 4096))).initrd, { virtual: true });
});

t.test('a list without its last tag, or in the other byte order, is read too', async (t) => {
  t.match(parseAtags(Buffer.concat([ATAG_CORE, ATAG_MEM])).memory, [{ size: 0x1000_0000 }]);
  t.match(parseAtags(tagList(ATAG_MEM).swap32()).memory, [{ start: 0x6000_0000 }]);
});

t.test('a damaged tag list is read, or refused with one sentence', async (t) => {
  const whole = tagList(ATAG_MEM, initrd2(1, 2), commandLineTag('a b'));
  fc.assert(
    fc.property(
      fc.oneof(
        damaged(whole),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => (isAtags(bytes), onlyThrows(AtagsError, () => parseAtags(bytes))),
    ),
    RUNS,
  );
  t.throws(() => parseAtags(whole.subarray(0, whole.length - 12)), { name: 'AtagsError' });
});

t.test('only the deciding options of a kernel configuration are kept', async (t) => {
  const text =
    '#\n# Linux/arm 6.1\n#\nCONFIG_BLK_DEV_INITRD=y\nCONFIG_INITRAMFS_SOURCE=""\n' +
    'CONFIG_CMDLINE="console=ttyAMA0 a=\\"b\\""\n# CONFIG_BLK_DEV_RAM is not set\n' +
    'CONFIG_SQUASHFS=m\nCONFIG_SOUND=y\nCONFIG_BLK_DEV_RAM_SIZE=4096\n';
  const expected = {
    BLK_DEV_INITRD: 'y',
    INITRAMFS_SOURCE: '',
    CMDLINE: 'console=ttyAMA0 a="b"',
    SQUASHFS: 'm',
    BLK_DEV_RAM_SIZE: '4096',
  };
  t.same(parseKernelConfig(text), expected);
  t.same(readKernelConfig(Buffer.from(text)), expected);
  t.same(readKernelConfig(gzipSync(text)), expected, 'as /proc/config.gz has it');
});

t.test('one option of a kernel configuration, wherever it stands', async (t) => {
  const text = 'CONFIG_A=y\nCONFIG_AB=m\r\n# CONFIG_C is not set\nXCONFIG_D=y\nCONFIG_E="f=g"';
  const values = ['A', 'AB', 'B', 'C', 'D', 'E'].map((name) => settingIn(text, name));
  t.same(values, ['y', 'm', null, null, null, '"f=g"']);
});

t.test('the options of every file system are kept, also those for MTD partitions', async (t) => {
  for (const [name, row] of Object.entries(FILE_SYSTEMS)) {
    const { options, mtdOption } = row!;
    for (const option of mtdOption ? [...options, mtdOption] : options)
      t.same(parseKernelConfig(`CONFIG_${option}=y\n`), { [option]: 'y' }, `${name}: ${option}`);
  }
});

t.test('a text that is no configuration is refused with one sentence', async (t) => {
  const whole = gzipSync('CONFIG_BLK_DEV_INITRD=y\n');
  fc.assert(
    fc.property(
      fc.oneof(
        damaged(whole),
        fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => onlyThrows(KernelConfigError, () => readKernelConfig(bytes)),
    ),
    RUNS,
  );
  t.throws(
    () => readKernelConfig(gzipSync(Buffer.alloc(32 << 20))),
    { name: 'KernelConfigError' },
    'nor one that unpacks to very much',
  );
});
