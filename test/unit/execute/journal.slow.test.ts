/**
 * The journal's folder is fixed, so each scenario runs in its own mount namespace with an empty
 * /tmp.
 */
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import t from 'tap';
import { checkout } from '../../../scripts/lib/report.js';

/** Writes two records and the facts; the journal's complaints go to stderr. */
const WRITE = `import { openJournal } from './src/execute/journal.js';
const journal = openJournal((message) => console.error(message), '/tmp/mountroot');
journal.add({ type: 'begin', at: 1 } as never);
journal.facts('facts', { schema: 'x' } as never);
journal.add({ type: 'end', at: 2 } as never);
`;

async function built(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: checkout },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  // Passed as an argument: a file could be below /tmp, which is hidden there.
  return outputFiles[0]!.text;
}
const program = await built(WRITE);

const SHOW =
  'cd /tmp/mountroot 2>/dev/null || exit 0; for name in *; do [ -e "$name" ] || continue; ' +
  'printf "%s %s " "$(stat -c %A "$name")" "$name"; cat "$name"; done';
const root = process.getuid?.() === 0;

/** @param prepare shell lines run in the empty /tmp beforehand. */
function scenario(
  prepare: string,
  runs = 1,
): { status: number | null; stdout: string; stderr: string } {
  const words = [
    'unshare',
    '--mount',
    '--propagation=private',
    'sh',
    '-ec',
    `mount -t tmpfs tmpfs /tmp; umask 022; ${prepare}\n${'"$0" -e "$1"\n'.repeat(runs)}${SHOW}`,
    process.execPath,
    program,
  ];
  const [first, ...rest] = [
    'env',
    '-i',
    `PATH=${process.env['PATH']}`,
    ...(root ? [] : ['sudo', '-n']),
    ...words,
  ];
  return spawnSync(first, rest, { encoding: 'utf8' });
}

const JOURNAL = '-rw-r--r-- journal.ndjson {"type":"begin","at":1}\n{"type":"end","at":2}\n';
const FACTS = '-rw-r--r-- facts.json {"schema":"x"}\n';

t.test('records are lines of one file, and the facts a file beside it', async (t) => {
  t.match(scenario(''), { status: 0, stderr: '', stdout: FACTS + JOURNAL });
});

t.test('a second start appends to the journal and replaces the facts', async (t) => {
  const { stdout } = scenario('', 2);
  t.equal(stdout, `${FACTS}${JOURNAL}{"type":"begin","at":1}\n{"type":"end","at":2}\n`);
});

t.test('a half-written line of a killed start stays a separate line', async (t) => {
  const { stdout } = scenario(
    `mkdir /tmp/mountroot; printf '{"type":"beg' >/tmp/mountroot/journal.ndjson`,
  );
  t.match(stdout, '{"type":"beg\n{"type":"begin","at":1}\n');
});

t.test('a symlink in place of the journal is not followed', async (t) => {
  const { status, stderr, stdout } = scenario(
    'mkdir /tmp/mountroot; ln -s ../victim /tmp/mountroot/journal.ndjson; touch /tmp/victim',
  );
  t.equal(status, 0);
  t.match(stderr, /^cannot keep a journal in \/tmp\/mountroot: ELOOP.*going on without it\n$/);
  t.notMatch(stdout, /begin/);
});

t.test('a symlink in place of the facts is replaced, and its target is not changed', async (t) => {
  const { stdout, stderr } = scenario(
    'mkdir /tmp/mountroot; for name in facts.json facts.json.next; do ln -s ../victim ' +
      '/tmp/mountroot/$name; done; echo untouched >/tmp/victim; exec 3>&1; trap "cat ' +
      '/tmp/victim >&3" EXIT',
  );
  t.equal(stderr, '');
  t.equal(stdout, `${FACTS}${JOURNAL}untouched\n`);
});

t.test('an unwritable /tmp costs the journal and not the boot', async (t) => {
  const { status, stderr, stdout } = scenario('mount -o remount,ro /tmp');
  t.equal(status, 0);
  t.match(stderr, /^cannot keep a journal in \/tmp\/mountroot: EROFS.*; going on without it\n$/);
  t.equal(stdout, '');
});

t.test('root moves aside what others made in the place of its folder, and says so', async (t) => {
  for (const [prepare, why] of [
    ['mkdir /tmp/mountroot; chown 1000 /tmp/mountroot', /belongs to user 1000/],
    ['mkdir -m 1777 /tmp/mountroot', /others may write to it|others may write to/],
    ['mkdir /tmp/victim; ln -s victim /tmp/mountroot', /is a symlink/],
    ['mkfifo /tmp/mountroot', /is no directory/],
    ['touch /tmp/mountroot', /is no directory/],
    ['mkdir /tmp/mountroot; chmod 775 /tmp/mountroot; touch /tmp/mountroot/lock', /mode 0775/],
  ] as const) {
    const { status, stdout, stderr } = scenario(prepare);
    t.equal(status, 0);
    t.match(stderr, why);
    t.match(
      stderr,
      /nothing in it is believed; it is \/tmp\/mountroot\.not-ours-[0-9a-f-]{36} now\n$/,
    );
    t.equal(stdout, FACTS + JOURNAL, prepare);
  }
});

t.test('where anybody may rename our folder there is no journal', async (t) => {
  const { status, stdout, stderr } = scenario('chmod 777 /tmp');
  t.equal(status, 0);
  t.match(
    stderr,
    /^cannot keep a journal in \/tmp\/mountroot: \/tmp\/mountroot cannot be kept from others;/,
  );
  t.equal(stdout, '');
});
