/** The settings, and the facts that could not be gathered. */
import { unreadWords } from '../../facts/kernel-sources.js';
import { listed } from '../../text/listed.js';
import {
  isAboutSettings,
  problemCure,
  problemParts,
  problemSentence,
} from '../../text/problem-text.js';
import { ok, problem, unknown, type CheckInputs, type Finding } from './check-rule.js';

export function configuration({ now }: CheckInputs): Finding[] {
  const wrong = now.findings.filter(isAboutSettings);
  if (wrong.length > 0)
    return wrong.map((each) => {
      const { is, holds } = problemParts(each);
      return problem(is, holds ?? 'the next weaker value holds', problemCure(each));
    });
  const unread = unreadWords(now, '/proc/cmdline');
  if (unread !== null && now.kernel.commandLine === '')
    return [
      unknown(
        'which settings the kernel command line has',
        unread,
        'see that proc is mounted on /proc',
      ),
    ];
  const set = Object.keys(now.configuration.origins);
  const finding =
    set.length === 0
      ? 'every setting is the default'
      : `every setting in use is understood: ${listed(set)}`;
  return [ok(finding, '/etc/mountroot.json and the kernel command line')];
}

export function gathered({ now }: CheckInputs): Finding[] | null {
  const others = now.findings.filter((each) => !isAboutSettings(each));
  if (others.length === 0) return null;
  return others.map((each) =>
    unknown(problemSentence(each), 'said while the facts were gathered', problemCure(each)),
  );
}
