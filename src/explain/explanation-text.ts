import { oneLine, wrap } from '../text/columns.js';
import { plural } from '../text/units.js';
import { scriptWords } from '../text/script-words.js';
import type { Advice, Explanation, KernelEnd } from './explanation.js';
import type { KernelDecision } from './sentences/decisions.js';
import type { EvidenceSource } from './sentences/ground-row.js';
import { programName } from './sentences/words.js';
import type { ShownBoot } from './shown-boots.js';
import type { OwnPart } from './sources.js';

/** The words before a reason; '' if the reason contains them. */
const FROM: Record<EvidenceSource, string> = {
  cmdline: 'command line',
  config: 'configuration',
  log: '',
  'device-tree': 'device tree',
  facts: 'seen',
  rule: 'always so',
  unknown: 'assumed',
};

function reason({ because, evidence, certain, verdict }: KernelDecision): string {
  if (verdict === 'unknown') return because;
  const probable = !certain && evidence !== 'unknown';
  const from = probable ? `${FROM[evidence] || 'log'}, assumed` : FROM[evidence];
  return from === '' ? because : `${from}: ${because}`;
}

/** A number, the question with its answer, and below it the reason. */
function decisionLines(decision: KernelDecision, index: number): string {
  const { question, answer } = decision;
  const number = `${String(index + 1).padStart(2)}  `;
  const head = wrap(`${question} ${answer}`, 4).replace(/^ {4}/, number);
  return `${head}\n${wrap(reason(decision), 6)}`;
}

const awaited = (device: string): string =>
  device === '' ? 'a root device without a name' : device;

function endSentence(end: KernelEnd, of: Explanation['of']): string {
  const would = of === 'a command line';
  switch (end.kind) {
    case 'runs':
      return (
        `So ${programName(end.program)} ${would ? 'would run' : 'ran'} as process 1, ` +
        `on ${end.root}.`
      );
    case 'panics':
      if (end.message === '') return 'So the kernel panicked, and its words are not in the log.';
      return `So the kernel ${would ? 'would panic' : 'panicked'}: "${end.message}"`;
    case 'waits':
      return of === 'a console log'
        ? `So the kernel still waits for ${awaited(end.forWhat)} where the log ends.`
        : `So the kernel ${would ? 'would wait' : 'waits'} for ${awaited(end.forWhat)} for ever.`;
    case 'stops': {
      const who = `${end.program ?? 'process 1'}${end.root === null ? '' : `, on ${end.root},`}`;
      return `So ${who} does not go on by itself: "${end.said.trim()}"`;
    }
    case 'unknown':
      return would
        ? `How it would end is not known: ${end.because}.`
        : `How it ended does not show: ${end.because}.`;
    case 'not-understood':
      return `Not understood: ${end.because}.`;
  }
}

const item = (line: string): string => wrap(line, 4).replace(/^ {4}/, '  - ');
const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map(item)];

const mebibytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function adviceLines({ cause, said, todo, devices }: Advice): string[] {
  const shown = said === null ? [] : [wrap(`The log says: "${said.trim()}"`, 2)];
  // A message of the kernel at the end may bring its own stop.
  const sentence = cause.replace(/(?<!#)[.! ]+$/, '');
  const out = ['', wrap(`Probable cause: ${sentence}.`, 0), ...shown, ...todo.map(item)];
  if (devices.length === 0) return out;
  const all = devices.map(
    ({ name, number, size }) => `${name} (${number}${size === null ? '' : `, ${mebibytes(size)}`})`,
  );
  return [...out, wrap(`The kernel found: ${all.join(', ')}.`, 2)];
}

type OwnStart = NonNullable<OwnPart['start']>;

function outcome({ ok, ms }: OwnStart): string {
  if (ok === null) return 'was cut off';
  return `${ok ? 'took' : 'failed after'} ${ms?.toFixed(0)} ms`;
}

function startLines(start: OwnStart): string[] {
  const { at, error, summary, steps, script } = start;
  const out: string[] = [];
  if (script !== undefined) out.push(wrap(`made the root ${scriptWords(script)}`, 4));
  const when = `${(at / 1000).toFixed(2)} s after the kernel started`;
  out.push(wrap(`${outcome(start)}, ${when}: ${error ?? summary}`, 4));
  for (const step of steps) {
    const name = `${String(step.number).padStart(6)}  ${step.id.padEnd(16)}`;
    out.push(`${name}${step.ms.toFixed(1).padStart(8)} ms  ${step.result}`);
    if (step.error !== undefined) out.push(wrap(step.error, 10));
  }
  return out;
}

function rungSentence({ rung, reason, because }: NonNullable<OwnPart['rung']>): string {
  if (reason === null) return `rung: ${rung}`;
  return `rung: ${rung}, because of ${reason}${because ? `: ${because}` : ''}`;
}

function ownLines({ rung, start }: OwnPart): string[] {
  if (start === null && rung === null) return ['', 'mountroot: no journal of a start in this boot'];
  return [
    '',
    'Then mountroot',
    ...(start === null ? [] : startLines(start)),
    ...(rung === null ? [] : [wrap(rungSentence(rung), 4)]),
  ];
}

const WIDEST_WORD = 78;

/** Breaks words that are longer than a line, such as partition tables, after their commas. */
const breakable = (commandLine: string): string =>
  commandLine
    .split(' ')
    .map((word) =>
      word.length <= WIDEST_WORD
        ? word
        : word.replace(/.{1,77}(?:,|$)/g, (part) => `${part} `).trimEnd(),
    )
    .join(' ');

const TITLES: Record<Explanation['of'], string> = {
  'a command line': 'What would become of this command line',
  'a console log': 'What the console shows',
  'this boot': 'How this root came to be',
};

function title({ of, kernel, model, end }: Explanation): string {
  if (end.kind === 'not-understood') return 'What the console shows: nothing that is understood';
  const unknown =
    of === 'a console log'
      ? '(the log does not show its version)'
      : '(which one is not known; taken for 6.1)';
  const linux = kernel ?? unknown;
  return oneLine(`${TITLES[of]}: Linux ${linux}${model === null ? '' : ` on ${model}`}`);
}

function commandLineWords({ commandLine, commandLineKnown, of }: Explanation): string {
  if (commandLine !== '') return breakable(commandLine);
  if (commandLineKnown) return '(the command line is empty)';
  return of === 'a console log'
    ? '(the command line is not in the log)'
    : '(the command line is not known)';
}

const TEXT_WANTED = [
  'give what the serial console shows from the first line of the kernel on, ' +
    'or what `dmesg` or `journalctl -k` prints',
  'if the boot loader is the last that speaks, the kernel did not start, ' +
    'or its console= is another one',
];

/** The boots of a recording, one line each. */
function bootLines(boots: readonly ShownBoot[]): string[] {
  const all = boots.map(({ kernel, lines, last, chosen }, index) => {
    const mark = chosen ? ' (this one)' : '';
    const linux = kernel === null ? 'Linux' : `Linux ${kernel}`;
    return item(`${index + 1}${mark}: ${linux}, ${plural(lines, 'line')}, ends with "${last}"`);
  });
  return ['', `The recording shows ${boots.length} boots; --boot N explains another:`, ...all];
}

/** The story for a person, in 80 columns. */
export function renderExplanation(explanation: Explanation): string {
  const { of, decisions, end, contradictions, unknown, advice, ours, boots } = explanation;
  const out = [
    wrap(title(explanation), 0),
    ...(end.kind === 'not-understood' ? [] : [wrap(commandLineWords(explanation), 2)]),
    ...(boots === undefined ? [] : bootLines(boots)),
    ...(decisions.length === 0 ? [] : ['', ...decisions.map(decisionLines)]),
    '',
    wrap(endSentence(end, of), 0),
    ...(end.kind === 'not-understood' ? TEXT_WANTED.map(item) : []),
    ...(advice === null ? [] : adviceLines(advice)),
    ...list('What does not fit together:', contradictions),
    ...(ours === null ? [] : ownLines(ours)),
    ...list('What cannot be known from here:', unknown),
  ];
  return `${out.join('\n')}\n`;
}
