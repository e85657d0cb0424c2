import fc from 'fast-check';
import t from 'tap';
import { locate, type LocateInput } from '../../../../src/explain/locate/locate-ramdisk.js';
import { renderLocated } from '../../../../src/explain/locate/locate-text.js';
import { parseAtags } from '../../../../src/facts/atags.js';
import { parseDeviceTree } from '../../../../src/facts/device-tree.js';
import {
  ATAG_MEM,
  blob,
  initrd2,
  tag,
  tagList,
  withInitrd,
} from '../../../fixtures/boot-loader.js';

const NOTHING: LocateInput = { commandLine: null, deviceTree: null, atags: null };
const tree = (...place: Parameters<typeof withInitrd>): LocateInput => ({
  ...NOTHING,
  deviceTree: parseDeviceTree(withInitrd(...place)),
});

t.test('a device tree gives the address of an initrd, in both widths of cells', async (t) => {
  for (const [size, note] of [
    [4, '32-bit cells'],
    [8, '64-bit cells'],
  ] as const)
    t.match(locate(tree(0x6800_0000, 0x6800_01ff, size)), {
      claims: [
        {
          source: '/chosen',
          start: 0x6800_0000,
          end: 0x6800_01ff,
          size: 511,
          aligned: true,
          inMemory: true,
          reserved: '',
          note,
        },
      ],
      agree: null,
      taken: '/chosen',
      problems: [],
    });
});

t.test('the reservation that covers it is named', async (t) => {
  t.match(locate(tree(0x6800_0000, 0x6800_1000, 4, [[0x6800_0000n, 0x2000n]])).claims, [
    { reserved: 'the entry 0x68000000+0x2000' },
  ]);
  t.match(locate(tree(0x6f00_0000, 0x6f00_1000)).claims, [
    { reserved: '/reserved-memory/log@6f000000' },
  ]);
  t.match(
    locate(tree(0x6800_0000, 0x6800_3000, 4, [[0x6800_0000n, 0x2000n]])).claims,
    [{ reserved: '' }],
    'one that covers a part is none',
  );
  const { deviceTree } = tree(0x6800_0000, 0x6800_1000);
  t.match(
    locate({ ...NOTHING, deviceTree: { ...deviceTree!, reservations: null } }).claims,
    [{ reserved: null }],
    'and a table that was not to be read is not known',
  );
});

t.test('the command line overrides the device tree, and a difference is reported', async (t) => {
  const told = locate({
    ...tree(0x6800_0000, 0x6800_1000),
    commandLine: 'initrd=0x64000000,511',
  });
  t.match(told, {
    taken: 'command line',
    agree: false,
    claims: [{ source: 'command line', size: 511 }, { source: '/chosen' }],
  });
  t.match(told.problems, [/do not agree: the kernel takes the command line's/]);
  t.match(locate({ ...tree(0x6800_0000, 0x6800_1000), commandLine: 'initrd=0x68000000,4096' }), {
    agree: true,
    problems: [],
  });
});

t.test('a tag list gives a physical address, and an old one a virtual address', async (t) => {
  const list = (...tags: Buffer[]): LocateInput => ({
    ...NOTHING,
    atags: parseAtags(tagList(ATAG_MEM, ...tags)),
  });
  t.match(locate(list(initrd2(0x6800_0000, 511))), {
    taken: 'ATAG_INITRD2',
    claims: [{ inMemory: true, reserved: null }],
  });
  t.match(locate(list(tag(0x54410005, 0xc800_0000, 511))), {
    taken: 'ATAG_INITRD',
    claims: [{ inMemory: null, note: /virtual/ }],
  });
});

t.test('initrds that the kernel would refuse or ignore are reported', async (t) => {
  t.match(locate(tree(0x2000_0000, 0x2000_1000)).problems, [/does not lie in memory/]);
  t.match(
    locate(tree(0x6fff_f000, 0x7000_1000)).problems,
    [/does not lie in memory/],
    'nor partly',
  );
  t.match(locate(tree(0x6800_1000, 0x6800_0000)), {
    claims: [],
    taken: null,
    problems: [/ends at 0x68000000, before its start/],
  });
  t.match(locate(tree(0x6800_0000, 0x6800_0000)), { taken: null, problems: [/without a byte/] });
  t.match(locate({ ...NOTHING, commandLine: 'initrd=/boot/initrd.img' }), {
    claims: [],
    problems: [/not ADDRESS,SIZE/],
  });
  const half = parseDeviceTree(
    blob({ children: { chosen: { properties: { 'linux,initrd-end': [1] } } } }),
  );
  t.match(locate({ ...NOTHING, deviceTree: half }).problems, [/has only linux,initrd-end/]);
  t.match(locate(tree(0x6800_0001, 0x6800_1000)).claims, [{ aligned: false }]);
});

t.test('the table for a person fits in 80 columns', async (t) => {
  t.equal(
    renderLocated(
      locate({
        ...tree(0x6800_0000, 0x6800_01ff, 8, [[0x6800_0000n, 0x1000n]]),
        commandLine: 'initrd=0x64000000,511',
      }),
    ),
    `told by       start       end         size   in memory  page  reserved
command line  0x64000000  0x640001ff  511 B  yes        yes   no
/chosen       0x68000000  0x680001ff  511 B  yes        yes   yes
/chosen: 64-bit cells; reserved by the entry 0x68000000+0x1000
The kernel takes what command line says.
Memory: 0x60000000-0x70000000
! command line and /chosen do not agree: the kernel takes the command line's
`,
  );
  t.equal(renderLocated(locate(NOTHING)), 'Nothing tells the kernel of an initrd.\n');
});

t.test('any hand-over has a table', async () => {
  const number = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0));
  const handOver = fc.record({
    start: number,
    end: number,
    at: number,
    size: number,
    commandLine: fc.string(),
  });
  fc.assert(
    fc.property(handOver, ({ start, end, at, size, commandLine }) => {
      const told = locate({
        commandLine,
        deviceTree: parseDeviceTree(withInitrd(start, end, 8)),
        atags: parseAtags(tagList(initrd2(at, size))),
      });
      return renderLocated(told).length > 0 && (told.taken === null || told.claims.length > 0);
    }),
    { numRuns: 500 },
  );
});
