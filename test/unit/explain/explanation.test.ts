/**
 * Explanations of real boots, and whether the predictions for their command lines match the
 * results.
 */
import { readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { explain, type Explanation, type KernelEnd } from '../../../src/explain/explanation.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import { lookIntoInitrd } from '../../../src/explain/initrd/initrd-file.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { CASES, type Case } from '../../fixtures/console/cases.js';
import {
  MTDPARTS,
  NOTHING,
  board,
  changedFacts,
  consoleFixture,
  consoleLog,
} from '../../fixtures/explained.js';
import { golden, lineLengths } from '../../fixtures/golden.js';
import { boardStatus } from '../../fixtures/status.js';

const text = (name: string): string => readFileSync(consoleFixture(name), 'utf8');

/** The board's facts, with other programs of its image than the examined ones. */
const facts = changedFacts({
  programs: [
    ...board.origin!.programs,
    { path: '/bin/poweroff', error: 0, why: '' },
    { path: '/bin/false', error: 0, why: '' },
    { path: '/sbin/nosuch', error: -2, why: '/sbin/nosuch does not exist' },
    { path: '/nosuch', error: -2, why: '/nosuch does not exist' },
    { path: '/etc/passwd', error: -13, why: '/etc/passwd is not executable' },
    { path: '/etc', error: -13, why: '/etc is a directory' },
  ],
});

const seen = ({ name }: Case): Explanation =>
  explain({ ...NOTHING, log: parseConsole(text(`${name}.txt`)).at(-1)! });

async function foretold({ words, initrd }: Case): Promise<Explanation> {
  const line = `console=ttyAMA0 panic=-1 ${MTDPARTS} ${words}`;
  const size = initrd === undefined ? 0 : statSync(consoleFixture(initrd)).size;
  const file =
    initrd === undefined
      ? null
      : await lookIntoInitrd(consoleFixture(initrd).pathname, facts.origin!.config);
  return explain({
    ...NOTHING,
    facts,
    commandLine: line.replace('INITRD_SIZE', String(size)),
    initrd: file,
  });
}

/**
 * No examination can predict this: the actions of a running program, and the content of a file
 * system that was not examined.
 */
const BEYOND: Record<string, string> = {
  'init-exits': 'that a program ends does not show before it runs',
  'mtd-name': 'the programs of this partition were not looked at',
  'image-mtd-root': 'the programs of this partition were not looked at',
  'image-cut': 'which blocks of the ramdisk are missing shows when they are read',
  'nodev-name': 'whether a server answers does not show beforehand',
};

/** The prediction knows that it does not know the programs of this image. */
const UNKNOWN = ['image-squashfs'];

function essence(end: KernelEnd): string {
  switch (end.kind) {
    case 'runs':
      return `runs ${end.program}`;
    case 'panics':
      return `panics: ${end.message}`;
    case 'waits':
      return `waits for ${end.forWhat}`;
    case 'stops':
      return `stops: ${end.said}`;
    case 'unknown':
    case 'not-understood':
      return end.kind;
  }
}
/** A log need not show what a prediction knows from the ramdisk itself. */
const isOpen = ({ decisions }: Explanation, id: string): boolean =>
  decisions.find((each) => each.id === id)?.known === 'unknown';

const yes = ({ decisions }: Explanation, id: string): boolean | undefined => {
  const answer = decisions.find((each) => each.id === id)?.answer;
  return answer === undefined ? undefined : answer.startsWith('yes');
};

t.test("the prediction for a command line matches the board's result", async (t) => {
  for (const each of CASES) {
    const [was, would] = [seen(each), await foretold(each)];
    const surely = would.decisions.every(
      ({ id, certain }) => certain || id === 'initrd' || id === 'dev' || id === 'old-root',
    );
    if (BEYOND[each.name] !== undefined) {
      t.not(essence(would.end), essence(was.end), `${each.name}: ${BEYOND[each.name]}`);
      t.ok(!surely || each.name === 'init-exits', `${each.name}: and it is not claimed to be sure`);
      continue;
    }
    const end = UNKNOWN.includes(each.name) ? 'unknown' : essence(was.end);
    t.equal(essence(would.end), end, each.name);
    // A quiet console gives nothing to compare with.
    if (each.words.includes('quiet')) continue;
    // A log does not show whether the image had one; an examination of the image does.
    const shown = was.decisions.find(({ id }) => id === 'linuxrc')?.answer.startsWith('yes if')
      ? []
      : ['linuxrc'];
    for (const id of ['initrd', 'initrd-kind', 'early-init', 'mount-initrd', 'mount', ...shown])
      if (!isOpen(was, id)) t.equal(yes(would, id), yes(was, id), `${each.name}: ${id}`);
  }
});

t.test(
  'every log has the reviewed explanation, in 80 columns, without a contradiction',
  async (t) => {
    for (const each of CASES) {
      const explanation = seen(each);
      t.same(explanation.contradictions, [], each.name);
      const story = renderExplanation(explanation);
      golden(t, `explain/${each.name}.txt`, story);
      for (const line of story.split('\n'))
        if (line.length > 80) t.fail(`${each.name} has a line of ${line.length} columns: ${line}`);
    }
  },
);

t.test(
  "with the board's facts and the same initrd a log shows only the predicted events",
  async (t) => {
    for (const each of CASES) {
      const initrd =
        each.initrd === undefined
          ? null
          : await lookIntoInitrd(consoleFixture(each.initrd).pathname, facts.origin!.config);
      const explanation = explain({
        ...NOTHING,
        facts,
        initrd,
        log: parseConsole(text(`${each.name}.txt`)).at(-1)!,
      });
      t.same(explanation.contradictions, [], each.name);
    }
  },
);

t.test('a contradiction between log and configuration is reported with both', async (t) => {
  const log = consoleLog(text('cpio-init.txt'));
  const told = explain({ ...NOTHING, log, config: { BLK_DEV_INITRD: 'n' } });
  t.match(told.contradictions, [/whether there is an initrd: there is one, for the kernel said/]);
  t.match(renderExplanation(told), /What does not fit together:\n {2}- whether there is an initrd/);
});

t.test('a log that breaks off is reported, and gives no prediction of the end', async (t) => {
  const log = consoleLog(
    'Booting Linux on physical CPU 0x0\nLinux version 6.1.0\n' +
      'Kernel command line: root=/dev/mtdblock2\nsome driver\n',
  );
  const told = explain({ ...NOTHING, log });
  t.match(told.end, {
    kind: 'unknown',
    because: /ends before the kernel is done, with "some driver"/,
  });
});

t.test(
  'the story of a running board is the reviewed one, up to its process 1 and our own steps',
  async (t) => {
    const text = renderExplanation(explain({ ...NOTHING, facts: board, ours: boardStatus() }));
    golden(t, 'explain/this-boot.txt', text);
    t.ok(lineLengths(text) <= 80);
  },
);
