import t from 'tap';
import {
  obstacleTo,
  type Initramfs,
  type SwitchFacts,
} from '../../../src/distribution/enable-checks.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import type { Facts } from '../../../src/facts/facts.js';
import { boardFacts, device, mount, withFilesystems } from '../../fixtures/facts.js';

const image = (changes: Partial<Initramfs> = {}): Initramfs => ({
  release: '6.12',
  file: '/boot/initrd.img-6.12',
  bytes: 25 << 20,
  hasPart: true,
  ...changes,
});

/** A Debian on a disk, with a second disk for the changes. */
const debian = (): Facts => {
  const root = { fstype: 'ext4', source: '/dev/vda', device: '254:0' };
  return boardFacts({
    mtd: [],
    kernel: { ...boardFacts().kernel, filesystems: ['proc', 'sysfs', 'tmpfs', 'ext4', 'overlay'] },
    mounts: [
      mount('/', { ...root, id: 1, parent: 0 }),
      ...boardFacts().mounts.filter(({ mountpoint }) => mountpoint !== '/'),
    ],
    volume: {
      wanted: 'LABEL=data',
      found: [device({ kind: 'block', name: 'vdb', source: '/dev/vdb', number: '254:16' })],
      content: { kind: 'ext4', evidence: 'a superblock' },
      attach: null,
    },
  });
};

function inputs(changes: Partial<SwitchFacts> = {}, facts = debian()): SwitchFacts {
  const way = changes.way ?? 'persistent';
  return {
    facts,
    way,
    decision: planWhole(way === 'volatile' ? 'ram' : 'start', facts, {
      dryRun: true,
      force: false,
    }),
    enabled: null,
    images: [image()],
    bootFree: 1 << 30,
    missing: [],
    lacking: [],
    settingsTrouble: null,
    ...changes,
  };
}

t.test('a sound Debian can be switched on, both ways', async (t) => {
  t.equal(obstacleTo(inputs()), null);
  t.equal(obstacleTo(inputs({ way: 'volatile' })), null);
});

t.test('each obstacle is found before anything is changed', async (t) => {
  const facts = debian();
  const nowhere = { wanted: 'rootfs_data', found: [], content: null, attach: null };
  const overlaid = {
    ...facts,
    mounts: facts.mounts.map((each) =>
      each.mountpoint === '/' ? { ...each, fstype: 'overlay' } : each,
    ),
  };
  const used = { ...facts, mounts: [...facts.mounts, mount('/srv', { device: '254:16' })] };
  const cases: [string, SwitchFacts, RegExp][] = [
    ['not-root', inputs({}, { ...facts, uid: 1000 }), /user 1000/],
    ['overlay', inputs({}, overlaid), /already is an overlay/],
    ['no-part', inputs({ missing: ['/usr/lib/mountroot/preinit'] }), /preinit is missing/],
    ['no-initramfs-tools', inputs({ lacking: ['update-initramfs'] }), /no update-initramfs/],
    ['no-initramfs', inputs({ images: [] }), /initrd\.img-RELEASE/],
    ['settings', inputs({ settingsTrouble: '/etc/mountroot.json is no JSON' }), /no JSON/],
    ['no-volume', inputs({}, { ...facts, volume: nowhere }), /no volume "rootfs_data"/],
    ['volume-in-use', inputs({}, used), /mounted on \/srv/],
    ['shortfall', inputs({}, withFilesystems(['ext4', 'tmpfs'], facts)), /overlay/],
    ['no-room', inputs({ images: [image({ hasPart: false })], bootFree: 1 << 20 }), /1 MiB free/],
  ];
  for (const [code, input, found] of cases) {
    const obstacle = obstacleTo(input);
    t.match(obstacle, { code, found }, code);
    t.notMatch(`${obstacle?.found}${obstacle?.cure}`, /\n|undefined|\.$/, 'parts of one sentence');
  }
});

t.test('a machine whose initramfs has our part needs no room in /boot', async (t) => {
  t.equal(obstacleTo(inputs({ bootFree: 0 })), null);
});

t.test('a root in memory with paths that last is what was asked for', async (t) => {
  const facts = {
    ...debian(),
    persist: [{ path: '/srv', at: '/srv', kind: 'directory' as const }],
  };
  const { configuration } = facts;
  const asked = {
    ...facts,
    configuration: {
      ...configuration,
      settings: { ...configuration.settings, persist: ['/srv'] },
    },
  };
  t.equal(obstacleTo(inputs({}, asked)), null);
  const file = { ...asked, persist: [{ ...asked.persist[0]!, kind: 'file' as const }] };
  t.match(obstacleTo(inputs({}, file)), { code: 'shortfall', found: /\/srv is a file/ });
});
