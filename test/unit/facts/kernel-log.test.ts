import fc from 'fast-check';
import t from 'tap';
import { parseConsole } from '../../../src/facts/console-log.js';
import { parseKernelRecords } from '../../../src/facts/kernel-log.js';
import { anyCharacter } from '../../fixtures/any-text.js';

const FIRST = 'Booting Linux on physical CPU 0x0';
const BOOT = `${FIRST}\nLinux version 6.1.0\nKernel command line: console=ttyAMA0\n`;
const timed = (text: string): string => text.replace(/^(?=.)/gm, '[    0.000000] ');

t.test(
  'records of /dev/kmsg become lines with times; records of user space are left out',
  async (t) => {
    const log = parseKernelRecords([
      '6,0,0,-;Booting Linux on physical CPU 0x0\n',
      '5,1,1500000,-;a\\x5cb \\xc3\\xa9\n SUBSYSTEM=x\n DEVICE=y\n',
      '12,2,1600000,-;mountroot: from user space\n',
      'nonsense',
    ]);
    t.same(log, {
      lines: [
        { time: 0, text: FIRST },
        { time: 1.5, text: 'a\\b é' },
      ],
      fromStart: true,
      allLevels: true,
    });
  },
);

t.test('records that begin after the start of the boot are recognised', async (t) => {
  t.equal(parseKernelRecords(['6,17,0,-;x']).fromStart, false);
  t.same(parseKernelRecords([]), { lines: [], fromStart: false, allLevels: true });
});

t.test('on a console with times, kernel lines are separated from lines of programs', async (t) => {
  const [log] = parseConsole(
    `U-Boot 2023\r\n\n${timed(BOOT)}init: Kernel panic - not syncing: not the kernel's\n` +
      '[   12.345678] last\r\n',
  );
  t.same(
    log?.lines.map(({ text }) => text),
    [FIRST, 'Linux version 6.1.0', 'Kernel command line: console=ttyAMA0', 'last'],
  );
  t.match(log, { fromStart: true, allLevels: true });
  t.equal(log?.lines.at(-1)?.time, 12.345678);
});

t.test('on a console without times, all lines count from the first kernel line on', async (t) => {
  const [log] = parseConsole(`U-Boot 2023\n${BOOT}VFS: Mounted root\n`);
  t.same(log?.lines.map(({ text }) => text).slice(-1), ['VFS: Mounted root']);
  t.equal(log?.lines.length, 4);
});

t.test('several boots in one log are separated', async (t) => {
  const logs = parseConsole(
    `${timed(BOOT)}[    1.0 cut off\n${timed(BOOT)}${timed(BOOT)}[    2.000000] third\n`,
  );
  t.equal(logs.length, 3);
  t.equal(logs.at(-1)?.lines.at(-1)?.text, 'third');
  t.equal(
    parseConsole('Linux version 5.4.0\nx\nLinux version 5.4.0\ny\n').length,
    2,
    'also where the version is the first word',
  );
});

t.test('levels, syslog and dmesg prefixes, and dates are removed', async (t) => {
  for (const line of [
    '<6>[    0.000000] x',
    'Jan  1 00:00:00 board kernel: [    0.000000] x',
    'kern  :info  : [    0.000000] x',
    '[Thu Jan  1 00:00:00 1970] x',
    '[    0.000000][    T0] x',
    '\x1b[32m[    0.000000]\x1b[0m x',
    '\0[    0.000000] x',
  ])
    t.equal(parseConsole(line)[0]?.lines[0]?.text, 'x', JSON.stringify(line));
});

t.test('an unknown prefix is learned from the messages, in bounded time', async (t) => {
  const prefix = `${'a1'.repeat(55)} `;
  const started = process.cpuUsage();
  const [log] = parseConsole(
    `${prefix}Linux version 5.4.0\n${prefix}Kernel command line: x\n` +
      `${'a1'.repeat(3000)}\n`.repeat(50),
  );
  t.match(log?.lines.slice(0, 2), [
    { text: 'Linux version 5.4.0' },
    { text: 'Kernel command line: x' },
  ]);
  t.ok(process.cpuUsage(started).user / 1000 < 3000);
});

t.test('text that a terminal would overwrite is removed', async (t) => {
  t.equal(
    parseConsole('Loading 100KiB [1 disk] into ram disk... |\b/\b-\bdone.\r\n')[0]?.lines[0]?.text,
    'Loading 100KiB [1 disk] into ram disk... done.',
  );
});

t.test('a quiet console is recognised as incomplete', async (t) => {
  for (const word of ['quiet', 'loglevel=4'])
    t.equal(parseConsole(BOOT.replace('console', `${word} console`))[0]?.allLevels, false, word);
  t.equal(parseConsole(BOOT.replace('console', 'loglevel=7 console'))[0]?.allLevels, true);
  t.match(parseConsole('something else\n')[0], { fromStart: false, allLevels: false });
});

t.test(
  'any content of a console or the log device becomes lines without terminal escapes',
  async (t) => {
    const piece = fc.constantFrom(
      '[    0.000000] ',
      FIRST,
      'Linux version 1',
      '\n',
      '\r',
      '\b',
      '\x1b[2J',
      '\x1b]0;x\x07',
      '<6>',
      'Kernel command line: quiet',
      ' ',
      '6,0,0,-;',
      ';',
      ',',
      '\\x0a',
      '\\xff',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.string({ unit: anyCharacter, maxLength: 300 }),
    );
    const clean = (lines: readonly { text: string }[]): boolean =>
      lines.every((line) => !/[\x00-\x08\x0a-\x1f\x7f]/.test(line.text));
    fc.assert(
      fc.property(text, (any) =>
        parseConsole(any).every(({ lines }) => lines.length > 0 && clean(lines)),
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (records) =>
        clean(parseKernelRecords(records).lines),
      ),
      { numRuns: 1000 },
    );
    const started = process.cpuUsage();
    parseConsole(
      `${'\b'.repeat(500_000)}${'x\b'.repeat(500_000)}\n${'[    0.000000'.repeat(50_000)}`,
    );
    const spent = process.cpuUsage(started).user / 1000;
    t.ok(spent < 3000, 'a hostile console cannot make it long');
  },
);
