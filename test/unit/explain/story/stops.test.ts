/** Ends of a boot without a panic: process 1 does not go on, or the kernel tries a server again. */
import t from 'tap';
import { tellStory } from '../../../../src/explain/story/story.js';
import { explain } from '../../../../src/explain/explanation.js';
import { NOTHING, consoleLog } from '../../../fixtures/explained.js';
import { storyOf } from '../../../fixtures/story.js';

const BEGIN = [
  'Linux version 6.1.0 (a@b)',
  'Kernel command line: root=/dev/sda1',
  'Run /init as init process',
];
const endOf = (...lines: string[]) =>
  explain({ ...NOTHING, log: consoleLog([...BEGIN, ...lines].join('\n')) });

t.test('an initramfs that waits in a shell is no success', async (t) => {
  const told = endOf('ALERT!  /dev/sda1 does not exist.  Dropping to a shell!');
  t.match(told.end, { kind: 'stops', program: '/init', root: 'rootfs' });
  t.match(told.advice, { code: 'early-device-missing', said: /^ALERT!/ });
});

t.test('it is none if the boot went on', async (t) => {
  const shell = '(initramfs)';
  t.match(endOf(shell).end, { kind: 'stops' });
  t.match(endOf(shell, 'systemd[1]: Switching root.').end, { kind: 'runs' });
  t.match(
    endOf(shell, 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100').end,
    { kind: 'panics' },
  );
  const { given, seen } = storyOf({ init: { program: '/sbin/init', args: ['/sbin/init'] } }, [
    ...BEGIN,
    shell,
  ]);
  t.match(tellStory(given, seen).end, { kind: 'runs' }, 'a machine that is up went on');
});

t.test('words of a healthy boot are no stop', async (t) => {
  for (const line of [
    'Gave up waiting for suspend/resume device',
    'modem-manager: /dev/ttyACM0 does not exist',
    "/bin/sh: can't access tty; job control turned off",
    'systemd[1]: Failed to mount /media/usb.',
    'backup: ERROR: could not mount the share',
  ])
    t.match(endOf(line).end, { kind: 'runs' }, line);
});

t.test('a log that ends while the kernel tries its server again is a wait', async (t) => {
  const log = [
    'Linux version 5.4.0 (a@b)',
    'Kernel command line: root=/dev/nfs nfsroot=10.0.0.1:/x ip=dhcp',
    'IP-Config: Complete:',
    'nfs: server 10.0.0.1 not responding, still trying',
  ];
  const told = explain({ ...NOTHING, log: consoleLog(log.join('\n')) });
  t.match(told.end, { kind: 'waits' });
  t.match(told.advice, { code: 'server-silent' });
});
