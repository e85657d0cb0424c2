import t from 'tap';
import { COMPLAINT_TABLES } from '../../../../../src/explain/messages/complaints/index.js';
import { readLines, walkComplaints } from '../../../../fixtures/complaints.js';

t.test('the way from an initramfs to the real root', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.switch, [
    [
      "switch_root: can't execute '/sbin/init': No such file or directory",
      { code: 'switch-no-init', tool: 'switch_root', program: '/sbin/init' },
    ],
    [
      'switch_root: failed to execute /sbin/init: Exec format error',
      { code: 'switch-no-init', why: 'Exec format error' },
    ],
    ['switch_root: bad init /sbin/init', { code: 'switch-no-init', why: null }],
    [
      'run-init: /sbin/init: No such file or directory',
      { code: 'switch-no-init', tool: 'run-init' },
    ],
    [
      "switch_root: can't change directory to '/mnt/root': No such file or directory",
      { code: 'switch-no-directory', directory: '/mnt/root' },
    ],
    [
      'switch_root: failed to mount moving /dev to /sysroot/dev: Invalid argument',
      { code: 'switch-fails' },
    ],
    [
      'run-init: current directory on the same filesystem as the root: Success',
      { code: 'switch-fails' },
    ],
    ["mount: can't find /newroot in /etc/fstab", { code: 'initramfs-mount-fails' }],
    ['switch_root: not rootfs', { code: 'switch-wrong-place' }],
    [
      'Usage: switch_root [-c CONSOLE_DEV] NEW_ROOT NEW_INIT [ARGS]',
      { code: 'switch-usage', tool: 'switch_root' },
    ],
    [
      'mount: mounting /dev/mmcblk0p2 on /newroot failed: No such file or directory',
      { code: 'initramfs-mount-fails', device: '/dev/mmcblk0p2', directory: '/newroot' },
    ],
    [
      'mount: /sysroot: wrong fs type, bad option, bad superblock on /dev/sda2, ' +
        'missing codepage or helper program, or other error.',
      { code: 'initramfs-mount-fails', directory: '/sysroot' },
    ],
  ]);
});

t.test('an initramfs, or an init, that does not get on', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.initramfs, [
    [
      'ALERT!  /dev/mmcblk0p9 does not exist.  Dropping to a shell!',
      { code: 'early-device-missing', device: '/dev/mmcblk0p9' },
    ],
    [
      'ALERT!  UUID=0123-4567 does not exist.  Dropping to a shell!',
      { code: 'early-device-missing', device: 'UUID=0123-4567' },
    ],
    [
      'dracut-initqueue[321]: Warning: /dev/disk/by-label/root does not exist',
      { code: 'early-device-missing' },
    ],
    [
      'systemd[1]: Timed out waiting for device /dev/disk/by-label/root.',
      { code: 'early-device-missing', device: '/dev/disk/by-label/root' },
    ],
    [
      "ERROR: device '/dev/vda9' not found. Skipping fsck.",
      { code: 'early-device-missing', device: '/dev/vda9' },
    ],
    [
      "dracut: FATAL: Don't know how to handle 'root=nbd:x'",
      { code: 'early-root-word', word: 'nbd:x' },
    ],
    ['dracut: FATAL: No or empty root= argument', { code: 'early-root-word', word: null }],
    [
      "Target filesystem doesn't have requested /sbin/init.",
      { code: 'early-no-init', program: '/sbin/init' },
    ],
    ['Gave up waiting for root file system device.  Common problems:', { code: 'early-gave-up' }],
    ['Failed to mount /dev/sda2 as root file system.', { code: 'early-gave-up' }],
    ['dracut-initqueue[321]: Warning: Could not boot.', { code: 'early-gave-up', who: 'dracut' }],
    ['systemd[1]: Dependency failed for Initrd Root File System.', { code: 'early-unit-failed' }],
    ['systemd[1]: Failed to mount /sysroot.', { code: 'early-unit-failed', what: '/sysroot' }],
    [
      'systemd[1]: Failed to switch root: No such file or directory',
      { code: 'switch-fails', tool: 'systemd' },
    ],
    ['[!!!!!!] Failed to mount API filesystems, freezing.', { code: 'init-freezes' }],
    ['systemd[1]: Freezing execution.', { code: 'init-freezes' }],
    ['systemd[1]: Caught <SEGV>, dumped core as pid 99.', { code: 'init-freezes' }],
    ['You are in emergency mode. After logging in, type', { code: 'early-shell' }],
    ['[rootfs /]# ', { code: 'early-shell' }],
    ['(initramfs) ', { code: 'early-shell' }],
    ['Mounting boot media failed.', { code: 'early-shell' }],
    ["ERROR: There's no '/dev' on rootfs.", { code: 'early-gave-up' }],
  ]);
  t.match(readLines('(initramfs)').stop, { said: '(initramfs)' }, 'which is also the end');
});

