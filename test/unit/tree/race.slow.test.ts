/** A real user against root's walks on the real kernel (test/fixtures/race-inside.ts). */
import t from 'tap';
import { asRootAlone } from '../native/program.js';

interface Outcome {
  busy?: boolean;
  gained?: string[];
  thrown?: string;
}

const { json: got } = await asRootAlone(t, 'test/fixtures/race-inside.ts');

for (const name of ['copy', 'clear', 'remove', 'export'])
  t.test(`${name}: a user who swaps his directories for symlinks gains nothing`, async (t) => {
    const { busy, gained, thrown } = got[name] as Outcome;
    t.same({ busy, gained, thrown }, { busy: true, gained: [], thrown: undefined });
  });

t.test('files outside the tree are as before', async (t) => {
  t.equal(got['outside'], true);
});
