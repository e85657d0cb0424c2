/** The diagnosis for a person, the worst first, in 80 columns. */
import { wrap, wrapBehind } from '../../text/columns.js';
import { plural } from '../../text/units.js';
import { NEEDS_BOARD, type Check, type Verdict } from './check-rule.js';
import type { Diagnosis } from './diagnose.js';

export interface TextStyle {
  /** Shows also the checks that are fine. */
  verbose: boolean;
  colour: boolean;
}

const WIDTH = 10;
const ORDER: readonly Verdict[] = ['problem', 'warning', 'unknown', 'ok'];
/** SGR colours (ECMA-48): red, yellow, cyan, green. */
const COLOUR: Record<Verdict, number> = { problem: 31, warning: 33, unknown: 36, ok: 32 };

const painted = (line: string, verdict: Verdict): string =>
  `\x1b[${COLOUR[verdict]}m${verdict}\x1b[0m${line.slice(verdict.length)}`;

function entry({ title, verdict, finding, evidence, cure }: Check, colour: boolean): string {
  const head = wrapBehind(verdict, `${title}: ${finding}`, WIDTH);
  return [
    colour ? painted(head, verdict) : head,
    wrap(`seen: ${evidence}`, WIDTH),
    ...(cure === null ? [] : [wrap(`cure: ${cure}`, WIDTH)]),
  ].join('\n');
}

function title({ kernel, architecture, of }: Diagnosis): string {
  const whose = of === 'this machine' ? 'this machine' : 'the machine of these facts';
  return `Whether mountroot start would work on ${whose}: Linux ${kernel || '?'}, ${architecture}`;
}

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function countWords({ counts }: Diagnosis, verbose: boolean): string {
  const { ok, problem, warning } = counts;
  const checks = ok === 1 ? '1 check is fine' : `${ok} checks are fine`;
  const rest = [
    ...(problem > 0 ? [plural(problem, 'problem')] : []),
    ...(warning > 0 ? [plural(warning, 'warning')] : []),
  ];
  return [
    ok === 0 ? 'Nothing is known to be fine' : checks,
    rest.length > 0 ? `; ${rest.join(' and ')}` : '',
    ok > 0 && !verbose ? ' (--verbose shows all)' : '',
    '.',
  ].join('');
}

export function renderDiagnosis(diagnosis: Diagnosis, { verbose, colour }: TextStyle): string {
  const { checks } = diagnosis;
  const out = [wrap(title(diagnosis), 0), ''];
  const shown = checks.filter(
    (check) => !check[NEEDS_BOARD] && (verbose || check.verdict !== 'ok'),
  );
  for (const verdict of ORDER)
    for (const check of shown) if (check.verdict === verdict) out.push(entry(check, colour), '');
  const outcome = checks[0]!;
  if (outcome.verdict === 'ok' && !verbose)
    out.push(wrap(`${capitalised(outcome.finding)}.`, 0), '');
  const left = checks.filter((check) => check[NEEDS_BOARD]).map((check) => check.title);
  if (left.length > 0) out.push(wrap(`Only the running board shows: ${left.join(', ')}.`, 0));
  out.push(wrap(countWords(diagnosis, verbose), 0));
  return `${out.join('\n')}\n`;
}
