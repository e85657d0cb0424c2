/** The driver of a disk, where the kernel mounts its root without an initramfs. */
import t from 'tap';
import { namesRoot } from '../../../../src/explain/story/root-device.js';
import { waitsForRoot } from '../../../../src/explain/story/rootwait.js';
import { storyOf } from '../../../fixtures/story.js';

const DISKS = [
  ['/dev/vda2', 'VIRTIO_BLK'],
  ['/dev/mmcblk0p2', 'MMC_BLOCK'],
  ['/dev/sda1', 'BLK_DEV_SD'],
  ['/dev/nvme0n1p1', 'NVME_CORE'],
] as const;

t.test('a disk whose driver is a module is not there', async (t) => {
  for (const [root, option] of DISKS) {
    const story = storyOf({ commandLine: `root=${root}`, config: { [option]: 'm' } });
    t.match(namesRoot(story), { exists: false, number: '0:0', lacks: option }, root);
    t.match(story.decisions, [
      {
        data: { verdict: 'missing' },
        because: { code: 'driver-not-built-in', option },
        evidence: { kind: 'concluded', from: 'config' },
      },
    ]);
  }
});

t.test('an option that is absent counts only in a whole configuration', async (t) => {
  for (const [root, option] of DISKS) {
    const of = (config: Record<string, string>) =>
      namesRoot(storyOf({ commandLine: `root=${root}`, config })).lacks;
    t.equal(of({ BLOCK: 'y' }), option);
    t.equal(of({}), undefined);
    t.equal(of({ BLOCK: 'y', [option]: 'y' }), undefined);
  }
});

t.test('rootwait waits for it for ever, also if the devices are not known', async (t) => {
  const story = storyOf({
    commandLine: 'root=/dev/mmcblk0p2 rootwait',
    config: { MMC_BLOCK: 'm' },
  });
  t.equal(waitsForRoot(story, namesRoot(story), 0), '/dev/mmcblk0p2');
});

t.test('the device of a machine that is up had its driver', async (t) => {
  const config = { VIRTIO_BLK: 'm' };
  const device = { name: 'vda2', number: '254:2', content: 'unknown', readonly: false } as const;
  const given = { commandLine: 'root=/dev/vda2', config, devices: [device] };
  t.equal(namesRoot(storyOf({ ...given, running: true })).exists, true);
  t.equal(namesRoot(storyOf(given)).exists, false, 'a prediction is about the next boot');
});

t.test("the kernel's own words count before its configuration", async (t) => {
  const story = storyOf({ commandLine: 'root=/dev/vda2', config: { VIRTIO_BLK: 'm' } }, [
    'Linux version 6.1.0',
    'Kernel command line: root=/dev/vda2',
    'VFS: Mounted root (ext4 filesystem) readonly on device 254:2.',
  ]);
  t.match(namesRoot(story), { exists: true, number: '254:2' });
});

t.test('another name has no driver of its own', async (t) => {
  const config = { BLOCK: 'y' };
  for (const root of ['/dev/mtdblock2', 'PARTUUID=1234-02', '/dev/dm-0', '/dev/xvda1'])
    t.equal(namesRoot(storyOf({ commandLine: `root=${root}`, config })).lacks, undefined, root);
});
