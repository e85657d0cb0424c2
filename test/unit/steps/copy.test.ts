/** A copy in passes, while somebody sets the clock. */
import t from 'tap';
import { changedSince, copy } from '../../../src/steps/copy.js';
import { makeBoard } from '../../../src/system/model/board.js';
import { powerOn } from '../../../src/system/model/kernel.js';

const HOUR = 3_600_000;

t.test('after a clock was set back, file times do not tell what changed', async (t) => {
  const before = { time: 10 * HOUR, steady: 0 };
  const after = (time: number, steady: number) => changedSince(before, { time, steady });
  t.equal(after(10 * HOUR + 500, 500), BigInt(10 * HOUR - 1000) * 1_000_000n);
  t.equal(after(20 * HOUR, 500), BigInt(10 * HOUR - 1000) * 1_000_000n, 'set forward');
  t.equal(after(9 * HOUR, 500), undefined, 'set back');
  t.equal(after(10 * HOUR + 500, HOUR), undefined, 'set back by nearly as much as has passed');
});

for (const [how, jump] of Object.entries({ back: -HOUR, forward: HOUR, 'not at all': 0 }))
  t.test(`a change between two passes is copied, the clock being set ${how}`, async (t) => {
    const kernel = powerOn(makeBoard());
    for (const path of ['/tmp/from', '/tmp/to']) kernel.mkdir(path, 0o755);
    const real = Date.now;
    t.teardown(() => void (Date.now = real));
    kernel.create('/tmp/from/a', 'one', 0o644);
    const { mtime } = kernel.details('/tmp/from/a');
    copy.execute({ from: '/tmp/from', to: '/tmp/to', pass: 'whole' }, kernel);
    Date.now = () => real() + jump;
    // Its size and its time are as before.
    kernel.replace('/tmp/from/a', 'two', 0o644);
    kernel.setModified('/tmp/from/a', mtime);
    const { files } = kernel.mounts.resolve('/tmp', true).mount;
    files.change('/from/a').ctime = BigInt(Date.now()) * 1_000_000n;
    copy.execute({ from: '/tmp/from', to: '/tmp/to', pass: 'last' }, kernel);
    t.equal(kernel.readText('/tmp/to/a'), 'two');
  });
