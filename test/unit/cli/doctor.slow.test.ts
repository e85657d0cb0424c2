import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';
import { withVolume } from '../../fixtures/facts.js';

const FACTS = new URL('../../../board/vexpress-a9/facts.json', import.meta.url).pathname;
const folder = join(checkout, 'build', 'test', `doctor-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** `env -i`, because the test runner hooks itself into every Node it starts. */
const run = (words: string[], before: string[] = []) =>
  spawnSync(
    'env',
    ['-i', `PATH=${process.env['PATH']}`, ...before, process.execPath, agent, 'doctor', ...words],
    { encoding: 'utf8' },
  );

t.test('a healthy board gives status 0, one with a problem 4', async (t) => {
  const { status, stdout, stderr } = run(['--facts', FACTS]);
  t.equal(
    stdout,
    readFileSync(new URL('../../golden/doctor/healthy.txt', import.meta.url), 'utf8'),
  );
  t.same([status, stderr], [0, '']);
  t.equal(
    run(['--facts', file('broken.json', JSON.stringify(withVolume({ found: [], content: null })))])
      .status,
    4,
  );
});

t.test('--json is data with a schema, --verbose names the good results too', async (t) => {
  const data = JSON.parse(run(['--facts', FACTS, '--json']).stdout) as { checks: object[] };
  t.match(data, {
    schema: 'mountroot.doctor/1',
    of: 'a facts file',
    rung: 'persistent',
    counts: { problem: 0 },
  });
  t.match(data.checks[0]!, { id: 'ladder', verdict: 'ok', cure: null });
  t.match(run(['--facts', FACTS, '--verbose']).stdout, /^ok {8}overlay: the kernel has overlay$/m);
});

t.test('a file that is no facts file is refused in one sentence, with status 2', async (t) => {
  for (const words of [
    ['--facts', file('wrong.json', '{"schema":1}')],
    ['--facts', '/nosuch'],
    ['--facts'],
    ['--nosuch'],
    ['--facts', FACTS, '--set', 'wait=1'],
  ]) {
    const { status, stdout, stderr } = run(words);
    t.same([status, stdout], [2, ''], words.join(' '));
    t.match(stderr, /^mountroot: [^\n]+\n$/);
  }
});

t.test('this machine is examined, with its native parts or without', async (t) => {
  const verdict = (name: string) =>
    (
      JSON.parse(run(['--json']).stdout) as { checks: { id: string; verdict: string }[] }
    ).checks.find(({ id }) => id === name)?.verdict;
  t.equal(verdict('native'), 'problem');
  await placeNative('host', folder);
  t.equal(verdict('native'), 'ok');
  t.equal(verdict('node'), 'ok');
  t.match(
    run(['--set', 'volume=LABEL=nosuch']).stdout,
    /there is no volume LABEL=nosuch, which --set volume= asks\s+for/,
    'a name may be tried before it is written down',
  );
  const { stdout, stderr, status } = run([]);
  t.equal(stderr, '');
  // A workstation's root keeps its changes itself, and lacks nothing; a container's may not.
  t.ok([0, 4].includes(status!), String(status));
  t.same(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
});

t.test(
  'an ordinary user learns which checks were impossible',
  { skip: process.getuid?.() === 0 ? false : 'needs root to become somebody else' },
  async (t) => {
    const other = [
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      '--inh-caps',
      '+dac_read_search',
      '--ambient-caps',
      '+dac_read_search',
    ];
    const { status, stderr } = run(['--json'], other);
    t.equal(stderr, '');
    t.ok([0, 4].includes(status!), String(status));
  },
);

t.test('the doctor changes nothing: no such call, and no file opened for writing', async (t) => {
  const watched =
    'mount,umount2,pivot_root,chroot,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,' +
    'renameat,renameat2,symlink,symlinkat,link,linkat,open,openat,creat,truncate,' +
    'ftruncate,chmod,fchmod,chown,utimensat,setxattr,mknod,mknodat';
  const calls = (words: string[]): string[] =>
    spawnSync(
      'env',
      [
        '-i',
        `PATH=${process.env['PATH']}`,
        'strace',
        '-f',
        '-qq',
        '-e',
        'signal=none',
        '-e',
        `trace=${watched}`,
        process.execPath,
        ...words,
      ],
      { encoding: 'utf8' },
    )
      .stderr.split('\n')
      .filter((line) => /^(\[pid +\d+\] )?\w+\(/.test(line))
      .map((line) => line.replace(/^\[pid +\d+\] /, '').replace(/ = .*/, ''));
  const changing = (lines: string[]): string[] =>
    lines.filter((line) =>
      /^open(at)?\(/.test(line) ? /O_(WRONLY|RDWR|CREAT|TRUNC)/.test(line) : true,
    );
  const seen = calls([agent, 'doctor']);
  t.ok(
    seen.some((line) => line.includes('/proc/self/mountinfo')),
    'the run is seen',
  );
  const node = new Set(changing(calls(['-e', '0'])));
  t.same(
    changing(seen).filter((call) => !node.has(call)),
    [],
    'but for what Node itself does',
  );
});
