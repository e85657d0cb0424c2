import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';

const FACTS = new URL('../../../board/vexpress-a9/facts.json', import.meta.url).pathname;
const GOLDEN = new URL('../../golden/', import.meta.url);

const folder = t.testdir({});
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
await placeNative('host', folder);

/** Prints each imported module that is not Node's own on stderr. */
const TELL = `
const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...rest) {
  if (!Module.isBuiltin(request)) process.stderr.write('loaded ' + request + '\\n');
  return load.call(this, request, ...rest);
};`;

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * `env -i`, because the test runner hooks itself into every Node it starts. Another user may still
 * read the checkout at any place.
 */
const bare = (
  words: string[],
  options: { uid?: number; env?: Record<string, string> } = {},
): Result => {
  const environment = Object.entries({ PATH: process.env['PATH'] ?? '', ...options.env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const { uid } = options;
  return spawnSync(
    'env',
    [
      '-i',
      ...environment,
      ...(uid === undefined
        ? []
        : [
            'setpriv',
            `--reuid=${uid}`,
            '--clear-groups',
            '--inh-caps',
            '+dac_read_search',
            '--ambient-caps',
            '+dac_read_search',
          ]),
      ...words,
    ],
    { encoding: 'utf8' },
  );
};
const mountroot = (words: string[], options = {}): Result =>
  bare([process.execPath, agent, ...words], options);

t.test(
  'each wrong call gets one sentence on stderr, nothing on stdout, and its exit status',
  async (t) => {
    const broken = join(t.testdir({ broken: '{"schema":' }), 'broken');
    const cases: [string[], number, RegExp][] = [
      [['frobnicate'], 2, /there is no verb or option frobnicate .*`mountroot --help` lists them/],
      [['start', '--frobnicate'], 2, /there is no verb or option frobnicate/],
      [['plan'], 2, /--help/],
      [['plan', 'dance'], 2, /Choices: "start", "ram", "switch-root", "done", "stop", "reset"/],
      [['reset'], 2, /nobody is there to answer; add --yes/],
      [['stop'], 5, /this is no shutdown/],
      [['reset', '--yes', '--keep', '../etc'], 2, /cannot keep "..\/etc"/],
      [['plan', 'start', '--facts', FACTS, '--set', 'wait=1'], 2, /use one of them/],
      [['plan', 'start', '--format', 'xml'], 2, /Choices: "text", "json", "sh"/],
      [['plan', 'start', '--facts'], 2, /--help/],
      [['plan', 'start', '--facts', '/nonexistent'], 2, /cannot read \/nonexistent: ENOENT/],
      [['plan', 'start', '--facts', broken], 2, /is not a facts file: it is not JSON/],
      [['plan', 'start', '--facts', process.execPath], 2, /is not a facts file: it is not JSON/],
      [['start', '--facts', FACTS], 2, /go with --dry-run/],
      [['start', '--format', 'sh'], 2, /go with --dry-run/],
      [['start'], 5, /refused because this does not look like the early boot/],
    ];
    for (const [words, status, says] of cases) {
      const result = mountroot(words);
      const name = words.join(' ');
      t.equal(result.status, status, name);
      t.match(result.stderr, says, name);
      t.match(result.stderr, /^mountroot: [^\n]+\n$/, `${name} is answered with one line`);
      t.equal(result.stdout, '', name);
    }
  },
);

t.test('on a machine of others done confirms nothing, and says so', async (t) => {
  const { status, stderr } = mountroot(['done']);
  t.match(stderr, /nothing to confirm/);
  // 0 if / is a file system that keeps its changes itself, as on most workstations.
  t.ok([0, 1].includes(status!), String(status));
});

t.test(
  'a user who is not root is told so, and no journal is begun',
  { skip: process.getuid?.() === 0 ? false : 'needs root to become somebody else' },
  async (t) => {
    const before = existsSync('/tmp/mountroot');
    const { status, stderr } = mountroot(['start'], { uid: 65534, env: { PREINIT: '1' } });
    t.equal(status, 1);
    t.match(stderr, /^mountroot: start needs root to mount, and this is user 65534; [^\n]*\n$/);
    t.equal(existsSync('/tmp/mountroot'), before);
  },
);

t.test(
  "in the early boot start skips unknown words, because OpenWrt's program accepts mount " +
    'options there',
  { skip: process.getuid?.() === 0 ? false : 'needs root to become somebody else' },
  async (t) => {
    const early = { uid: 65534, env: { PREINIT: '1' } };
    for (const words of [['noatime'], ['', 'rw,compr=zlib'], ['']]) {
      const { status, stderr } = mountroot(['start', ...words], early);
      t.match(stderr, /^mountroot: start needs root/, words.join(' '));
      t.equal(status, 1);
    }
    t.match(
      mountroot(['start', 'ro'], early).stderr,
      /^mountroot: start does not heed ro: [^\n]+\nmountroot: start needs root/,
    );
    t.equal(mountroot(['start', 'noatime']).status, 2, 'by hand it is a mistake');
  },
);

t.test('--json gives data from every verb that reports', async (t) => {
  for (const words of [
    ['facts', '--json'],
    ['status', '--json'],
    ['plan', 'start', '--json', '--facts', FACTS],
  ])
    t.type(JSON.parse(mountroot(words).stdout), 'object');
});

t.test('help and version go to stdout', async (t) => {
  const help = mountroot(['--help']);
  t.equal(help.status, 0);
  for (const verb of ['start', 'ram', 'done', 'stop', 'reset', 'plan <verb>', 'facts', 'status'])
    t.ok(help.stdout.includes(verb), verb);
  t.match(mountroot(['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
});

t.test("this machine's facts are a valid facts file", async (t) => {
  const { stdout, status } = mountroot(['facts']);
  t.equal(status, 0);
  const file = join(t.testdir({ facts: stdout }), 'facts');
  t.equal(mountroot(['plan', 'start', '--facts', file]).status, 0, 'and it is planned for');
});

for (const [format, name] of [
  ['text', 'plan-start.txt'],
  ['sh', 'plan-start.sh'],
  ['json', 'plan-start.json'],
] as const)
  t.test(`the plan for the captured board, as ${format}, is the reviewed one`, async (t) => {
    const { stdout, status } = mountroot([
      'start',
      '--dry-run',
      '--format',
      format,
      '--facts',
      FACTS,
    ]);
    t.equal(status, 0);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(new URL(name, GOLDEN), stdout);
    t.equal(
      stdout,
      readFileSync(new URL(name, GOLDEN), 'utf8'),
      'UPDATE_GOLDEN=1 takes over what is meant to be different',
    );
  });

t.test(
  'a dry run makes no call that changes anything, and opens nothing for writing',
  async (t) => {
    const calls = (words: string[]): string[] => {
      const { stderr, status } = bare([
        'strace',
        '-f',
        '-qq',
        '-e',
        'signal=none',
        '-e',
        'trace=mount,umount2,pivot_root,chroot,mkdir,mkdirat,rmdir,unlink,unlinkat,' +
          'rename,renameat,renameat2,symlink,symlinkat,link,linkat,open,openat,creat,' +
          'truncate,ftruncate,chmod,fchmod,chown,utimensat,setxattr,mknod,mknodat',
        ...words,
      ]);
      t.equal(status, 0);
      // strace writes to stderr, between the program's own lines.
      return stderr.split('\n').filter((line) => /^(\[pid +\d+\] )?\w+\(/.test(line));
    };
    const changing = (lines: string[]): string[] =>
      lines
        .filter((line) =>
          / ?open(at)?\(/.test(line) ? /O_(WRONLY|RDWR|CREAT|TRUNC)/.test(line) : true,
        )
        .map((line) => line.replace(/^\[pid +\d+\] /, '').replace(/ = .*/, ''));
    const dry = calls([process.execPath, agent, 'start', '--dry-run', '--facts', FACTS]);
    t.ok(
      dry.some((line) => line.includes('facts.json')),
      'the run is seen',
    );
    const node = new Set(changing(calls([process.execPath, '-e', '0'])));
    t.same(
      changing(dry).filter((call) => !node.has(call)),
      [],
      'but for what Node itself does',
    );
  },
);

t.test(
  'the boot path loads neither yargs nor winston nor any other package, and a dry run no ffi-napi',
  async (t) => {
    // The packages stay outside of this bundle, so that each loaded one is imported by name. The
    // bundle must be where node_modules can be found.
    const watched = await bundle(
      'src/main.ts',
      join(checkout, 'build', 'test', `watched-${process.pid}.cjs`),
      { packagesOutside: true },
    );
    t.teardown(() => rmSync(watched));
    const tell = join(t.testdir({ 'tell.cjs': TELL }), 'tell.cjs');
    const loaded = (words: string[], options = {}): string[] =>
      [
        ...bare([process.execPath, '-r', tell, watched, ...words], options).stderr.matchAll(
          /^loaded ([^./].*)$/gm,
        ),
      ].map(([, name]) => name!);

    t.same(loaded(['start']), [], 'a start that is refused');
    // Not root, so that it ends with the plan's refusal and leaves nothing on this machine.
    t.same(loaded(['start', '--force'], { uid: 65534 }), [], 'a start up to its plan');
    const dry = loaded(['plan', 'start', '--facts', FACTS]);
    t.ok(dry.includes('yargs') && dry.includes('winston'), 'the watch sees what is loaded');
    t.notOk(dry.some((name) => /ffi-napi|ref-napi/.test(name)));
  },
);
