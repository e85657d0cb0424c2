/** Calls `export` and `import`: their messages and exit statuses. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import { directory, tar } from '../layer/archive/tars.js';

const folder = t.testdir({});
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
await placeNative('host', folder);

const root = process.getuid?.() === 0;
const needsRoot = { skip: root ? false : 'needs root, who alone sees trusted.overlay.*' };

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}
/** `env -i`, because the test runner hooks itself into every Node it starts. */
const mountroot = (...words: string[]): Result =>
  spawnSync('env', ['-i', `PATH=${process.env['PATH'] ?? ''}`, process.execPath, agent, ...words], {
    encoding: 'utf8',
    cwd: folder,
  });

const LAYER = tar(directory('./', { mode: 0o755 }), directory('etc'), {
  name: 'etc/setting',
  content: 'mine\n',
});
writeFileSync(join(folder, 'layer.tar'), LAYER);
const fresh = (name: string): string => {
  mkdirSync(join(folder, name, 'etc'), { recursive: true });
  writeFileSync(join(folder, name, 'etc', 'old'), 'old\n');
  return join(folder, name);
};

t.test(
  'each wrong call gets one sentence on stderr, nothing on stdout, and its exit status',
  async (t) => {
    const upper = fresh('wrong');
    symlinkSync('/tmp', join(folder, 'to-tmp'));
    writeFileSync(join(folder, 'bad.tar'), 'no archive');
    const cases: [string[], number, RegExp][] = [
      [['import'], 2, /no archive was named/],
      [['import', 'missing.tar'], 2, /cannot read missing.tar: it is missing/],
      [['import', '/dev/null'], 2, /is no file, and an archive is read twice/],
      [['import', 'layer.tar', '--upper', upper, '--merge', '--replace'], 2, /choose one/],
      [['import', 'layer.tar', '--upper', 'layer.tar'], 2, /it is a file/],
      [['import', 'layer.tar', '--upper', 'no/such'], 2, /it is missing/],
      [['import', 'layer.tar', '--upper', upper, '--limit', 'lots'], 2, /is no whole number/],
      [
        ['import', 'layer.tar', '--upper', upper, '--limit', '1'],
        1,
        /needs more than the 1 bytes .*; nothing was changed/,
      ],
      [['import', 'layer.tar', '--cancel'], 2, /goes with nothing else/],
      [['import', '--cancel', '--upper', upper], 2, /acts at once/],
      [['import', 'bad.tar', '--upper', upper], 1, /bad.tar is no tar, .*; nothing was changed/],
      [
        ['import', 'layer.tar'],
        2,
        /no upper layer to import into|does not keep its changes on the data volume|no overlay/,
      ],
      [
        ['export', '--upper', '/nonexistent'],
        root ? 2 : 1,
        root ? /it is missing/ : /export needs root/,
      ],
    ];
    if (root)
      cases.push(
        [['export', '--upper', upper, '-o', upper], 2, /it is a directory; name a file/],
        [
          ['export', '--upper', upper, '-o', join(upper, 'x.tar')],
          2,
          /is in the layer that is exported/,
        ],
        [['export', '--upper', upper, '-o', 'no/x.tar'], 2, /is missing/],
        [['export', '--upper', upper, '-o', '/dev/null'], 2, /is no file/],
      );
    for (const [words, status, says] of cases) {
      const result = mountroot(...words);
      const name = words.join(' ').replaceAll(folder, '');
      t.equal(result.status, status, name);
      t.match(result.stderr, says, name);
      t.match(result.stderr, /^mountroot: [^\n]+\n$/, `${name} is answered with one line`);
      t.equal(result.stdout, '', name);
    }
    t.equal(readFileSync(join(upper, 'etc', 'old'), 'utf8'), 'old\n');
    t.same(
      readdirSync(folder).filter((each) => each.includes('.mountroot-')),
      [],
      'nothing is left beside it',
    );
  },
);

