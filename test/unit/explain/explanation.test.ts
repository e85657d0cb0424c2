/**
 * Explanations of boots that really were, and whether the same command lines are foretold to end as
 * they did.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import {
  explain,
  type Explanation,
  type ExplanationSources,
} from '../../../src/explain/explanation.js';
import type { KernelEnd } from '../../../src/explain/explanation.js';
import { lookInto } from '../../../src/explain/initrd/initrd-file.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import type { Facts } from '../../../src/facts/facts.js';
import { parseConsole } from '../../../src/facts/kernel-log.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { CASES, type Case } from '../../fixtures/console/cases.js';

const fixture = (name: string): URL => new URL(`../../fixtures/console/${name}`, import.meta.url);
const text = (name: string): string => readFileSync(fixture(name), 'utf8');
const NOTHING: ExplanationSources = {
  facts: null,
  commandLine: null,
  config: null,
  deviceTree: null,
  initrd: null,
  log: null,
  ours: null,
};

/**
 * The board's facts, gathered on it; with what its image has besides the programs that were looked
 * at.
 */
const board = parseFacts(text('facts.json'), 'facts.json');
const facts: Facts = {
  ...board,
  origin: {
    ...board.origin!,
    programs: [
      ...board.origin!.programs,
      { path: '/bin/poweroff', error: 0, why: '' },
      { path: '/bin/false', error: 0, why: '' },
      { path: '/sbin/nosuch', error: -2, why: '/sbin/nosuch does not exist' },
      { path: '/nosuch', error: -2, why: '/nosuch does not exist' },
      { path: '/etc/passwd', error: -13, why: '/etc/passwd is not executable' },
      { path: '/etc', error: -13, why: '/etc is a directory' },
    ],
  },
};

const seen = ({ name }: Case): Explanation =>
  explain({ ...NOTHING, log: parseConsole(text(`${name}.txt`)).at(-1)! });

async function foretold({ words, initrd }: Case): Promise<Explanation> {
  const line = `console=ttyAMA0 panic=-1 ${/mtdparts=\S+/.exec(board.kernel.commandLine)![0]} ${words}`;
  const size = initrd === undefined ? 0 : statSync(fixture(initrd)).size;
  const file =
    initrd === undefined ? null : await lookInto(fixture(initrd).pathname, facts.origin!.config);
  return explain({
    ...NOTHING,
    facts,
    commandLine: line.replace('INITRD_SIZE', String(size)),
    initrd: file,
  });
}

/**
 * What no look beforehand could tell: what a program does when it runs, and what is in a file
 * system that was not looked into.
 */
const BEYOND: Record<string, string> = {
  'init-exits': 'that a program ends does not show before it runs',
  'mtd-name': 'the programs of this partition were not looked at',
  'image-mtd-root': 'the programs of this partition were not looked at',
  'image-cut': 'which blocks of the ramdisk are missing shows when they are read',
  'nodev-name': 'whether a server answers does not show beforehand',
};

const essence = (end: KernelEnd): string =>
  end.kind === 'runs'
    ? `runs ${end.program}`
    : end.kind === 'panics'
      ? `panics: ${end.message}`
      : end.kind === 'waits'
        ? `waits for ${end.forWhat}`
        : 'unknown';
const yes = ({ decisions }: Explanation, id: string): boolean | undefined => {
  const answer = decisions.find((each) => each.id === id)?.answer;
  return answer === undefined ? undefined : answer.startsWith('yes');
};

t.test('what a command line is foretold to end in is what the board did', async (t) => {
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
    t.equal(essence(would.end), essence(was.end), each.name);
    // Where the console was hushed there is nothing to compare with.
    if (each.words.includes('quiet')) continue;
    // A log does not show whether the image had one: who looks into it knows more.
    const shown = was.decisions.find(({ id }) => id === 'linuxrc')?.answer.startsWith('yes if')
      ? []
      : ['linuxrc'];
    for (const id of ['initrd', 'initrd-kind', 'early-init', 'mount-initrd', 'mount', ...shown])
      t.equal(yes(would, id), yes(was, id), `${each.name}: ${id}`);
  }
});

t.test(
  'every log is explained as a story that is kept, in 80 columns, without a contradiction',
  async (t) => {
    for (const each of CASES) {
      const explanation = seen(each);
      t.same(explanation.contradictions, [], each.name);
      const story = renderExplanation(explanation);
      const golden = new URL(`../../golden/explain/${each.name}.txt`, import.meta.url);
      if (process.env['GOLDEN'] === 'write') writeFileSync(golden, story);
      t.equal(story, readFileSync(golden, 'utf8'), each.name);
      for (const line of story.split('\n'))
        if (line.length > 80) t.fail(`${each.name} has a line of ${line.length} columns: ${line}`);
    }
  },
);

t.test(
  "with the board's facts and the very initrd a log shows nothing that was not to be expected",
  async (t) => {
    for (const each of CASES) {
      const initrd =
        each.initrd === undefined
          ? null
          : await lookInto(fixture(each.initrd).pathname, facts.origin!.config);
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
