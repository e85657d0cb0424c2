import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { atOnce } from '../../../src/ramdisk/at-once.js';

async function* numbers(count: number): AsyncGenerator<number, void> {
  for (let number = 0; number < count; number++) yield Promise.resolve(number);
}

t.test('results come in the order of the items, and several are worked on at once', async (t) => {
  let [running, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++running);
    // Later items end earlier.
    for (let turns = 0; turns < 20 - item; turns++) await turn();
    running--;
    return item * 2;
  };
  const results: number[] = [];
  for await (const result of atOnce(numbers(20), work)) results.push(result);
  t.same(
    results,
    Array.from({ length: 20 }, (_, index) => index * 2),
  );
  t.ok(most >= 2, `${most} at once`);
  t.ok(most <= 6, `${most} at once`);
  t.equal(running, 0);
});

t.test('a failure ends it, after what was begun has ended', async (t) => {
  let running = 0;
  const work = async (item: number): Promise<number> => {
    running++;
    await turn();
    running--;
    if (item === 3) throw new Error('no memory');
    return item;
  };
  const results: number[] = [];
  await t.rejects(
    async () => {
      for await (const result of atOnce(numbers(100), work)) results.push(result);
    },
    { message: 'no memory' },
  );
  t.same(results, [0, 1, 2]);
  t.equal(running, 0);
});

t.test('whoever stops reading leaves nothing running', async (t) => {
  let running = 0;
  const work = async (item: number): Promise<number> => {
    running++;
    await turn();
    running--;
    return item;
  };
  for await (const result of atOnce(numbers(100), work)) if (result === 2) break;
  t.equal(running, 0);
});
