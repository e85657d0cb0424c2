/** Calls by the names of OpenWrt's programs for a factory reset. */
import t from 'tap';
import { calledAs, resetWords } from '../../../src/cli/called-as.js';
import { UsageError } from '../../../src/cli/usage-error.js';
import { RESET_NAMES } from '../../../src/facts/installation.js';
import { EXIT } from '../../../src/plan/plan.js';

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

interface Called {
  status: number;
  /** The resets that were carried out or ordered. */
  resets: { keep?: readonly string[]; settings?: readonly string[] }[];
}

async function called(words: string[], answer = '', ends: number = EXIT.done): Promise<Called> {
  const resets: Called['resets'] = [];
  const run = (verb: string, options: object): Promise<number> => {
    t.equal(verb, 'reset');
    resets.push(options);
    return Promise.resolve(ends);
  };
  const status = await calledAs(words, { boot: { run }, log: quiet }, async () =>
    answer.slice(0, 1),
  );
  return { status, resets };
}

t.before(() => {
  process.stderr.write = () => true;
});

t.test('a reset happens only with -y or with an answer that begins with y', async (t) => {
  for (const name of RESET_NAMES) {
    t.match(await called([name, '-y']), { status: 0, resets: [{ keep: [], settings: [] }] });
    for (const answer of ['y', 'y\n', 'yes\n'])
      t.match(await called([name], answer), { status: 0, resets: [{}] }, answer);
    for (const answer of ['', '\n', 'n\n', 'Y\n', ' y\n', 'no'])
      t.same(await called([name], answer), { status: 255, resets: [] }, JSON.stringify(answer));
  }
});

t.test('-k keeps what a firmware upgrade left, and a device names the volume', async (t) => {
  t.match(await called(['jffs2reset', '-yk']), { resets: [{ keep: ['/sysupgrade.tgz'] }] });
  t.match(await called(['factoryreset', '-k', '-y', '']), {
    resets: [{ keep: ['/sysupgrade.tgz'] }],
  });
  t.match(await called(['jffs2mark', '-y', '/dev/mtd3']), {
    resets: [{ settings: ['volume=/dev/mtd3'] }],
  });
  t.match(await called(['jffs2mark', '/dev/mtd3', '-y', '--']), {
    resets: [{ settings: ['volume=/dev/mtd3'] }],
  });
});

t.test('the exit status is 0 or 255, which is what scripts test', async (t) => {
  for (const [ends, status] of [
    [EXIT.done, 0],
    [EXIT.degraded, 0],
    [EXIT.failed, 255],
    [EXIT.usage, 255],
    [EXIT.refused, 255],
  ] as const)
    t.equal((await called(['jffs2reset', '-y'], '', ends)).status, status, `${ends}`);
});

t.test('a word that is not understood stops it with one sentence', async (t) => {
  for (const words of [['-x', '-y'], ['--yes'], ['-y', 'mtd3'], ['-y', '/dev/a', '/dev/b'], ['-']])
    for (const name of RESET_NAMES) {
      t.throws(() => resetWords(name, words), UsageError, words.join(' '));
      await t.rejects(called([name, ...words]), {
        message: new RegExp(`^${name} .*, so nothing was reset; ${name} takes -y .*$`),
      });
    }
});
