/**
 * No text leads to a claim of success without a line of the kernel that shows it, and no cause
 * rests on a decision that is not known.
 */
import fc from 'fast-check';
import t from 'tap';
import { explain, type Explanation } from '../../../src/explain/explanation.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { CORPUS } from '../../fixtures/console/corpus/index.js';
import { PREFIX_FORMS } from '../../fixtures/console/corpus/prefix-forms.js';
import { NOTHING } from '../../fixtures/explained.js';
import { THIN, thinned } from '../../fixtures/sampling.js';

/** Lines that show that process 1 ran: the kernel starts it, or goes down when it asks for that. */
const SHOWS_PROCESS_1 =
  /Run \S.* as init process|(?:reboot: )?(?:Power down|Restarting system|System halted)/;
/** The kernel is done with itself; then words of a program show that one runs. */
const FREED_ITSELF = /Freeing (?:unused kernel|init) /;
const SHOWS_PANIC = /panic|VFS: |No filesystem|Rebooting in/;
const SHOWS_MOUNT =
  /VFS: Mounted root|Run \S.* as init process|Freeing (?:unused kernel|init) |Kernel panic|end Kernel panic/;

/** A text without what a form adds between its letters, and joined where a terminal broke it. */
const plain = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('\u00a0', ' ')
    .replace(/\x1b?\[\d+m/g, '')
    .replace(/[\0\r\n]+/g, '');
const shows = (text: string, pattern: RegExp): boolean => pattern.test(plain(text));

/** What a decision claims although the text does not show it; null if it shows it. */
function inventedBy(
  { id, verdict, known, wouldTell }: Explanation['decisions'][number],
  text: string,
): string | null {
  if (known === 'unknown')
    return verdict === 'unknown' && wouldTell !== undefined ? null : `a guess: ${id}`;
  if (id === 'mount' && verdict === 'yes' && !shows(text, SHOWS_MOUNT)) return 'a mount';
  if (id === 'process-1' && verdict === 'program' && !showsProcess1(text)) return 'a program';
  return id === 'initrd' && verdict === 'no' ? 'no initrd' : null;
}

const showsProcess1 = (text: string): boolean =>
  shows(text, SHOWS_PROCESS_1) || shows(text, FREED_ITSELF);

/** What an explanation claims although the text does not show it; null if it claims nothing. */
function invention(text: string, { end, decisions, advice }: Explanation): string | null {
  if (end.kind === 'runs' && !showsProcess1(text)) return 'process 1 runs';
  if (end.kind === 'panics' && !shows(text, SHOWS_PANIC)) return 'a panic';
  if (end.kind === 'not-understood' && (decisions.length > 0 || advice !== null)) return 'a story';
  return decisions.map((each) => inventedBy(each, text)).find((each) => each !== null) ?? null;
}

/** Explains each boot of a text, and the text of it. Returns the first invention. */
function inventionIn(text: string): string | null {
  for (const log of parseConsole(text)) {
    const told = explain({ ...NOTHING, log });
    renderExplanation(told);
    const found = invention(text, told);
    if (found !== null) return found;
  }
  return null;
}

const LINES = [...new Set(CORPUS.flatMap(({ log }) => log))];
const NOISE = [
  '',
  ' ',
  '[',
  '[    0.',
  ']',
  '---[ end',
  'U-Boot 2021.01 (Jan 11 2021)',
  'Starting kernel ...',
  '## Loading init Ramdisk from Legacy Image at 84000000 ...',
  'Kernel command line: root=/dev/sda1 init=/bin/sh rdinit=/x',
  'Kernel panic',
  'login: ',
  'root@board:~# dmesg',
  'yes ... /sbin/init',
  'So /sbin/init ran as process 1, on ext4 on /dev/sda1.',
  'init=/sbin/init',
  '0800 12345 sda',
  'it is',
  'okay',
];

const line = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...LINES) },
  { weight: 2, arbitrary: fc.constantFrom(...NOISE) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  {
    // A line that is cut, at its end or at its beginning.
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...LINES), fc.nat(60), fc.boolean())
      .map(([text, at, end]) => (end ? text.slice(0, at) : text.slice(at))),
  },
);

t.test('no mixture of lines leads to a claim that no line shows', async (t) => {
  const text = fc
    .tuple(fc.array(line, { maxLength: 14 }), fc.constantFrom(...PREFIX_FORMS))
    .map(([lines, form]) => form.write(lines));
  fc.assert(
    fc.property(text, (any) => inventionIn(any) === null),
    { numRuns: 3000 / THIN },
  );
  t.pass('none does');
});

t.test('no corpus log that is cut anywhere leads to a claim that no line shows', async (t) => {
  for (const { name, log } of thinned(CORPUS, 0))
    for (let cut = 0; cut <= log.length; cut++) {
      const text = PREFIX_FORMS[1]!.write(log.slice(0, cut));
      if (inventionIn(text) !== null) t.fail(`${name}, cut at ${cut}: ${inventionIn(text)}`);
      const tail = PREFIX_FORMS[1]!.write(log.slice(cut));
      if (inventionIn(tail) !== null) t.fail(`${name}, from ${cut}: ${inventionIn(tail)}`);
    }
  t.pass('none does');
});

t.test('a text of noise alone is not understood', async (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.constantFrom(...NOISE.filter((each) => !/^Kernel/.test(each))), fc.string()),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      (lines) =>
        parseConsole(lines.join('\n')).every(
          (log) => explain({ ...NOTHING, log }).end.kind === 'not-understood',
        ),
    ),
    { numRuns: 1000 },
  );
  t.pass('every one');
});
