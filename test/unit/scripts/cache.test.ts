import { readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

const folder = t.testdir({});
process.env['MOUNTROOT_CACHE'] = folder;
const { cached } = await import('../../../scripts/lib/cache.js');

t.test('two callers at the same time get one result, which is made once', async (t) => {
  let made = 0;
  const make = async (at: string): Promise<void> => {
    made++;
    await writeFile(join(at, 'result'), 'whole');
  };
  const [one, other] = await Promise.all([cached('x', 1, make), cached('x', 1, make)]);
  t.equal(one, other);
  t.equal(made, 1);
  t.equal(readFileSync(join(one, 'result'), 'utf8'), 'whole');
});

t.test('after a failure nothing is left, and the next caller tries again', async (t) => {
  const failing = (): never => {
    throw new Error('no room');
  };
  await t.rejects(cached('y', 1, failing), { message: 'no room' });
  t.notOk(readdirSync(folder).some((name) => name.startsWith('y-')));
  await cached('y', 1, () => {});
  t.ok(readdirSync(folder).some((name) => name.startsWith('y-')));
});
