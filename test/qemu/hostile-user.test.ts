/**
 * On the board: a user who owns a part of a tree that root walks through, and the native parts with
 * ASan and UBSan.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { compileProgram } from '../../scripts/agent/compile.js';
import { buildFuzzers, fuzzersFor } from '../../scripts/fuzz/c-fuzzers.js';
import { makeBench } from '../harness/board.js';
import { rootfsWith, type Scripts } from '../harness/rootfs-variant.js';

/** For each walk. */
const SECONDS = process.env['MOUNTROOT_RACE_SECONDS'] ?? '4';
const FUZZERS = fuzzersFor('arm');
const INPUTS = 2000;
/** ASan keeps up to 256 MiB that were freed, which is all that the board has. */
const LITTLE_MEMORY = 'ASAN_OPTIONS=quarantine_size_mb=16';
const FOLDER = 'usr/lib/mountroot';

async function programs(): Promise<Scripts> {
  const made = mkdtempSync(join(tmpdir(), 'mountroot-hostile-'));
  try {
    await compileProgram('arm', 'test/fixtures/swapper.c', join(made, 'swapper'));
    await bundle('test/fixtures/race-inside.ts', join(made, 'race.cjs'));
    const fuzzers = await buildFuzzers('arm');
    return {
      [`${FOLDER}/swapper`]: readFileSync(join(made, 'swapper')),
      [`${FOLDER}/race.cjs`]: readFileSync(join(made, 'race.cjs')),
      ...Object.fromEntries(
        FUZZERS.map((name) => [`${FOLDER}/${name}`, readFileSync(join(fuzzers, name))]),
      ),
    };
  } finally {
    rmSync(made, { recursive: true });
  }
}

const LONG = 15 * 60 * 1000;
const bench = await makeBench({ rootfs: await rootfsWith(await programs()) });
t.teardown(() => bench.clear());
const machine = await bench.bootToInit({ icount: false, timeLimitMs: 4 * LONG });

t.test('a user who swaps directories for symlinks gains nothing on the board', async (t) => {
  const words = `/${FOLDER}/race.cjs /tmp/race /${FOLDER}/swapper ${SECONDS}`;
  const { status, output } = await machine.run(
    `mkdir /tmp/race && node ${words} 2>/tmp/said || { cat /tmp/said; false; }`,
    LONG,
  );
  t.equal(status, 0, status === 0 ? 'it ends' : output);
  const got = JSON.parse(output) as Record<string, { gained?: string[] }>;
  t.comment(output);
  t.ok((got['path']?.gained?.length ?? 0) > 0, 'but he wins against a walk by path');
  for (const name of ['copy', 'clear', 'remove', 'export', 'import'])
    t.match(got[name], { busy: true, gained: [] }, name);
  t.equal(got['outside'], true);
});

for (const name of FUZZERS)
  t.test(`${name} finds no fault on the board`, async (t) => {
    const { status, output } = await machine.run(
      `${LITTLE_MEMORY} /${FOLDER}/${name} ${INPUTS} 1 /tmp/fault 2>&1`,
      LONG,
    );
    t.equal(status, 0, status === 0 ? 'it ends' : output);
  });
