/**
 * Explains every log of the corpus through every form in which a log reaches us: the result must be
 * the expected one, and the same in each form.
 */
import t from 'tap';
import { explain, type Explanation } from '../../../src/explain/explanation.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import type { CorpusEntry } from '../../fixtures/console/corpus/entry.js';
import { CORPUS } from '../../fixtures/console/corpus/index.js';
import { PREFIX_FORMS, type PrefixForm } from '../../fixtures/console/corpus/prefix-forms.js';
import { NOTHING } from '../../fixtures/explained.js';
import { thinned } from '../../fixtures/sampling.js';

const explained = (text: string): Explanation =>
  explain({ ...NOTHING, log: parseConsole(text).at(-1) ?? null });

function endOf({ end }: Explanation): CorpusEntry['end'] {
  return end.kind === 'runs' ? `runs ${end.program ?? '?'}` : end.kind;
}

/** The parts of an explanation that a prefix must not change. */
const essence = (told: Explanation) => ({
  end: endOf(told),
  kernel: told.kernel,
  cause: told.advice?.code ?? null,
  advice: told.advice?.cause ?? null,
  devices: told.advice?.devices ?? [],
  decisions: told.decisions.map(({ id, verdict, answer, known }) => ({
    id,
    verdict,
    answer,
    known,
  })),
  contradictions: told.contradictions,
});

const knownAs = ({ decisions }: Explanation, id: string): string | undefined => {
  const found = decisions.find((each) => each.id === id);
  if (found === undefined) return undefined;
  return found.known === 'unknown' ? 'unknown' : `${found.known} ${found.verdict}`;
};

const hasStart = ({ log }: CorpusEntry): boolean =>
  log.some((line) => line.startsWith('Linux version'));
/** Lines of programs that a recording of the kernel alone does not have. */
const hasPrograms = ({ log }: CorpusEntry): boolean => log.some((line) => line.startsWith('~ '));

const fits = (entry: CorpusEntry, { fromStart, kernelOnly, timeless }: PrefixForm): boolean =>
  !(fromStart === true && !hasStart(entry)) &&
  !(kernelOnly === true && hasPrograms(entry)) &&
  !(entry.timesOnly === true && timeless === true);

t.test('every log of the corpus has the expected explanation', async (t) => {
  for (const entry of CORPUS) {
    const told = explained(PREFIX_FORMS[1]!.write(entry.log));
    const { name } = entry;
    t.equal(endOf(told), entry.end, `${name}: the end`);
    t.equal(told.advice?.code ?? null, entry.cause, `${name}: the cause`);
    const words = [told.advice?.cause, ...(told.advice?.todo ?? [])].join('\n');
    if (entry.says) t.match(words, entry.says, `${name}: the words of the cause`);
    if (entry.saysNot) t.notMatch(words, entry.saysNot, `${name}: not in the cause`);
    if (entry.devices)
      t.same(
        told.advice?.devices.map((each) => each.name),
        entry.devices,
        `${name}: the devices`,
      );
    for (const [id, known] of Object.entries(entry.decisions ?? {}))
      t.equal(knownAs(told, id), known, `${name}: ${id}`);
    const wide = renderExplanation(told)
      .split('\n')
      .filter((line) => [...line].length > 80);
    t.same(wide, [], `${name}: 80 columns`);
  }
});

t.test('every log of the corpus is explained alike in every form', async (t) => {
  for (const [index, entry] of CORPUS.entries()) {
    const expected = essence(explained(PREFIX_FORMS[1]!.write(entry.log)));
    for (const form of thinned(PREFIX_FORMS, index))
      if (fits(entry, form))
        t.same(essence(explained(form.write(entry.log))), expected, `${entry.name}, ${form.name}`);
  }
});

t.test('the names of the corpus are unique', async (t) => {
  t.equal(new Set(CORPUS.map(({ name }) => name)).size, CORPUS.length);
});
