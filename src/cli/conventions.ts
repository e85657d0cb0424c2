/** What all of the command line has in common: shown by --help, and in the man page. */
import { EXIT } from '../plan/plan.js';

/** Exit statuses with what they mean, the same for every verb. */
export const STATUSES: readonly [status: number, means: string][] = [
  [EXIT.done, 'done as planned, or nothing was to be done'],
  [EXIT.failed, 'failed; the root is as it was'],
  [EXIT.usage, 'the call, or a file that it names, is wrong'],
  [
    EXIT.degraded,
    'a lower rung of the ladder, or a step failed that is only warned of; the board is up',
  ],
  [EXIT.problems, 'problems were found (doctor, explain, diff --exit-code, ramdisk list)'],
  [EXIT.refused, 'refused: not the moment for it, or another mountroot is at work'],
  [EXIT.unreachable, 'a host could not be reached (remote)'],
];

/** A line behind a number, broken before column 80. */
function line(status: number, means: string): string {
  const out: string[] = [];
  for (const word of means.split(' ')) {
    const last = out.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= 75)
      out[out.length - 1] = `${last} ${word}`;
    else out.push(word);
  }
  return out.map((text, index) => `${index === 0 ? `  ${status}  ` : '     '}${text}`).join('\n');
}

export const EPILOGUE = `Exit status:
${STATUSES.map(([status, means]) => line(status, means)).join('\n')}

Data goes to stdout and messages to stderr. Colour is only for terminals;
NO_COLOR, TERM=dumb and --no-color turn it off. mountroot(8) says more.`;
