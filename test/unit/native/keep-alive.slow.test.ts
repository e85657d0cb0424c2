import t from 'tap';
import { asRootAlone } from './program.js';

const { json: got, stderr } = await asRootAlone(t, 'test/unit/native/keep-alive.ts');

t.test(
  'while JavaScript is busy, a thread reports the running action and its duration',
  async (t) => {
    t.equal(got['returned'], 0);
    t.equal(got['thread'], 1);
    t.equal(got['threads'], 1, 'and there is never a second one');
    const told = got['told'] as string[];
    t.ok(told.length >= 2);
    let before = 0;
    for (const line of told) {
      const [, seconds] =
        /^<6>mountroot: still at it after (\d+) s: copying {2}settings$/.exec(line) ?? [];
      t.ok(Number(seconds) > before, line);
      before = Number(seconds);
    }
    t.equal(got['silence'], 0);
  },
);

t.test('a new text does not restart the time', async (t) => {
  const [line] = got['progress'] as string[];
  const [, step] = /^<6>mountroot: still at it after \d+ s: step (\d+)$/.exec(line!) ?? [];
  t.ok(Number(step) > 1, 'what is told is how far it has come', { line });
});

t.test('a text that is too long for a record is cut', async (t) => {
  t.same(got['long'], [['<6>mountroot: still at it after 0 s: éééééééé', true]]);
});

t.test('without a kernel log the reports go to standard error', async (t) => {
  t.match(stderr, /^<6>mountroot: still at it after 0 s: nowhere$/m);
});

t.test(
  'a watchdog is fed during and between long calls, and disarmed by its magic word',
  async (t) => {
    const { times, ...rest } = got['watchdog'] as { times: number };
    t.same(rest, { zeros: true, last: 'V', later: 0 });
    t.ok(times >= 6);
  },
);

t.test(
  'the kernel log gets a line every five seconds, and the process can end any time',
  async (t) => {
    t.match(
      (got['kernel'] as string[])[0],
      /^<6>mountroot: still at it after \d+ s: attaching UBI to mtd3$/,
    );
    t.ok((got['after'] as number) >= 5000);
  },
);
