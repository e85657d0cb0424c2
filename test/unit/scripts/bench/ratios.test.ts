import t from 'tap';
import type { Figures } from '../../../../scripts/bench/boot-path.js';
import { ratios, ratioTable } from '../../../../scripts/bench/ratios.js';

const figures = (factor: number): Figures => ({
  program: 'some program',
  coldMs: 2 * factor,
  coldPivotMs: null,
  warmMs: factor,
  warmSpreadMs: 0,
  warmUserMs: factor,
  warmSystemMs: 0,
  warmAllMs: [factor],
  coldReadKiB: 0,
  readBeforeKiB: 0,
  coldPeakKiB: factor,
  warmPeakKiB: factor,
  privateKiB: factor,
  privateDirtyKiB: factor,
});

t.test('ratios compare a start with a Node that does nothing', async (t) => {
  const compared = ratios({ node: figures(2), start: figures(3) });
  t.ok(compared.every(({ ratio }) => ratio === 1.5));
  t.match(ratioTable(compared), /^start warm \/ node warm +1\.50\n/);
});

t.test('there are no ratios unless both were measured', async (t) => {
  t.same(ratios({ node: figures(2) }), []);
  t.same(ratios({ start: figures(2) }), []);
});
