import { plural } from '../../text/units.js';
import { ON_BOARD, type Check, type Verdict } from './check-rule.js';
import type { Diagnosis } from './diagnose.js';
import { wrap } from '../../text/columns.js';

export interface TextStyle {
  /** What is fine, too. */
  verbose: boolean;
  colour: boolean;
}

const WIDTH = 10;
const ORDER: readonly Verdict[] = ['problem', 'warning', 'unknown', 'ok'];
/** SGR colours: red, yellow, cyan, green. */
const COLOUR: Record<Verdict, number> = { problem: 31, warning: 33, unknown: 36, ok: 32 };

const labelled = (label: string, text: string): string =>
  wrap(text, WIDTH).replace(/^ */, label.padEnd(WIDTH));

function entry({ title, verdict, finding, evidence, cure }: Check, { colour }: TextStyle): string {
  const head = labelled(verdict, `${title}: ${finding}`);
  const painted = colour
    ? head.replace(verdict, `\x1b[${COLOUR[verdict]}m${verdict}\x1b[0m`)
    : head;
  const seen = wrap(`seen: ${evidence}`, WIDTH);
  return cure === null
    ? `${painted}\n${seen}`
    : `${painted}\n${seen}\n${wrap(`cure: ${cure}`, WIDTH)}`;
}

const onBoard = ({ finding, verdict }: Check): boolean =>
  verdict === 'unknown' && finding === ON_BOARD.finding;

/** What was found, the worst first, in 80 columns. */
export function renderDiagnosis(
  { kernel, architecture, of, counts, checks }: Diagnosis,
  look: TextStyle,
): string {
  const whose = of === 'this machine' ? 'this machine' : 'the machine of these facts';
  const out = [
    wrap(
      `Whether mountroot start would work on ${whose}: Linux ${kernel || '?'}, ${architecture}`,
      0,
    ),
    '',
  ];
  const shown = checks.filter(
    (check) => !onBoard(check) && (look.verbose || check.verdict !== 'ok'),
  );
  for (const verdict of ORDER)
    for (const check of shown) if (check.verdict === verdict) out.push(entry(check, look), '');
  const first = checks[0]!;
  if (first.verdict === 'ok' && !look.verbose)
    out.push(wrap(`${first.finding.slice(0, 1).toUpperCase()}${first.finding.slice(1)}.`, 0), '');
  const left = checks.filter(onBoard).map(({ title }) => title);
  if (left.length > 0) out.push(wrap(`Only the running board shows: ${left.join(', ')}.`, 0));
  const fine =
    counts.ok === 0
      ? 'Nothing is known to be fine'
      : counts.ok === 1
        ? '1 check is fine'
        : `${counts.ok} checks are fine`;
  const rest = [
    counts.problem > 0 ? plural(counts.problem, 'problem') : '',
    counts.warning > 0 ? plural(counts.warning, 'warning') : '',
  ].filter((each) => each !== '');
  out.push(
    wrap(
      `${fine}${rest.length > 0 ? `; ${rest.join(' and ')}` : ''}${counts.ok > 0 && !look.verbose ? ' (--verbose shows all)' : ''}.`,
      0,
    ),
  );
  return `${out.join('\n')}\n`;
}
