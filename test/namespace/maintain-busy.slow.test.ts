/** `maintain` waits for files below that are still in use, and says so if they stay. */
import t from 'tap';
import { maintained } from './maintained.js';

t.test('files that were replaced while in use keep it open, and that is told', async (t) => {
  const [call] = await maintained(t, {
    // The shell's file is that of the root below, and stays in use.
    first: 'exec 9</etc/hostname; sleep 300 <&9 >/dev/null 2>&1 & echo',
    calls: [{ run: 'echo other >/etc/next; mv /etc/next /etc/hostname' }],
  });
  t.match(call, { status: 3, mount: 'ro', writes: /Read-only file system/ });
  t.match(call?.stderr, /could not be made read-only again \(EBUSY\): files that were replaced/);
});
