import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { asRoot, program } from './sandbox.js';

/** For each of unpack and pack. */
const SECONDS = process.env['MOUNTROOT_RACE_SECONDS'] ?? '4';

interface Raced {
  swaps: Record<'unpack' | 'pack', number>;
  harmed: string[];
  read: number;
  outcomes: Record<string, number>;
}

t.test('who owns the tree leads neither unpack nor pack out of it', async (t) => {
  const built = await program('ramdisk-race-inside');
  const place = mkdtempSync(join(tmpdir(), 'mountroot-namespace-'));
  t.teardown(() => rmSync(place, { recursive: true, force: true }));
  chmodSync(place, 0o755);
  const [attacker, board] = [join(place, 'attacker'), join(place, 'board')];
  mkdirSync(board);
  execFileSync('gcc', ['-O2', '-Wall', '-o', attacker, 'test/namespace/ramdisk-race.c']);
  const script = 'mount -t tmpfs -o mode=755 none "$1" && shift && exec "$@"';
  const inside = [process.execPath, join(built, 'ramdisk-race-inside.cjs'), board, attacker];
  const [unshare, ...words] = asRoot([
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', board],
    ...inside,
    SECONDS,
  ]);
  const { status, stdout, stderr } = spawnSync(unshare!, words, {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: undefined },
  });
  t.equal(status, 0, stderr);
  const raced = JSON.parse(stdout) as Raced;
  t.comment(JSON.stringify(raced));
  t.same(raced.harmed, [], 'nothing outside the tree is written or removed');
  t.equal(raced.read, 0, 'nothing outside the tree is read for him');
  t.ok(raced.swaps.unpack > 20 && raced.swaps.pack > 20, 'and he did swap', raced);
  const { outcomes } = raced;
  t.ok(outcomes['unpack refused']! > 0 && outcomes['pack refused']! > 0, 'which was seen', raced);
});
