import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { canShare, inGroups } from '../../../../scripts/lib/group-tests.js';
import { checkout } from '../../../../scripts/lib/report.js';

t.test('groups have all files in their order, and none is larger than asked', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 20 }), (files, size) => {
      const groups = inGroups(files, size);
      t.strictSame(groups.flat(), files);
      return groups.every((group) => group.length > 0 && group.length <= size);
    }),
  );
});

t.test('a file that changes its process, or has a folder, runs alone', async (t) => {
  for (const line of [
    'const at = t.testdir({});',
    't.before(() => t.testdir());',
    "process.env['A'] = 'b';",
    "delete process.env['A'];",
    "process.chdir('/');",
    'process.umask(0);',
    'process.exit(1);',
    "await compile('x');",
    'const { a } =\n  1;\nconst made = await compile();',
    '} = await compile();',
  ])
    t.notOk(canShare(line), line);
  t.ok(canShare("t.test('x', async (t) => {\n  await compile();\n});"));
  t.ok(canShare("t.test('x', async (t) => {\n  t.testdir({});\n});"));
  t.ok(canShare("if (process.env['A']) t.equal(process.pid, 1);"));
});

t.test('most unit tests share a process', async (t) => {
  const folder = join(checkout, 'test/unit');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.slow.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  t.ok(files.filter(canShare).length > 0.7 * files.length);
});
