/** `maintain` on this machine's kernel: the root below the overlay is an ext4. */
import t from 'tap';
import { maintained } from './maintained.js';

const CLOSED = { mount: 'ro', file: 'ro', writes: /Read-only file system/, left: '' };
const WAITING = 'touch /ready; sleep 301 & wait';

t.test('a program changes the root below, and it is closed again', async (t) => {
  const [changed, failed, terminated] = await maintained(t, {
    calls: [
      {
        run:
          'echo new >/etc/network/interfaces && mkdir /boot && echo k >/boot/vmlinuz; ' +
          'echo made >/made; cat /etc/hostname; [ -r /proc/self/status ] && [ -c /dev/null ] && ' +
          '[ -d /sys/kernel ] && [ -d /run/below ] && echo $MOUNTROOT_MAINTAIN $$; ' +
          '[ /proc/1/root -ef / ] || echo chroot; sleep 301 &',
        then: 'cat /rom/made /rom/boot/vmlinuz /rom/etc/network/interfaces',
      },
      { run: 'exit 7' },
      { run: 'kill -9 $$' },
    ],
  });
  t.match(changed, { ...CLOSED, status: 0, then: 'made\nk\nnew\n' });
  t.match(changed?.stdout, /^board\n1 \d+\nchroot\n$/);
  t.match(changed?.stderr, /ext4 \S+ below the overlay is open.*\n.*is closed again/s);
  t.match(failed, { ...CLOSED, status: 7 });
  t.match(terminated, { ...CLOSED, status: 137 });
});

t.test('while it is open, nobody else can write there, nor open it again', async (t) => {
  const [call] = await maintained(t, {
    calls: [
      {
        run: 'touch /ready; while [ ! -e /tmp/go-on ]; do sleep 0.1; done',
        beside:
          'echo x >/rom/written; ' +
          '/node.bin /opt/maintain-inside.cjs verb "\\"echo never\\""; echo $?; touch /tmp/go-on',
      },
    ],
  });
  t.match(call, { ...CLOSED, status: 0 });
  t.match(call?.beside, /Read-only file system/);
  t.match(call?.beside, /another `mountroot maintain` is at work/);
  t.match(call?.beside, /^5$/m);
  t.notMatch(call?.beside, /never/);
});

for (const kill of ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)
  t.test(`killed by ${kill}, it leaves nothing writable and nothing running`, async (t) => {
    const [call, again] = await maintained(t, {
      calls: [{ run: WAITING, kill }, { run: 'rm /ready; echo again' }],
    });
    t.match(call, { ...CLOSED, signal: kill });
    t.match(again, { ...CLOSED, status: 0, stdout: 'again\n' }, 'and it can be opened again');
  });

t.test('a program that cannot run, and a root that cannot be opened', async (t) => {
  const [none] = await maintained(t, { calls: [{ run: 'exec /nothing' }] });
  t.match(none, { ...CLOSED, status: 127 });
  const [memory] = await maintained(t, { calls: [{ run: 'echo never' }] }, false);
  t.match(memory, { status: 5, stdout: '' });
  t.match(memory?.stderr, /nothing was opened: tmpfs board below the overlay cannot be written/);
});
