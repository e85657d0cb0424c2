/** A real user against root's walks on the real kernel (test/fixtures/race-inside.ts). */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { asRootAlone } from '../native/program.js';

interface Outcome {
  busy?: boolean;
  gained?: string[];
  thrown?: string;
}

/** For each walk. */
const SECONDS = process.env['MOUNTROOT_RACE_SECONDS'] ?? '4';

// The user must be able to reach his program.
const place = mkdtempSync(join(tmpdir(), 'mountroot-race-'));
t.teardown(() => rmSync(place, { recursive: true, force: true }));
const swapper = join(place, 'swapper');
chmodSync(place, 0o755);
execFileSync('gcc', ['-O2', '-Wall', '-o', swapper, 'test/fixtures/swapper.c']);
const { json: got } = await asRootAlone(t, 'test/fixtures/race-inside.ts', swapper, SECONDS);

t.test('he wins against a walk by path', async (t) => {
  const { gained, thrown } = got['path'] as Outcome;
  t.equal(thrown, undefined);
  t.ok(gained!.length > 0);
});

for (const name of ['copy', 'clear', 'remove', 'export', 'import'])
  t.test(`${name}: a user who swaps his directories for symlinks gains nothing`, async (t) => {
    const { busy, gained, thrown } = got[name] as Outcome;
    t.same({ busy, gained, thrown }, { busy: true, gained: [], thrown: undefined });
  });

t.test('files outside the tree are as before', async (t) => {
  t.equal(got['outside'], true);
});
