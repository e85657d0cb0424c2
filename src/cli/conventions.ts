/** The conventions of all verbs, as `--help` and the man page show them. */
import { EXIT } from '../plan/plan.js';
import { calledBy } from './spelling.js';
import type { VerbRow, VerbTable } from './verb-row.js';

type ExitName = keyof typeof EXIT;

/** The meaning of each exit status. If only some verbs have it, their names follow. */
const MEANINGS: Readonly<Record<ExitName, { means: string; namesVerbs: boolean }>> = {
  done: { means: 'done as planned, or nothing was to be done', namesVerbs: false },
  failed: { means: 'failed; the root is as it was', namesVerbs: false },
  usage: { means: 'the call, or a file that it names, is wrong', namesVerbs: false },
  degraded: {
    means: 'a lower rung of the ladder, or a step failed that is only warned of; the board is up',
    namesVerbs: false,
  },
  problems: { means: 'problems were found', namesVerbs: true },
  refused: {
    means: 'refused: not the moment for it, or another mountroot is at work',
    namesVerbs: false,
  },
  unreachable: { means: 'a host could not be reached', namesVerbs: true },
  notUnderstood: {
    means: 'not understood: the text shows no kernel, or not how its boot ends',
    namesVerbs: true,
  },
};

/** `diff --exit-code`: a verb, with the option that it takes for this exit status. */
function verbWith(words: readonly string[], { exits }: VerbRow, name: ExitName): string[] {
  return exits.flatMap((each) => {
    if (each === name) return [words.join(' ')];
    const isIt = typeof each === 'object' && each.exit === name;
    return isIt ? [[...words, each.with].join(' ')] : [];
  });
}

/** Each exit status with its meaning. */
export const exitStatuses = (table: VerbTable): [status: number, means: string][] =>
  (Object.keys(EXIT) as ExitName[]).map((name) => {
    const { means, namesVerbs } = MEANINGS[name];
    const verbs = calledBy(table).flatMap(({ words, row }) => verbWith(words, row, name));
    return [EXIT[name], namesVerbs ? `${means} (${verbs.join(', ')})` : means];
  });

/** The lines of a text, none longer than `width` unless a word is. */
export function filledLines(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const statusLines = ([status, means]: [number, string]): string =>
  filledLines(means, 75)
    .map((line, index) => `${index === 0 ? `  ${status}  ` : '     '}${line}`)
    .join('\n');

/** The end of `mountroot --help`. */
export const epilogue = (table: VerbTable): string => `Exit status:
${exitStatuses(table).map(statusLines).join('\n')}

Data goes to stdout and messages to stderr. Colour is only for terminals;
NO_COLOR, TERM=dumb and --no-color turn it off. mountroot(8) says more.`;
