import t from 'tap';
import {
  DEFAULTS,
  SETTING_NAMES,
  SETTING_ORIGINS,
  setWith,
  settingRow,
  type SettingName,
} from '../../../src/facts/setting-rows.js';

t.test('the defaults are those that present boards rely on', async (t) => {
  t.same(DEFAULTS, {
    volume: 'rootfs_data',
    wait: 10,
    boot_limit: 5,
    journal: 8,
    watchdog: '',
    keep: [],
    persist: [],
    extroot: '',
    extroot_target: 'overlay',
    first: 'agent',
    writable_root: 'keep',
    make: 'no',
  });
});

const LONG = 'x'.repeat(255);

/** Values that a setting accepts, with the results, and values that it refuses. */
const VALUES: Record<SettingName, { takes: [given: unknown, value: unknown][]; not: unknown[] }> = {
  volume: { takes: [['mtd3', 'mtd3']], not: ['', 7, null, `${LONG}x`, 'a\nb'] },
  wait: {
    takes: [
      [0, 0],
      ['600', 600],
    ],
    not: [-1, 601, 1.5, '1e3', '', null],
  },
  boot_limit: { takes: [['1000', 1000]], not: [1001, '-1', []] },
  journal: { takes: [[1000, 1000]], not: [1001] },
  watchdog: {
    takes: [
      ['', ''],
      ['/dev/watchdog0', '/dev/watchdog0'],
    ],
    not: ['/etc/passwd', 'watchdog', 7],
  },
  keep: {
    takes: [
      [[], []],
      ['/etc/a,,/etc//b/', ['/etc/a', '/etc/b']],
      [['/etc'], ['/etc']],
    ],
    not: [['/'], '/etc/../x', ['etc'], [7], 7, null],
  },
  persist: {
    takes: [
      [[], []],
      [
        ['/etc/network/', '/var/lib/app'],
        ['/etc/network', '/var/lib/app'],
      ],
      ['/etc,/var', ['/etc', '/var']],
    ],
    not: [
      ['/'],
      ['etc'],
      ['/etc/../x'],
      ['/etc', '/etc/network'],
      ['/etc', '/etc/'],
      ['/proc/x'],
      ['/run'],
      ['/dev'],
      ['/tmp/x'],
      ['/overlay/upper'],
      ['/mnt'],
      [`/${LONG}`],
      Array.from({ length: 17 }, (_, i) => `/d${i}`),
      [7],
    ],
  },
  extroot: {
    takes: [
      ['', ''],
      [LONG, LONG],
    ],
    not: [`${LONG}x`, 7],
  },
  extroot_target: {
    takes: [
      ['overlay', 'overlay'],
      ['root', 'root'],
    ],
    not: ['half', '', null, 0],
  },
  first: {
    takes: [
      ['agent', 'agent'],
      ['script', 'script'],
    ],
    not: ['node', '', undefined],
  },
  writable_root: {
    takes: [
      ['keep', 'keep'],
      ['overlay', 'overlay'],
    ],
    not: ['rw', '', true],
  },
  make: {
    takes: [
      ['no', 'no'],
      ['f2fs', 'f2fs'],
    ],
    not: ['xfs', '', null],
  },
};

t.test('each setting accepts the values of its form', async (t) => {
  for (const name of SETTING_NAMES) {
    const { read, default: byDefault } = settingRow(name);
    const { takes, not } = VALUES[name];
    t.same(read(byDefault), byDefault, `the default of ${name}`);
    for (const [given, value] of takes) t.same(read(given), value, `${name}: ${String(given)}`);
    for (const given of not) t.equal(read(given), undefined, `${name}: ${String(given)}`);
  }
});

t.test('a sentence can name the source of a setting', async (t) => {
  t.same(
    SETTING_ORIGINS.map((origin) => setWith('volume', origin)),
    [
      null,
      '/etc/config/fstab',
      '/etc/mountroot.json',
      'fstools_overlay_name= on the kernel command line',
      'mountroot.volume= on the kernel command line',
      '--set volume=',
    ],
  );
  t.equal(setWith('wait', undefined), null);
});
