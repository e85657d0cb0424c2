import { complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';
import { stops } from '../stopping.js';

const LAYER = 'program' as const;
const name = (device: string): string => device.replace(/^\/dev\//, '');

/** It ends in a shell for want of the device of the first group. */
const waitsForDevice = stops(
  complains('reason', ([, device]) => ({
    layer: LAYER,
    device: name(device!),
    cause: { code: 'early-device-missing', device: device! },
  })),
);

/** What an initramfs or an init says when it does not get on. */
export const INITRAMFS_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern:
      /^(?:\[?\W*(?:WARN|ALERT)\W*\]? *)?ALERT! {1,2}(\S+) does not exist\.(?: {1,2}Dropping to a shell!?)?/,
    has: ['alert!'],
    source: 'initramfs-tools scripts/local: local_mount_root',
    weak: true,
    by: 'both',
    tells: waitsForDevice,
  },
  {
    pattern:
      /^(?:dracut(?:-\w+)?(?:\[\d+\])?: )?Warning: (\/dev\/\S+|UUID=\S+|LABEL=\S+|PARTUUID=\S+) does not exist$/,
    source: 'dracut modules.d/99base/rdsosreport.sh, dracut-lib.sh: wait_for_dev',
    weak: true,
    by: 'both',
    tells: waitsForDevice,
  },
  {
    pattern:
      /^(?:\[[^\]]*\] )?(?:systemd\[1\]: )?(?:dev-\S+\.device: Job .*timed out|Timed out waiting for device (.+?)\.?$)/,
    source: 'systemd src/core/job.c',
    weak: true,
    by: 'both',
    tells: complains('reason', ([said, device]) => {
      const which = device ?? /dev-\S+?(?=\.device)/.exec(said)?.[0] ?? 'a device';
      return { layer: LAYER, cause: { code: 'early-device-missing', device: which } };
    }),
  },
  {
    pattern:
      /^(?:WARNING: |ERROR: |:: )?(?:ERROR: )?(?:device '([^']+)' not found\. Skipping fsck|Failed to mount '([^']+)' on real root|Unable to find root device '([^']+)')/,
    source: 'mkinitcpio init_functions',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, one, two, three]) => ({
      layer: LAYER,
      device: name((one ?? two ?? three)!),
      cause: { code: 'early-device-missing', device: (one ?? two ?? three)! },
    })),
  },
  {
    pattern:
      /^(?:dracut(?:-\w+)?(?:\[\d+\])?: )?(?:FATAL: |Fatal: )(?:Don't know how to handle 'root=(.*)'|(?:No or empty|Empty) root= argument)/i,
    source: 'dracut modules.d/98dracut-systemd, 99base/init.sh',
    weak: true,
    by: 'both',
    tells: stops(
      complains('reason', ([, word]) => ({
        layer: LAYER,
        cause: { code: 'early-root-word', word: word ?? null },
      })),
    ),
  },
  {
    pattern:
      /^(?:Target filesystem doesn't have requested (\S+?)\.?$|No init found\. Try passing init= bootarg)/,
    source: 'initramfs-tools init: validate_init',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, program]) => ({
      layer: LAYER,
      cause: { code: 'early-no-init', program: program ?? null },
    })),
  },
  {
    pattern:
      /^(?:Gave up waiting for root (?:file system )?device|Failed to mount \S+ as root file system)/,
    source: 'initramfs-tools scripts/local: local_device_setup',
    weak: true,
    by: 'both',
    tells: stops(
      complains('effect', () => ({ layer: LAYER, cause: { code: 'early-gave-up', who: null } })),
    ),
  },
  {
    pattern:
      /^(?:dracut(-\w+)?(?:\[\d+\])?: )?(?:Warning: )?(?:Could not boot\.?|.*dracut-initqueue timeout - starting timeout scripts|dracut-initqueue: timeout.*|Unable to process initqueue|Can't mount root filesystem|Refusing to continue|Not all disks have been found\.?)/,
    has: [
      'could not boot',
      'dracut-initqueue',
      'process initqueue',
      "can't mount root",
      'refusing to continue',
      'not all disks',
    ],
    source: 'dracut modules.d/98dracut-systemd/dracut-initqueue.sh, 99base/dracut-lib.sh',
    weak: true,
    by: 'both',
    tells: stops(
      complains('effect', () => ({
        layer: LAYER,
        cause: { code: 'early-gave-up', who: 'dracut' },
      })),
    ),
  },
  {
    pattern:
      /^(?:\[[^\]]*\] )?(?:systemd\[1\]: )?(?:Dependency failed for |Failed to mount )(.*(?:sysroot|[Rr]oot [Ff]ile ?[Ss]ystem|Root Device|Root Partition|\/sysroot).*?)\.?$/,
    source: 'systemd src/core/unit.c, job.c',
    weak: true,
    by: 'both',
    tells: stops(
      complains('effect', ([, what]) => ({
        layer: LAYER,
        cause: { code: 'early-unit-failed', what: what! },
      })),
    ),
  },
  {
    pattern:
      /^(?:\[[^\]]*\] )?(?:systemd\[1\]: )?(?:Failed to (?:start .*Switch Root|switch root: .*)|Failed to determine whether root path .*|Specified switch root path .* (?:does not seem|doesn't).*)/,
    source: 'systemd src/shared/switch-root.c, src/systemctl/systemctl-switch-root.c',
    weak: true,
    by: 'both',
    tells: stops(
      complains('reason', ([what]) => ({
        layer: LAYER,
        cause: {
          code: 'switch-fails',
          tool: 'systemd',
          what: what.replace(/^.*systemd\[1\]: /, ''),
        },
      })),
    ),
  },
  {
    pattern:
      /^(?:\[!{2,}\] |systemd\[1\]: (?:\[!{2,}\] )?)((?:Failed to .*|Caught .*|Freezing execution|.*), freezing|Freezing execution)\.?$/,
    source: 'systemd src/core/main.c, crash-handler.c: freeze_or_exit_or_reboot',
    weak: true,
    by: 'both',
    tells: stops(
      complains('reason', ([, what]) => ({
        layer: LAYER,
        cause: { code: 'init-freezes', what: what! },
      })),
    ),
  },
  {
    pattern:
      /^(?:systemd\[1\]: )?Caught <(\w+)>, (?:dumped core|core dump failed|not dumping core|from)/,
    source: 'systemd src/core/crash-handler.c: crash',
    weak: true,
    by: 'both',
    tells: complains('reason', ([what]) => ({
      layer: LAYER,
      cause: { code: 'init-freezes', what: what.replace('systemd[1]: ', '') },
    })),
  },
  {
    pattern:
      /^(?:You are in emergency mode|Entering emergency mode|Cannot open access to console, the root account is locked|\(initramfs\)|.*Dropping to a shell|Starting emergency shell|dracut:\/#|.*Press Ctrl-D to continue|\[rootfs ?\S*\]# ?$|You are now being dropped into an emergency shell)/i,
    has: [
      'emergency',
      'access to console',
      '(initramfs)',
      'dropping to a shell',
      'dracut:/#',
      'press ctrl-d',
      '[rootfs',
    ],
    source: 'systemd units/emergency.service; dracut; initramfs-tools; mkinitcpio',
    weak: true,
    by: 'both',
    tells: stops(complains('effect', () => ({ layer: LAYER, cause: { code: 'early-shell' } }))),
  },
  {
    pattern:
      /^(?:initramfs emergency recovery shell launched|Mounting (?:boot media|root)(?:: | )?failed|\*\*\* Error in \w+: .*)/i,
    source: 'Alpine mkinitfs initramfs-init; LibreELEC init',
    weak: true,
    by: 'both',
    tells: stops(complains('effect', () => ({ layer: LAYER, cause: { code: 'early-shell' } }))),
  },
  {
    pattern:
      /^(?:ERROR: )?(?:There's no '(\/\w+)' on rootfs|(?:Couldn't|Can't|Cannot) find (?:the )?(?:rootfs|root device|root file ?system).*)/,
    has: ["there's no '", 'find the root', 'find root'],
    source: 'OpenEmbedded initramfs-framework finish, init-live.sh',
    weak: true,
    by: 'both',
    tells: stops(
      complains('effect', () => ({ layer: LAYER, cause: { code: 'early-gave-up', who: null } })),
    ),
  },
];
