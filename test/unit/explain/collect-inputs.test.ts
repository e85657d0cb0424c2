import t from 'tap';
import { explain } from '../../../src/explain/explanation.js';
import { parseDeviceTree } from '../../../src/facts/device-tree.js';
import { parseMountinfo } from '../../../src/facts/mountinfo.js';
import { BOARD_STARTED } from '../../fixtures/captures.js';
import { withInitrd } from '../../fixtures/boot-loader.js';
import {
  NOTHING,
  LOST,
  MTDPARTS,
  answer,
  board,
  changedFacts,
  foretold,
  here,
} from '../../fixtures/explained.js';

t.test('another partition table discards the knowledge about flash', async (t) => {
  const told = foretold('root=/dev/mtdblock5 mtdparts=other:1m(a)', { facts: board });
  t.match(told.end, { kind: 'unknown' });
  t.equal(told.decisions.find(({ id }) => id === 'mount')?.certain, false);
});

t.test('a device tree in a file gives command line and hand-over', async (t) => {
  const told = explain({
    ...NOTHING,
    deviceTree: parseDeviceTree(withInitrd(0x6800_0000, 0x6800_1000)),
  });
  t.match(told, {
    of: 'a command line',
    model: 'Some Board',
    commandLine: 'console=ttyAMA0 ro',
    decisions: [{}, {}, { id: 'initrd', answer: 'yes', evidence: 'device-tree' }],
  });
});

t.test('the tags of a boot loader name a root, and make it writable', async (t) => {
  const atags = {
    root: '31:2',
    readonly: false,
    memory: [],
    initrd: null,
    ramdisk: null,
    commandLine: null,
    tags: [],
  };
  const told = foretold(MTDPARTS, {
    facts: changedFacts({ atags, deviceTree: null }),
  });
  t.match(answer(told, 'root-device'), /31:2/);
  t.match(answer(told, 'mount'), /^yes: squashfs, read-only/, 'but squashfs cannot be written');
});

t.test('a running board without its log is explained by its mounts, and says so', async (t) => {
  const told = here(LOST, { mounts: parseMountinfo(BOARD_STARTED) });
  t.match(answer(told, 'mount'), /^yes: squashfs on 31:2, read-only/);
  t.equal(told.decisions.find(({ id }) => id === 'mount')?.evidence, 'facts');
  t.match(told.unknown, [/no longer goes back to the boot \(it begins 60\.0 s after it\)/]);
  t.same(told.contradictions, []);
});

t.test('the kernel still shows an image that came before the root, without its log', async (t) => {
  const told = here(
    { ...LOST, realRootDevice: '31:2', deviceTree: null },
    { mounts: parseMountinfo(BOARD_STARTED) },
  );
  t.equal(answer(told, 'initrd'), 'yes');
  t.match(answer(told, 'initrd-kind'), /^no/);
  t.match(answer(told, 'linuxrc'), /^yes/);
  t.match(answer(told, 'mount'), /^yes: squashfs on 31:2/);
  t.same(told.contradictions, []);
});

t.test('a root that is still rootfs was filled by a ramdisk', async (t) => {
  const mounts = parseMountinfo('1 1 0:2 / / rw - rootfs rootfs rw,size=100k\n');
  const told = here(
    { ...LOST, init: { program: '/init', args: ['/init'] } },
    { mounts, kernel: { ...board.kernel, commandLine: 'console=ttyAMA0' } },
  );
  t.match(told.end, { kind: 'runs', program: '/init', root: 'rootfs' });
});

t.test('a running system has not panicked, whatever the prediction', async (t) => {
  const told = here(
    { ...LOST, init: { program: '/sbin/init', args: ['init'] } },
    { mounts: [], kernel: { ...board.kernel, commandLine: 'root=/dev/nosuch init=/nosuch' } },
  );
  t.equal(told.end.kind, 'runs');
  t.equal(told.advice, null);
});
