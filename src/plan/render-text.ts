import { entersNewRoot, inverseOf, kindOf, type Step } from '../steps/step.js';
import { wrap } from '../text/columns.js';
import type { Plan } from './plan.js';
import { printableLine } from '../text/printable.js';

const remark = ({ action, severity }: Step): string => {
  const remarks = [];
  if (kindOf(action).shellSkips !== undefined) remarks.push('unless it is there');
  if (severity === 'warn') remarks.push('a failure is only reported');
  else if (inverseOf(action) === null && !entersNewRoot(action)) remarks.push('nothing to undo');
  return remarks.length > 0 ? ` [${remarks.join('; ')}]` : '';
};

/** The rung of a plan that is not the best one, and the reason. */
function rungLines({ rung, reason, because }: Plan): string[] {
  if (rung === 'persistent' && reason === null) return [];
  const why = because === null ? '' : `: ${because}`;
  return [wrap(`rung ${rung}${reason === null ? '' : `, because of ${reason}`}${why}`, 0)];
}

/**
 * A plan for a person: each step with the system calls it makes, in the notation of strace(1), and
 * why.
 * @param callsOf gives a step's calls; the dry run knows them.
 */
export function renderText(plan: Plan, callsOf: (step: Step) => readonly string[]): string {
  const lines = (step: Step): string[] => callsOf(step).map(printableLine);
  const out = [
    wrap(`plan ${plan.verb}: ${plan.summary}, ${plan.steps.length} steps`, 0),
    ...rungLines(plan),
    '',
  ];
  for (const [index, step] of plan.steps.entries()) {
    const [first, ...more] = lines(step);
    out.push(
      `${String(index + 1).padStart(2)}  ${first}`,
      ...more.map((call) => `    ${call}`),
      wrap(`${step.why}${remark(step)}`, 6),
    );
    if (entersNewRoot(step.action))
      out.push('', '    --- no step after this line can be undone ---', '');
  }
  if (plan.notes.length > 0) out.push('', ...plan.notes.map((note) => wrap(`Note: ${note}.`, 0)));
  return `${out.join('\n')}\n`;
}
