/** Long tables of mounts are read in quicker ways, which must show the same. */
import fc from 'fast-check';
import t from 'tap';
import { parseMountinfo, visibleAt, visibleIn } from '../../../src/facts/mountinfo.js';
import type { FactsProblem } from '../../../src/text/problem-text.js';
import { someOf } from '../../fixtures/sampling.js';

const POINTS = ['/', '/run', '/tmp', '/mnt', '/mnt/tmp', '/a b', '/a#', '/é', '/-', '/x\\y'];

const mangled = (path: string): string =>
  path.replace(/[ \\#]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);

const line = fc
  .record({
    id: fc.nat(400),
    parent: fc.nat(400),
    root: fc.constantFrom('/', '/run', '/tmp'),
    point: fc.constantFrom(...POINTS),
    shared: fc.boolean(),
    whole: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ id, parent, root, point, shared, whole }) => {
    const text =
      `${id} ${parent} 0:${id % 7} ${root} ${mangled(point)} rw,nosuid` +
      `${shared ? ' shared:3' : ''} - tmpfs none rw,size=1k`;
    // Some lines are damaged.
    return whole === 0 ? text.slice(0, 12) : text;
  });

const table = fc.array(line, { minLength: 201, maxLength: 260 });

/** Each line as a table of its own, which is a short one. */
const inParts = (lines: readonly string[], problems: FactsProblem[]) =>
  lines.flatMap((each) => parseMountinfo(each, problems));

t.test('a long table shows what its lines show, one by one', (t) => {
  fc.assert(
    fc.property(table, table, fc.nat(200), (first, second, kept) => {
      // A later table has most lines of the one before.
      const later = [...first.slice(0, kept), ...second.slice(kept)];
      for (const lines of [first, later, first]) {
        const [problems, expected]: [FactsProblem[], FactsProblem[]] = [[], []];
        const text = `${lines.join('\n')}\n`;
        const mounts = parseMountinfo(text, problems);
        const parts = inParts(lines, expected);
        t.same(mounts, parts);
        t.same(problems, expected);
        for (const point of [...POINTS, '/none']) {
          const there = parts.filter(({ mountpoint }) => mountpoint === point);
          const visible = visibleAt(there, point);
          t.same(visibleAt(mounts, point), visible, point);
          t.same(visibleIn(text, point), visible, point);
        }
      }
    }),
    { numRuns: someOf(30) },
  );
  t.end();
});

t.test('a long table that has not changed is not parsed again', (t) => {
  const tableOf = (count: number): string =>
    Array.from(
      { length: count },
      (_, at) => `${at + 30} 30 0:${at} / /tmp/${at} rw - tmpfs none rw\n`,
    ).join('');
  const text = `${tableOf(10_000)}odd\n`;
  const problems: FactsProblem[] = [];
  const first = parseMountinfo(text, problems);
  t.equal(parseMountinfo(text, problems), first);
  t.match(problems, [{ line: 'odd' }, { line: 'odd' }], 'each caller learns of its problems');
  t.match(visibleIn(text, '/tmp/77'), { id: 107 });
  t.equal(parseMountinfo(text), first, 'a look at one mountpoint does not matter');
  const longer = parseMountinfo(`${text}9 30 0:1 / /x rw - tmpfs none rw\n`);
  t.equal(longer[9_000], first[9_000], 'nor are the lines before a new one');
  t.match(longer.at(-1), { mountpoint: '/x' });
  t.end();
});
