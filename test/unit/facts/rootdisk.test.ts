import t from 'tap';
import { parseMountinfo } from '../../../src/facts/mountinfo.js';
import { withRootdisk } from '../../../src/facts/rootdisk.js';
import type { Facts } from '../../../src/facts/facts.js';
import { squashfs, treeOf, type ForeignBoard } from '../../fixtures/foreign/board-tree.js';
import { OPENWRT_BOARDS } from '../../fixtures/foreign/openwrt-boards.js';
import { ext4 } from '../../fixtures/superblocks.js';

const pc = OPENWRT_BOARDS.find(({ name }) => name === 'openwrt-x86-loop')!;
const diskOf = (changes: Record<string, string | Uint8Array> = {}, mountinfo = pc.mountinfo) => {
  const board: ForeignBoard = { ...pc, mountinfo, files: { ...pc.files, ...changes } };
  const facts = { mounts: parseMountinfo(mountinfo.replace(/^ +/gm, '')) } as Facts;
  return withRootdisk(treeOf(board), facts).rootdisk;
};

t.test('the data begin behind the squashfs, at the next 64 KiB', async (t) => {
  t.match(diskOf(), {
    device: 'sda2',
    offset: 6_291_456,
    content: { kind: 'f2fs' },
    loop: { name: 'loop0', number: '7:0' },
  });
  const at = 65536;
  t.match(diskOf({ '/dev/sda2': squashfs(65536, [[at, ext4('rootfs_data')]]) }), {
    used: 65536,
    offset: at,
    content: { kind: 'ext4' },
    loop: null,
  });
  t.match(diskOf({ '/dev/sda2': squashfs(65537) }), { offset: 131_072 });
});

t.test('a loop device of another file or another place does not show it', async (t) => {
  t.match(diskOf({ '/sys/class/block/loop0/loop/offset': '0\n' }), { loop: null });
  t.match(diskOf({ '/sys/class/block/loop0/loop/backing_file': '/srv/x.img\n' }), { loop: null });
});

t.test('there is none without a squashfs on a disk, or without room behind it', async (t) => {
  t.equal(diskOf({ '/dev/sda2': ext4('root') }), undefined);
  t.equal(diskOf({ '/dev/sda2': new Uint8Array(8) }), undefined);
  t.equal(diskOf({ '/dev/sda2': squashfs(0) }), undefined);
  t.equal(diskOf({ '/dev/sda2': squashfs(2 ** 60) }), undefined);
  t.equal(diskOf({ '/sys/class/block/sda2/size': '128\n' }), undefined);
  t.equal(diskOf({ '/sys/class/block/sda2/size': 'large\n' }), undefined);
  t.equal(diskOf({}, pc.mountinfo.replace('8:2', '31:2')), undefined, 'flash has partitions');
  t.equal(diskOf({}, pc.mountinfo.replace('squashfs', 'ext4')), undefined);
});
