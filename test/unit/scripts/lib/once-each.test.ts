import t from 'tap';
import { onceEach } from '../../../../scripts/lib/once-each.js';

t.test('each argument has one result, also while it is made', async (t) => {
  const made: string[] = [];
  const make = onceEach(async ({ name }: { name: string }) => {
    made.push(name);
    return { name };
  });
  const [one, same, other] = await Promise.all([
    make({ name: 'a' }),
    make({ name: 'a' }),
    make({ name: 'b' }),
  ]);
  t.equal(one, same);
  t.equal(await make({ name: 'a' }), one);
  t.same(other, { name: 'b' });
  t.same(made, ['a', 'b']);
});

t.test('what failed is tried again', async (t) => {
  let tries = 0;
  const make = onceEach(async (limit: number) => {
    if (++tries < limit) throw new Error(`try ${tries}`);
    return tries;
  });
  await t.rejects(make(2), { message: 'try 1' });
  t.equal(await make(2), 2);
});