t.test(
  'a dry run checks and changes nothing; an import replaces, or merges into, an unused ' +
    'layer at once',
  async (t) => {
    const upper = fresh('layer');
    const dry = mountroot('import', 'layer.tar', '--upper', upper, '--dry-run');
    t.match(dry, { status: root ? 0 : 4, stdout: /^layer\.tar can be imported, in place of\s/ });
    t.ok(
      dry.stdout.split('\n').every((line) => line.length <= 80 || !line.includes(' ')),
      'within 80 columns, where words allow it',
    );
    t.same(readdirSync(join(upper, 'etc')), ['old']);
    t.match(
      mountroot('import', 'layer.tar', '--upper', upper, '--merge', '--json').stdout,
      /"mode": "merge"/,
    );
    t.same(readdirSync(join(upper, 'etc')), ['old', 'setting']);
    const { stdout, status } = mountroot('import', 'layer.tar', '--upper', upper, '--json');
    t.equal(status, root ? 0 : 4, 'who is not root is told that owners are lost');
    t.match(JSON.parse(stdout), {
      schema: 'mountroot.import/1',
      mode: 'replace',
      when: 'now',
      counts: { files: 1, directories: 2, bytes: 5 },
    });
    t.same(readdirSync(join(upper, 'etc')), ['setting']);
    t.match(mountroot('import', 'layer.tar', '--upper', join(folder, 'new')), {
      status: root ? 0 : 4,
    });
    t.ok(existsSync(join(folder, 'new', 'etc', 'setting')), 'a layer that was not there is made');
    t.same(
      readdirSync(folder).filter((each) => each.includes('.mountroot-')),
      [],
    );
  },
);

t.test('data that an interrupted import had put aside are not lost', async (t) => {
  mkdirSync(join(folder, '.cut.mountroot-former'));
  t.match(mountroot('import', 'layer.tar', '--upper', 'cut'), {
    status: 1,
    stderr: /rename it to .*cut, and import again/,
  });
  mkdirSync(join(folder, '.half.mountroot-next', 'x'), { recursive: true });
  t.match(
    mountroot('import', 'layer.tar', '--upper', 'half').status,
    root ? 0 : 4,
    'and what one had half made is made anew',
  );
  t.notOk(existsSync(join(folder, 'half', 'x')));
});

t.test(
  'an export goes to a file that only its owner can read, complete or not at all, with ' +
    'the same bytes as through a pipe',
  needsRoot,
  async (t) => {
    const upper = fresh('exported');
    writeFileSync(join(folder, 'out.tar'), 'before');
    t.match(mountroot('export', '--upper', upper, '-o', 'out.tar'), { status: 0, stdout: '' });
    t.equal(statSync(join(folder, 'out.tar')).mode & 0o777, 0o600);
    const piped = spawnSync(
      'sh',
      [
        '-c',
        `env -i PATH="$PATH" "${process.execPath}" "${agent}" export --upper "${upper}" ` +
          `| cmp - "${join(folder, 'out.tar')}"`,
      ],
      { encoding: 'utf8' },
    );
    t.equal(piped.status, 0, piped.stdout);
    writeFileSync(join(upper, '.wh.odd'), '');
    t.match(mountroot('export', '--upper', upper, '-z', '-o', 'out.tar'), {
      status: 4,
      stderr: /^mountroot: .*\.wh\.odd: a layer has no way to hold/m,
    });
    t.match(mountroot('import', 'out.tar', '--upper', join(folder, 'again')), { status: 0 });
  },
);

t.test('a reader that stops early is no failure', needsRoot, async (t) => {
  const upper = fresh('large');
  writeFileSync(join(upper, 'large'), Buffer.alloc(4 << 20, 7));
  const { status, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `env -i PATH="$PATH" "${process.execPath}" "${agent}" export --upper "${upper}" | ` +
        `head -c 100 >/dev/null; exit \${PIPESTATUS[0]}`,
    ],
    { encoding: 'utf8' },
  );
  t.equal(status, 0, stderr);
});
