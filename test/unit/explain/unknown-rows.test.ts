import { readFileSync } from 'node:fs';
import t from 'tap';
import { because } from '../../../src/explain/sentences/grounds.js';
import type { ExplanationSources } from '../../../src/explain/sources.js';
import { UNKNOWN_ROWS, unknownsOf } from '../../../src/explain/unknown-rows.js';
import type { Facts, RootOrigin } from '../../../src/facts/facts.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { storyOf } from '../../fixtures/story.js';

const board = parseFacts(
  readFileSync(new URL('../../fixtures/console/facts.json', import.meta.url), 'utf8'),
  'facts.json',
);
const facts = (origin: Partial<RootOrigin>): Facts => ({
  ...board,
  origin: { ...board.origin!, ...origin },
});
const log = { lines: [], fromStart: true, allLevels: true };

/** Everything is known except the facts that the changes remove. */
function codes(
  sources: Partial<ExplanationSources>,
  { given = {}, sure = true }: { given?: Parameters<typeof storyOf>[0]; sure?: boolean } = {},
): string[] {
  const { given: all, seen } = storyOf({ config: {}, devices: [], ...given });
  const why = because(sure ? 'no-initramfs-source' : 'usual-built-in');
  const nothing: ExplanationSources = {
    facts: null,
    commandLine: null,
    config: null,
    deviceTree: null,
    initrd: null,
    log: null,
    ours: null,
  };
  return unknownsOf({
    sources: { ...nothing, facts: facts({ log }), ...sources },
    seen,
    given: all,
    decisions: [{ id: 'built-in', data: { verdict: 'usual' }, ...why }],
  }).map(({ code }) => code);
}

t.test('each unknown fact is reported, and no other', async (t) => {
  const withoutOrigin: Facts = { ...board };
  delete withoutOrigin.origin;
  const told = [
    codes({ facts: withoutOrigin }),
    codes({ facts: facts({ log: null }) }),
    codes({ facts: facts({ log: { ...log, fromStart: false } }) }),
    codes({ log: { ...log, fromStart: false } }),
    codes({ log: { ...log, allLevels: false } }),
    codes({}, { given: { spoken: false } }),
    codes({}, { given: { config: null } }),
    codes({ commandLine: '' }, { given: { devices: null } }),
    codes({}, { given: { handed: { value: true, ...because('chosen-initrd', { start: 1 }) } } }),
    codes({}, { sure: false }),
  ];
  t.same(told.flat(), [
    'no-origin',
    'no-log',
    'log-overwritten',
    'console-begins-later',
    'console-is-quiet',
    'command-line',
    'config',
    'devices',
    'initrd-content',
    'assumptions',
  ]);
  t.equal(told.length, UNKNOWN_ROWS.length, 'each row has an example');
  t.same(codes({}), []);
});