t.test('programs, loaders and shells', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.program, [
    [
      '/sbin/init: error while loading shared libraries: libc.so.6: cannot open ' +
        'shared object file: No such file or directory',
      { code: 'library-missing', program: '/sbin/init', library: 'libc.so.6', why: null },
    ],
    [
      '/sbin/init: error while loading shared libraries: libm.so.6: wrong ELF class: ELFCLASS32',
      { code: 'library-missing', library: 'libm.so.6', why: /wrong ELF class/ },
    ],
    [
      'Error loading shared library libblobmsg.so: No such file or directory (needed ' +
        'by /sbin/procd)',
      { code: 'library-missing', program: '/sbin/procd', library: 'libblobmsg.so', why: null },
    ],
    [
      "/sbin/init: can't load library 'libgcc_s.so.1'",
      { code: 'library-missing', library: 'libgcc_s.so.1' },
    ],
    [
      "/sbin/init: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /sbin/init)",
      { code: 'library-other-version', program: '/sbin/init' },
    ],
    [
      'Error relocating /sbin/init: getrandom: symbol not found',
      { code: 'library-other-version', program: '/sbin/init' },
    ],
    [
      'Inconsistency detected by ld.so: rtld.c: 1281: dl_main: Assertion failed!',
      { code: 'library-other-version' },
    ],
    ['FATAL: kernel too old', { code: 'library-kernel-too-old' }],
    [
      'request_module: runaway loop modprobe binfmt-464c',
      { code: 'program-other-format', magic: '464c' },
    ],
    [
      "can't run '/etc/init.d/rcS': No such file or directory",
      { code: 'program-does-not-run', program: '/etc/init.d/rcS' },
    ],
    ['/init: line 12: mount: not found', { code: 'script-fails', command: 'mount' }],
    [
      '/init: exec: line 20: switch_root: not found',
      { code: 'script-fails', script: '/init', command: 'switch_root' },
    ],
    [
      '/sbin/init: 1: Syntax error: "(" unexpected',
      { code: 'script-fails', command: null, why: /yntax error/ },
    ],
    ['switch_root: applet not found', { code: 'program-does-not-run' }],
    ['INIT: No inittab file found', { code: 'program-does-not-run' }],
    [
      'mount_root: failed to mount -t jffs2 /dev/mtdblock4 /tmp/overlay: Invalid argument',
      { code: 'openwrt-overlay' },
    ],
  ]);
});

t.test('what the kernel says of process 1 before it ends', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.death, [
    [
      'traps: init[1] trap invalid opcode ip:8048000 sp:bf000000 error:0 in busybox[8048000+1000]',
      { code: 'init-illegal-instruction' },
    ],
    ['init (1): undefined instruction: pc=00010a50', { code: 'init-illegal-instruction' }],
    ['potentially unexpected fatal signal 4.', { code: 'init-illegal-instruction' }],
    [
      'init[1]: segfault at 0 ip 00007f0000000000 sp 00007ffc00000000 error 4 in libc.so.6',
      { code: 'init-signal', signal: 11 },
    ],
    [
      'init[1]: unhandled signal 7 code 0x1 at 0x0000000000010000',
      { code: 'init-signal', signal: 7 },
    ],
    ['init: unhandled page fault (11) at 0x00000000, code 0x005', { code: 'init-signal' }],
    [
      'do_page_fault(): sending SIGSEGV to init for invalid read access from 00000000',
      { code: 'init-signal', signal: 11 },
    ],
    [
      'Out of memory: Killed process 1 (init) total-vm:1000kB, anon-rss:0kB',
      { code: 'init-out-of-memory', program: 'init' },
    ],
    [
      'Out of memory: Kill process 99 (node) score 900 or sacrifice child',
      { code: 'init-out-of-memory', program: 'node' },
    ],
  ]);
});
