import { scriptWords } from '../text/script-words.js';
import type { KernelDecision, KernelEnd, Evidence } from './kernel-inputs.js';
import type { Explanation } from './explanation.js';
import { oneLine, wrap } from '../text/columns.js';

const FROM: Record<Evidence, string> = {
  cmdline: 'command line',
  config: 'configuration',
  log: '',
  'device-tree': 'device tree',
  facts: 'seen',
  rule: 'always so',
  unknown: 'assumed',
};

const reason = ({ because, evidence, certain }: KernelDecision): string => {
  const from =
    !certain && evidence !== 'unknown' ? `${FROM[evidence] || 'log'}, assumed` : FROM[evidence];
  return from === '' ? because : `${from}: ${because}`;
};

/** A number, the question with its answer, and behind it what that rests on. */
function decisionLines(decision: KernelDecision, index: number): string {
  const { question, answer } = decision;
  const head = wrap(`${question} ${answer}`, 4).replace(
    /^ {4}/,
    `${String(index + 1).padStart(2)}  `,
  );
  return `${head}\n${wrap(reason(decision), 6)}`;
}

function endSentence(end: KernelEnd, of: Explanation['of']): string {
  const would = of === 'a command line';
  if (end.kind === 'runs')
    return `So ${end.program} ${would ? 'would run' : 'ran'} as process 1, on ${end.root}.`;
  if (end.kind === 'panics')
    return `So the kernel ${would ? 'would panic' : 'panicked'}: "${end.message}"`;
  if (end.kind === 'waits')
    return `So the kernel ${would ? 'would wait' : 'waits'} for ${end.forWhat} for ever.`;
  return `How it ended does not show: ${end.because}.`;
}

const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0
    ? []
    : ['', title, ...lines.map((line) => wrap(line, 4).replace(/^ {4}/, '  - '))];
const mebibytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function oursLines(ours: NonNullable<Explanation['ours']>): string[] {
  const { rung, start } = ours;
  if (start === null && rung === null) return ['', 'mountroot: no journal of a start in this boot'];
  const out = ['', 'Then mountroot'];
  if (start) {
    const outcome =
      start.ok === null
        ? 'was cut off'
        : start.ok
          ? `took ${start.ms?.toFixed(0)} ms`
          : `failed after ${start.ms?.toFixed(0)} ms`;
    if (start.script !== undefined) out.push(wrap(`made the root ${scriptWords(start.script)}`, 4));
    out.push(
      wrap(
        `${outcome}, ${(start.at / 1000).toFixed(2)} s after the kernel started: ${start.error ?? start.summary}`,
        4,
      ),
    );
    for (const step of start.steps) {
      out.push(
        `${String(step.number).padStart(6)}  ${step.id.padEnd(16)}${step.ms.toFixed(1).padStart(8)} ms  ${step.result}`,
      );
      if (step.error !== undefined) out.push(wrap(step.error, 10));
    }
  }
  if (rung)
    out.push(
      wrap(
        rung.reason === null
          ? `rung: ${rung.rung}`
          : `rung: ${rung.rung}, because of ${rung.reason}${rung.because ? `: ${rung.because}` : ''}`,
        4,
      ),
    );
  return out;
}

/** A partition table is one word, and longer than a line: it is broken behind its commas. */
const breakable = (commandLine: string): string =>
  commandLine
    .split(' ')
    .map((word) =>
      word.length <= 78 ? word : word.replace(/.{1,77}(?:,|$)/g, (part) => `${part} `).trimEnd(),
    )
    .join(' ');

/** A story for a person, in 80 columns. */
export function renderExplanation(explanation: Explanation): string {
  const { of, kernel, model, commandLine, decisions, end, contradictions, unknown, advice, ours } =
    explanation;
  const what =
    of === 'a command line'
      ? 'What would become of this command line'
      : of === 'a console log'
        ? 'What the console shows'
        : 'How this root came to be';
  const out = [
    wrap(
      oneLine(
        `${what}: Linux ${kernel ?? '(which one is not known; taken for 6.1)'}${model === null ? '' : ` on ${model}`}`,
      ),
      0,
    ),
    wrap(
      commandLine === '' ? '(the command line is empty, or not known)' : breakable(commandLine),
      2,
    ),
    '',
  ];
  out.push(...decisions.map(decisionLines), '', wrap(endSentence(end, of), 0));
  if (advice) {
    out.push(
      '',
      wrap(`Probable cause: ${advice.cause}.`, 0),
      ...advice.todo.map((line) => wrap(line, 4).replace(/^ {4}/, '  - ')),
    );
    if (advice.devices.length > 0)
      out.push(
        wrap(
          `The kernel found: ${advice.devices.map(({ name, number, size }) => `${name} (${number}${size === null ? '' : `, ${mebibytes(size)}`})`).join(', ')}.`,
          2,
        ),
      );
  }
  out.push(...list('What does not fit together:', contradictions));
  if (ours) out.push(...oursLines(ours));
  out.push(...list('What cannot be known from here:', unknown));
  return `${out.join('\n')}\n`;
}
