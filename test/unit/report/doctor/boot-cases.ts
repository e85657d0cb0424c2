/** Cases of the checks about the image, the root, the starts, and the settings. */
import { boardFacts, mount, openedFacts, withSettings } from '../../../fixtures/facts.js';
import type { Facts } from '../../../../src/facts/facts.js';
import {
  desktopFacts,
  healthyLive,
  ramdiskFacts,
  startedFacts,
  startedLive,
} from '../../../fixtures/doctor.js';
import { without, withCommandLine, withPaths, calling, type Case } from './changed-boards.js';

/** The same mounts, but no start of ours is recorded: OpenWrt's mount_root makes such a root. */
const openwrtFacts = (): Facts => ({ ...startedFacts(), state: null });

export const BOOT_CASES: Case[] = [
  ['today', 'absent', boardFacts(), null],
  ['today', 'absent', startedFacts(), startedLive()],
  ['today', 'ok', openwrtFacts(), null, /OpenWrt's mount_root; the root before it is rebuilt/],
  ['today', 'warning', desktopFacts(), null, /which is written to directly/],
  [
    'today',
    'unknown',
    {
      ...openwrtFacts(),
      findings: [{ code: 'not-ours', path: '/tmp/mountroot', why: 'it belongs to user 7' }],
    },
    null,
    /by mountroot or by OpenWrt's/,
  ],
  ['today', 'unknown', { ...boardFacts(), mounts: [] }, null, /cannot be told/],
  ['mounts', 'unknown', { ...boardFacts(), mounts: [] }, null],
  ['directories', 'unknown', openwrtFacts(), null, /covers them/],
  [
    'directories',
    'ok',
    {
      ...openwrtFacts(),
      paths: {
        ...openwrtFacts().paths,
        '/rom/overlay': 'directory',
        '/rom/mnt': 'directory',
        '/rom/rom': 'directory',
        '/rom/tmp': 'directory',
      },
    },
    null,
  ],
  [
    'preinit',
    'warning',
    desktopFacts(),
    healthyLive({ preinit: { wanted: ['/etc/preinit'], found: [] } }),
    /is not seen to boot by \/etc\/preinit/,
  ],
  [
    'preinit',
    'unknown',
    desktopFacts(),
    healthyLive({
      preinit: {
        wanted: ['/sbin/init', '/etc/preinit'],
        found: [{ value: { path: '/sbin/init', calls: [], program: true } }],
      },
    }),
    /whether \/sbin\/init calls mount_root/,
  ],
  ['program', 'warning', desktopFacts(), healthyLive({ program: null })],
  [
    'program',
    'unknown',
    boardFacts(),
    healthyLive({ program: null, programTrouble: 'cannot stat /sbin/mount_root: EACCES' }),
  ],
  ['done', 'unknown', boardFacts(), healthyLive({ doneCallers: [], scriptsUnread: 2 })],
  ['done', 'ok', openedFacts(), null, /no start waits to be confirmed/],
  ['notice', 'unknown', boardFacts(), healthyLive({ noticeTrouble: 'it is not believed' })],
  [
    'root-argument',
    'ok',
    {
      ...openwrtFacts(),
      kernel: { ...openwrtFacts().kernel, commandLine: 'rootfstype=squashfs,jffs2' },
    },
    null,
    /took mtd2 "rootfs" by its name/,
  ],
  ['root-argument', 'ok', withCommandLine('root=UUID=0b1c ro'), null, /an initramfs must find/],
  ['initramfs', 'unknown', ramdiskFacts({ root: null, pid: 77 }), null, /all that this board has/],
  ['notice', 'ok', boardFacts(), healthyLive()],
  [
    'notice',
    'warning',
    { ...startedFacts(), state: { rung: 'volatile', reason: 'full' } },
    startedLive({ notice: 'mountroot: the saved settings are NOT IN USE' }),
    /lower rung \(volatile, full\)/,
  ],
  ['notice', 'warning', { ...startedFacts(), state: { rung: 'volatile', reason: 'full' } }, null],
  ['directories', 'ok', boardFacts(), null],
  [
    'directories',
    'warning',
    withPaths({ '/overlay': 'missing', '/rom': 'file' }),
    null,
    /no \/overlay and \/rom/,
  ],
  ['directories', 'problem', withPaths({ '/tmp': 'missing' }), null, /needs a directory there/],
  [
    'directories',
    'problem',
    {
      ...boardFacts(),
      mounts: boardFacts().mounts.filter(({ mountpoint }) => mountpoint !== '/proc'),
    },
    null,
  ],
  [
    'directories',
    'problem',
    { ...boardFacts(), mounts: [...boardFacts().mounts, mount('/rom')] },
    null,
    /already mounted on \/rom/,
  ],
  [
    'directories',
    'warning',
    {
      ...boardFacts(),
      mounts: boardFacts().mounts.filter(({ mountpoint }) => mountpoint !== '/dev'),
    },
    null,
    /\/dev is not mounted/,
  ],
  ['directories', 'unknown', startedFacts(), null],
  ['boot-files', 'absent', startedFacts(), startedLive()],
  [
    'boot-files',
    'warning',
    startedFacts(),
    startedLive({ bootFiles: ['initrd.img-6.12'] }),
    /the boot loader reads the one below/,
  ],
  ['swap', 'absent', startedFacts(), startedLive()],
  ['root-options', 'absent', startedFacts(), startedLive()],
  ['swap', 'warning', startedFacts(), startedLive({ swapFiles: ['/swapfile'] }), /\/swapfile/],
  [
    'root-options',
    'warning',
    startedFacts(),
    startedLive({ rootOptions: ['errors=remount-ro'] }),
    /errors=remount-ro/,
  ],
  ['root-argument', 'ok', boardFacts(), null],
  ['root-argument', 'warning', withCommandLine('ro'), null, /no root=/],
  ['root-argument', 'warning', withCommandLine('root=/dev/mmcblk0p2 ro'), null, /no rootwait/],
  ['root-argument', 'ok', withCommandLine('root=/dev/mmcblk0p2 ro rootwait'), null],
  ['root-argument', 'ok', withCommandLine('root=/dev/mmcblk0p2 ro rootdelay=5'), null],
  // The kernel calls a root that it mounted itself /dev/root; an initramfs waits by itself.
  [
    'root-argument',
    'ok',
    {
      ...withCommandLine('root=/dev/mmcblk0p2 ro'),
      mounts: [
        mount('/', {
          id: 1,
          parent: 0,
          fstype: 'ext4',
          source: '/dev/mmcblk0p2',
          device: '179:2',
        }),
      ],
    },
    null,
  ],
  [
    'preinit',
    'ok',
    startedFacts(),
    startedLive({
      recorded: { value: ramdiskFacts() },
      preinit: { wanted: ['/etc/preinit'], found: [] },
    }),
    /made the root of this boot in an initramfs/,
  ],
  [
    'root-argument',
    'problem',
    withCommandLine('root=/dev/mtdblock9'),
    null,
    /a partition that does not exist/,
  ],
  ['initramfs', 'absent', boardFacts(), null],
  ['initramfs', 'ok', ramdiskFacts(), null, /mtd2 "rootfs" is the root to switch to/],
  ['initramfs', 'problem', ramdiskFacts({ root: null }), null, /does not know which root/],
  [
    'initramfs',
    'problem',
    ramdiskFacts({ root: { ...ramdiskFacts().handover!.root!, found: [], content: null } }),
    null,
    /there is no root=/,
  ],
  [
    'initramfs',
    'ok',
    ramdiskFacts({
      root: { ...ramdiskFacts().handover!.root!, found: [], content: null, patient: true },
    }),
    null,
    /waited for/,
  ],
  [
    'initramfs',
    'problem',
    { ...ramdiskFacts(), kernel: without('squashfs').kernel },
    null,
    /holds squashfs/,
  ],
  [
    'initramfs',
    'problem',
    ramdiskFacts({
      at: '/newroot',
      programs: [{ path: '/sbin/init', trouble: '/sbin/init does not exist' }],
    }),
    null,
    /no init/,
  ],
  ['initramfs', 'warning', ramdiskFacts({ pid: 77 }), null, /only process 1/],
  ['preinit', 'unknown', boardFacts(), null, /only the running board/],
  ['preinit', 'ok', boardFacts(), healthyLive(), /under a time limit/],
  [
    'preinit',
    'warning',
    boardFacts(),
    calling('PREINIT=1 mount_root start'),
    /without a time limit/,
  ],
  [
    'preinit',
    'warning',
    boardFacts(),
    healthyLive({
      preinit: {
        wanted: ['/etc/preinit'],
        found: [
          {
            value: {
              path: '/etc/preinit',
              calls: [],
              leadsTo: '/usr/lib/mountroot/mountroot.cjs',
            },
          },
        ],
      },
    }),
    /mountroot itself/,
  ],
  ['preinit', 'problem', boardFacts(), calling('mount_root done'), /does not call mount_root/],
  [
    'preinit',
    'problem',
    boardFacts(),
    healthyLive({ preinit: { wanted: ['/etc/preinit'], found: [] } }),
    /there is no \/etc\/preinit/,
  ],
  [
    'preinit',
    'unknown',
    boardFacts(),
    healthyLive({
      preinit: {
        wanted: ['/etc/preinit'],
        found: [{ trouble: 'cannot read /etc/preinit: EACCES' }],
      },
    }),
  ],
  ['program', 'unknown', boardFacts(), null],
  ['program', 'ok', boardFacts(), healthyLive()],
  [
    'program',
    'warning',
    boardFacts(),
    healthyLive({ program: { path: '/sbin/mount_root', target: '/sbin/mount_root' } }),
    /another program/,
  ],
  ['program', 'problem', boardFacts(), healthyLive({ program: null })],
  ['first', 'ok', boardFacts(), null, /the agent makes the root itself/],
  ['first', 'ok', withSettings({ first: 'script' }), null, /a script is to make the root/],
  [
    'first',
    'warning',
    withSettings({ first: 'script' }),
    healthyLive({ first: { kind: 'missing', result: null } }),
    /there is no \/usr\/lib\/mountroot\/start\.sh/,
  ],
  [
    'first',
    'ok',
    withSettings({ first: 'script' }),
    healthyLive({
      first: { kind: 'file', result: { result: 'made', why: null, differences: [] } },
    }),
    /the agent has verified it/,
  ],
  [
    'first',
    'warning',
    withSettings({ first: 'script' }),
    healthyLive({
      first: { kind: 'file', result: { result: 'refused', why: 'an order to reset waits' } },
    }),
    /refused: an order to reset waits; the agent made the root/,
  ],
  [
    'first',
    'problem',
    withSettings({ first: 'script' }),
    healthyLive({
      first: {
        kind: 'file',
        result: { result: 'made', why: null, differences: ['/tmp is shared'] },
      },
    }),
    /would not have made: \/tmp is shared/,
  ],
  ['done', 'unknown', boardFacts(), null],
  ['done', 'ok', withSettings({ boot_limit: 0 }), null],
  ['done', 'ok', boardFacts(), healthyLive(), /rcS calls mount_root done/],
  ['done', 'warning', boardFacts(), healthyLive({ doneCallers: [] }), /no script is seen/],
  ['done', 'ok', startedFacts(), startedLive(), /has confirmed the start of this boot/],
  [
    'done',
    'warning',
    { ...startedFacts(), opened: { ...startedFacts().opened!, attempts: 1 } },
    startedLive({ confirmed: false }),
    /not confirmed yet/,
  ],
  ['done', 'warning', openedFacts({ attempts: 3 }), null, /3 starts in a row/],
  ['done', 'problem', openedFacts({ attempts: 5 }), null, /leaves the settings out/],
  ['done', 'warning', openedFacts({ attempts: null }), null, /damaged/],
  ['done', 'ok', openedFacts({ attempts: 1 }), null, /waits to be confirmed/],
  ['configuration', 'ok', boardFacts(), null, /every setting is the default/],
  [
    'configuration',
    'ok',
    {
      ...boardFacts(),
      configuration: { ...boardFacts().configuration, origins: { wait: 'mountroot' } },
    },
    null,
    /is understood: wait$/,
  ],
  [
    'configuration',
    'problem',
    {
      ...boardFacts(),
      findings: [
        {
          code: 'bad-setting',
          from: '/etc/mountroot.json',
          setting: 'wait',
          value: '"soon"',
          expected: 'a whole number from 0 to 600',
          holds: '10',
        },
      ],
    },
    null,
    /sets wait to "soon"/,
  ],
  ['gathered', 'absent', boardFacts(), null],
  [
    'gathered',
    'unknown',
    {
      ...boardFacts(),
      findings: [{ code: 'not-read', text: 'cannot read /proc/cmdline: EACCES', errno: 'EACCES' }],
    },
    null,
  ],
];
