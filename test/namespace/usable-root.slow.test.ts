/** Uses of a root on this machine's overlay, in a private mount namespace. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { ROW_COUNT, rootFiles, rowsOf } from '../harness/root-programs.js';
import { asRoot } from './sandbox.js';

const SEEDS = ['1', '2', '3'];

const place = mkdtempSync(join(tmpdir(), 'mountroot-namespace-'));
t.teardown(() => rmSync(place, { recursive: true, force: true }));
for (const [path, content] of Object.entries(await rootFiles('host'))) {
  const file = join(place, 'image', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, 0o755);
}
mkdirSync(join(place, 'board'));

/** Runs words in the image's directory, with an overlay whose upper layer is made by a command. */
function onOverlay(upper: string, words: readonly string[]) {
  const script =
    'set -e; cd "$1"; shift; truncate -s 64M disk; /sbin/mkfs.ext4 -q -F disk; ' +
    `${upper}; mkdir board/upper board/work board/root; ` +
    'mount -t overlay -o lowerdir=image,upperdir=board/upper,workdir=board/work none board/root; ' +
    'cd board/root; exec "$@"';
  const [name, ...rest] = asRoot([
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', place],
    ...words,
  ]);
  return spawnSync(name!, rest, { encoding: 'utf8' });
}

/** How the upper layer is made, and the operations for each seed: a sync of a disk takes long. */
const UPPER = {
  tmpfs: ['mount -t tmpfs none board', 50_000],
  ext4: ['mount -t ext4 -o loop disk board', 5000],
} as const;

for (const [fstype, [upper, usual]] of Object.entries(UPPER)) {
  const operations = process.env['MOUNTROOT_ROOT_OPERATIONS'] ?? String(usual);

  t.test(`a root on ${fstype} can be used as any file system`, async (t) => {
    const { stdout, stderr } = onOverlay(upper, ['./root-rows', 'files']);
    t.same(rowsOf(stdout), { failed: [], held: ROW_COUNT }, stderr);
  });

  t.test(`files on ${fstype} hold what was written to them`, async (t) => {
    for (const seed of SEEDS) {
      const { stdout } = onOverlay(upper, ['./root-random', 'files', seed, operations]);
      t.equal(stdout, `${operations} operations\n`, `seed ${seed}`);
    }
  });
}
