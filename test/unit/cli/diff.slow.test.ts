import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import { writeRomRecord } from '../../../src/tree/rom-record.js';
import { nodeDoor } from '../../fixtures/node-door.js';
import { reader, writer } from '../../../src/system/files.js';
import type { System } from '../../../src/system/port.js';

const folder = t.testdir({});
const program = await bundle('test/namespace/diff-program.ts', join(folder, 'diff.cjs'));
await placeNative('host', folder);

const env = { PATH: process.env['PATH'] ?? '' };
const diff = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [program, 'diff', ...words], { encoding: 'utf8', env });

/** An image, and a data volume with settings over it that `done` has recorded. */
function board(t: Test): { at: string; words: string[]; done: () => void } {
  const at = fs.realpathSync(
    t.testdir({
      data: { '.mountroot': {}, upper: { etc: { config: { x: 'mine', y: 'mine' } } } },
      rom: { etc: { config: { x: 'theirs', y: 'theirs' }, openwrt_release: 'one' } },
    }),
  );
  const done = (): void =>
    void writeRomRecord({ ...reader, ...writer, tree: nodeDoor } as System, {
      at: `${at}/data`,
      upper: `${at}/data/upper`,
      rom: `${at}/rom`,
      fstype: 'squashfs',
      device: '',
    });
  return { at, words: ['--upper', `${at}/data/upper`, '--lower', `${at}/rom`], done };
}

t.test(
  'after an upgrade of the image diff names the settings that hide a newer file of it',
  async (t) => {
    const { at, words, done } = board(t);
    t.match(diff(...words).stdout, /Note: there is no record of the image in/);
    done();
    t.notMatch(diff(...words).stdout, /shadow|no record/);
    fs.writeFileSync(`${at}/rom/etc/config/x`, 'theirs, and more of it');
    fs.writeFileSync(`${at}/rom/etc/openwrt_release`, 'two');
    const told = (): string => diff(...words).stdout.replace(/\s+/g, ' ');
    const expected =
      /etc\/config\/x shadows a newer rom file: rom's changed from 6 bytes .*to 22 bytes .*since you changed yours changed 4 B etc\/config\/y/;
    t.match(told(), expected, 'before the first done of the new image');
    done();
    t.match(told(), expected, 'and behind it');
    t.match(JSON.parse(diff(...words, '--json').stdout), {
      totals: { shadows: 1 },
      entries: [
        { path: 'etc/config/x', shadows: { was: { size: 6 }, now: { size: 22 }, sure: true } },
        { path: 'etc/config/y', shadows: undefined },
      ],
    });
    fs.writeFileSync(`${at}/data/upper/etc/config/x`, 'mine, with what is new');
    done();
    t.notMatch(told(), /shadow/, 'until it is taken over');
  },
);

t.test('a damaged record is reported, and everything else is shown', async (t) => {
  const { at, words, done } = board(t);
  done();
  fs.writeFileSync(`${at}/data/.mountroot/rom-baseline`, '{"schema"');
  const { stdout, status } = diff(...words);
  t.equal(status, 0);
  t.match(
    stdout.replace(/\s+/g, ' '),
    /rom-baseline is damaged, so which files .* cannot be told;/,
  );
  t.match(stdout, /changed +4 B +etc\/config\/x/);
});

t.test('exit statuses, and one sentence for each impossible call', async (t) => {
  const { at, words } = board(t);
  t.equal(diff(...words, '--exit-code').status, 4);
  t.equal(diff('/usr', ...words, '--exit-code').status, 0);
  const cases: [string[], RegExp][] = [
    [['--upper', at], /--upper and --lower go together/],
    [['--upper', `${at}/none`, '--lower', at], /cannot use --upper [^ ]*none: ENOENT/],
    [[...words, '../etc'], /without \.\./],
    [[...words, '--biggest', '0'], /--biggest takes a whole number/],
    [[...words, '--format', 'xml'], /Invalid values/],
  ];
  for (const [wrong, says] of cases) {
    const { status, stdout, stderr } = diff(...wrong);
    t.equal(status, 2, wrong.join(' '));
    t.match(stderr, says);
    t.equal(stdout, '');
  }
});

t.test(
  'a user who is not root learns what diff cannot see',
  { skip: process.getuid?.() === 0 ? 'root sees all' : false },
  async (t) => {
    const { words } = board(t);
    t.match(
      diff(...words).stdout.replace(/\s+/g, ' '),
      /trusted\.overlay\.\*\) are shown to root alone/,
    );
  },
);

t.test('a reader that stops early, or that reads slowly, is no trouble', async (t) => {
  const many = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`file-with-a-long-name-${index}`, '']),
  );
  const at = fs.realpathSync(t.testdir({ rom: {}, upper: many }));
  const child = spawn(
    process.execPath,
    [program, 'diff', '--upper', `${at}/upper`, '--lower', `${at}/rom`, '--format', 'ndjson'],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    if (text === '') await new Promise((resolve) => setTimeout(resolve, 200));
    text += String(chunk);
  }
  t.equal(text.split('\n').length, 5003);
  t.match(JSON.parse(text.trimEnd().split('\n').at(-1)!), { type: 'end', all: { count: 5000 } });
});
