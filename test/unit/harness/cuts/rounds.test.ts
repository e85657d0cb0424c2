import t from 'tap';
import { allowedAfter, notAllowed } from '../../../harness/cuts/rounds.js';
import { filesOf } from '../../../harness/cuts/writers.js';

const NAME = '/upper/root/cuts/a1';
const fileOf = (round: number): string => filesOf(round).find(({ path }) => path === NAME)!.what;

t.test('a file is what was acknowledged, or else the old one or the new one', async (t) => {
  const lines = [
    { text: 'something', at: 1 },
    { text: 'synced a1.1', at: 4 },
  ];
  const early = allowedAfter(new Map(), 1, { lines }, 3);
  t.same(early.get(NAME), new Set(['missing', fileOf(1)]));
  const first = allowedAfter(new Map(), 1, { lines }, 4);
  t.same(first.get(NAME), new Set([fileOf(1)]));
  const second = allowedAfter(first, 2, { lines: [] }, 9);
  t.same(second.get(NAME), new Set([fileOf(1), fileOf(2)]));

  const listing = (what: string | null): Map<string, string> =>
    new Map(
      [...first].flatMap(([path, values]): [string, string][] => {
        if (path !== NAME) return values.has('missing') ? [] : [[path, [...values][0]!]];
        return what === null ? [] : [[path, what]];
      }),
    );
  t.same(notAllowed(second, listing(`${fileOf(2)} trusted.overlay.origin=1`)), []);
  t.same(notAllowed(first, listing(fileOf(1))), []);
  t.match(notAllowed(first, listing(fileOf(2))), [/a1 is 100644/]);
  t.match(notAllowed(second, listing(null)), [/a1 is missing, not .* or /]);
});
