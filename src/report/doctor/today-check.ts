/** The root of today: who made it, and what a start would mean for it. */
import {
  aloneWords,
  assumptionWords,
  overWords,
  rootEvidence,
  rootWords,
} from '../root/root-words.js';
import type { Assumption } from '../root/before-pivot.js';
import type { RootMaker } from '../root/todays-root.js';
import { ok, unknown, warning, type CheckInputs, type Finding } from './check-rule.js';

/** Assumptions that somebody can act on, with what to do. */
const CURES: Partial<Record<Assumption['code'], string>> = {
  'other-device':
    'name the device that is in use with mountroot.volume= or `extroot`, ' +
    'if mountroot is to use its settings',
  'one-of-several': 'write mountroot.volume=mtdN with the number of the one that is in use',
  'behind-image': 'make the facts anew with `mountroot facts` on the board',
};

const assumed = (rebuilt: readonly Assumption[]): Finding[] =>
  rebuilt.flatMap((each) => {
    const cure = CURES[each.code];
    return cure === undefined ? [] : [warning(assumptionWords(each), '/proc/self/mountinfo', cure)];
  });

const ONE = 'let one program only make the root of this board';
const MENDS: Partial<Record<RootMaker, string>> = {
  container: 'run mountroot on the board itself',
  memory: 'nothing, if the board is to run from memory; else boot it from its image',
  writable: 'mount the image read-only (`ro`), if mountroot is to make the root of this board',
};

/** A bare image, and a root that our start made, are what the other checks are about. */
const USUAL: readonly RootMaker[] = ['image', 'initramfs', 'mountroot'];

export function today({ before }: CheckInputs): Finding[] | null {
  const { root, rebuilt, facts } = before;
  if (USUAL.includes(root.maker)) return null;
  const [words, evidence, over] = [rootWords(root), rootEvidence(root), overWords(root, facts)];
  if (root.certainty === 'unknown')
    return [
      unknown(words, evidence, 'see that proc is mounted on /proc, and run `mountroot doctor`'),
      ...assumed(rebuilt ?? []),
    ];
  if (over !== null) return [warning(`${words}; ${over}`, evidence, MENDS[root.maker] ?? ONE)];
  const alone = aloneWords(root, facts);
  if (alone !== null) return [ok(`${words}; ${alone}`, evidence)];
  if (rebuilt === null) return [ok(words, evidence)];
  const rests = rebuilt.filter(({ code }) => CURES[code] === undefined).map(assumptionWords);
  return [
    ok(`${words}; the root before it is rebuilt here`, `${evidence}; ${rests.join('; ')}`),
    ...assumed(rebuilt),
  ];
}
