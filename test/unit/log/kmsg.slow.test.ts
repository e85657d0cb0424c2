import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { kmsg, terminal } from '../../../src/log/kmsg.js';
import { stderr } from '../../../src/log/stderr.js';

const folder = mkdtempSync(join(tmpdir(), 'stderr-'));
const said = join(folder, 'said');
t.teardown(() => rmSync(folder, { recursive: true }));

/** Returns the text that a call writes to stderr. */
function stderrOf(call: () => void): string {
  stderr.fd = openSync(said, 'w');
  try {
    call();
  } finally {
    closeSync(stderr.fd);
    stderr.fd = 2;
  }
  return readFileSync(said, 'utf8');
}

/** An ordinary file replaces /dev/kmsg: each record is written from its start. */
const device = (): string => join(t.testdir({ kmsg: '' }), 'kmsg');

t.test("each level is the kernel's", async (t) => {
  const file = device();
  const log = kmsg(file);
  for (const [level, number] of [
    ['error', 3],
    ['warn', 4],
    ['info', 6],
    ['debug', 7],
  ] as const) {
    writeFileSync(file, '');
    log[level]('text');
    t.equal(readFileSync(file, 'utf8'), `<${number}>mountroot: text\n`);
  }
});

t.test('a text is one record: a newline in it cannot start another', async (t) => {
  const file = device();
  kmsg(file).info('one\n<0>two\r\0\u001b[2Jthree\t');
  const record = readFileSync(file, 'latin1');
  t.equal(record, '<6>mountroot: one <0>two [2Jthree \n');
});

t.test("a long text is cut to the kernel's limit", async (t) => {
  const file = device();
  kmsg(file).info('x'.repeat(5000));
  const record = readFileSync(file, 'utf8');
  t.ok(record.length < 976, 'LOG_LINE_MAX of the kernel, and its prefix');
  t.match(record, /^<6>mountroot: x{800,}\n$/);
});

t.test('the limit counts bytes: the kernel refuses a record that is too long', async (t) => {
  const file = device();
  kmsg(file).info('ü€'.repeat(2000));
  const record = readFileSync(file);
  t.ok(record.length < 976);
  t.equal(record.at(-1), 10);
});

t.test('without the device the text goes to stderr', async (t) => {
  t.equal(
    stderrOf(() => kmsg(join(t.testdir({}), 'none')).error('a\nb')),
    'mountroot: a b\n',
  );
});

t.test('a symlink is not written through', async (t) => {
  const top = t.testdir({ victim: 'kept' });
  symlinkSync('victim', join(top, 'kmsg'));
  t.equal(
    stderrOf(() => kmsg(join(top, 'kmsg')).info('text')),
    'mountroot: text\n',
  );
  t.equal(readFileSync(join(top, 'victim'), 'utf8'), 'kept');
});

t.test(
  'while /dev is unreachable between the pivot and its move, the device opened last takes records',
  async (t) => {
    const file = device();
    const log = kmsg(file);
    log.info('before');
    renameSync(file, `${file}.moved`);
    t.equal(
      stderrOf(() => log.info('between')),
      '',
    );
    t.match(readFileSync(`${file}.moved`, 'utf8'), /between/);
    writeFileSync(file, '');
    log.info('after');
    t.equal(
      readFileSync(file, 'utf8'),
      '<6>mountroot: after\n',
      'and it is opened anew where it is back',
    );
  },
);

t.test(
  'each record opens the device anew, because the kernel allows only ten per opening',
  async (t) => {
    const file = device();
    const log = kmsg(file);
    log.info('one');
    renameSync(file, `${file}.old`);
    writeFileSync(file, '');
    log.info('two');
    t.match(readFileSync(file, 'utf8'), /two/);
    t.notMatch(readFileSync(`${file}.old`, 'utf8'), /two/);
  },
);

t.test('on a terminal the same lines go to stderr, without debug lines', async (t) => {
  const log = terminal();
  t.equal(
    stderrOf(() => (log.error('e'), log.warn('w'), log.info('i\nj'), log.debug('d'))),
    'mountroot: e\nmountroot: w\nmountroot: i j\n',
  );
});

t.test(
  'messages of the other verbs go to stderr only, and name their level unless it is error',
  async (t) => {
    const source = (name: string): string =>
      fileURLToPath(new URL(`../../../src/log/${name}.ts`, import.meta.url));
    const say = `import { messages } from ${JSON.stringify(source('winston'))};
const asked = (word) => process.argv.includes(word);
const log = messages({ verbose: asked('verbose'), colour: asked('colour') });
log.error('e'); log.warn('w'); log.info('i\\nj'); log.debug('d');`;
    const file = join(t.testdir({ 'say.mts': say }), 'say.mts');
    const run = (...words: string[]): { stdout: string; stderr: string } =>
      spawnSync(process.execPath, ['--import', 'tsx', file, ...words], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      });
    t.match(run(), {
      stdout: '',
      stderr: 'mountroot: e\nmountroot: warn: w\nmountroot: info: i j\n',
    });
    t.match(run('verbose').stderr, /^mountroot: debug: d$/m);
    t.match(run('colour').stderr, /^mountroot: e\nmountroot: \u001b\[33mwarn\u001b\[39m: w$/m);
  },
);
