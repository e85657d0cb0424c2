import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';

const folder = join(checkout, 'build', 'test', `status-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const BOOT = new URL('../../fixtures/journal/00000002-13f96384.ndjson', import.meta.url).pathname;

/** `env -i`, because the test runner hooks itself into every Node it starts. */
const run = (words: string[], input = '') =>
  spawnSync('env', ['-i', `PATH=${process.env['PATH']}`, process.execPath, agent, ...words], {
    encoding: 'utf8',
    input,
  });

t.test('the status of this machine is shown in each form', async (t) => {
  t.match(run(['status']), { status: 0, stderr: '', stdout: /^root {6}/m });
  t.match(JSON.parse(run(['status', '--json']).stdout), { schema: 'mountroot.status/1' });
  t.match(run(['status', '--format', 'prometheus']).stdout, /^# HELP mountroot_info /);
  t.ok(
    run(['status'])
      .stdout.split('\n')
      .every((line) => line.length <= 80),
  );
});

t.test('a file is replaced completely, with nothing left beside it', async (t) => {
  const file = join(folder, 'metrics', 'mountroot.prom');
  t.match(run(['status', '--format', 'prometheus', '-o', file]), {
    status: 2,
    stderr: /^mountroot: cannot write .*: there is no directory .*\n$/,
  });
  mkdirSync(join(folder, 'metrics'));
  writeFileSync(file, 'before\n');
  t.match(run(['status', '--format', 'prometheus', '-o', file]), {
    status: 0,
    stdout: '',
    stderr: '',
  });
  t.match(readFileSync(file, 'utf8'), /^# HELP/);
  t.same(readdirSync(join(folder, 'metrics')), ['mountroot.prom']);
  t.match(run(['status', '-o', folder]), { status: 2, stderr: /it is a directory\n$/ });
});

t.test('a boot is drawn from its journal, from a file or from standard input', async (t) => {
  const file = join(folder, 'boot.svg');
  t.match(run(['timeline', BOOT, '-o', file]), { status: 0, stdout: '', stderr: '' });
  t.match(readFileSync(file, 'utf8'), /Boot 2: an overlay root/);
  t.match(run(['timeline', '-'], readFileSync(BOOT, 'utf8')).stdout, /^<\?xml/);
});

t.test('a missing file, or one that is no journal, is reported in one sentence', async (t) => {
  const other = join(folder, 'other');
  writeFileSync(other, 'a\nb\n');
  for (const [words, says] of [
    [['journal', '--boot', '4711'], /the journal of boot 4711 is not there/],
    [['journal', '--boot', '-4711'], /the journal of boot -4711 is not there/],
    [['journal', '--boot', '1.5'], /--boot takes the number of a boot/],
    [['journal', '--last', '0'], /--last takes a whole number, 1 or more/],
    [['journal', '--json', '--ndjson'], /use one of them/],
    [['journal', '--boot', '1', '--last', '2'], /use one of them/],
    [['timeline', other], /it has no record of a journal/],
    [['timeline', '/nonexistent'], /cannot .*\/nonexistent: ENOENT/],
    [['timeline', BOOT, '--boot', '1'], /use one of them/],
    [['status', '--format', 'xml'], /Choices: "text", "json", "prometheus"/],
  ] as [string[], RegExp][]) {
    const { status, stdout, stderr } = run(words);
    t.equal(status, 2, words.join(' '));
    t.match(stderr, says);
    t.match(stderr, /^mountroot: [^\n]+\n$/);
    t.equal(stdout, '');
  }
});

t.test('the boots are listed, or a message says that there are none', async (t) => {
  t.match(run(['journal']), { status: 0, stderr: '' });
  t.match(JSON.parse(run(['journal', '--json']).stdout), { schema: 'mountroot.boots/1' });
});
