import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CopyResult } from '../../src/execute/copy-tree.js';
import { asRoot, program } from './sandbox.js';

interface Report {
  first: CopyResult;
  second: CopyResult;
  third: CopyResult;
  upper: string[];
  shown: string[];
  upperAgain: string[];
  random: string[];
  kept: string[];
  remaining: string[];
  outside: [boolean, string[]];
}

const folder = t.testdir({});
const built = await program(t, 'copy-inside');
const image = join(folder, 'flash.img');
mkdirSync(join(folder, 'base'));
execFileSync('truncate', ['-s', '32M', image]);
execFileSync('/sbin/mkfs.ext4', ['-q', image]);
const [unshare, ...words] = asRoot(['unshare', '--mount', '--propagation', 'private', process.execPath, join(built, 'copy-inside.cjs'), join(folder, 'base'), image]);
const { NODE_OPTIONS: _, ...env } = process.env;
const { stdout, stderr, status } = spawnSync(unshare!, words, { encoding: 'utf8', env, maxBuffer: 1 << 26 });
if (status !== 0) throw new Error(`the program in the namespace ended with ${status}: ${stderr}`);
const report = JSON.parse(stdout) as Report;

t.test('a copied upper layer has every name, kind, mode, owner, time, link, whiteout and attribute of the original', async (t) => {
  t.same(report.upper, []);
  t.same(report.first.refused, []);
  t.ok(report.first.files >= 9 && report.first.bytes >= 200_000 && report.first.bytes < 300_000, JSON.stringify(report.first));
});

t.test('an overlay over the copy shows what one over the original shows', async (t) => {
  t.same(report.shown, []);
});

t.test('a second pass brings over what changed, even where size and time are the same, and removes what is gone', async (t) => {
  t.same(report.upperAgain, []);
  t.ok(report.second.files < report.first.files + 2 && report.second.files >= 3, JSON.stringify(report.second));
});

t.test('a pass after which nothing changed copies nothing', async (t) => {
  t.match(report.third, { files: 0, bytes: 0, removed: 0, refused: [] });
});

t.test('trees made up by chance, whose copies were cut off by errors and which went on changing, are the same when all is well again', async (t) => {
  t.same(report.random, []);
});

t.test('a cleared tree keeps what is named, with what is above it, and nothing else', async (t) => {
  t.same(report.kept, ['/empty', '/etc', '/etc/.hidden', '/etc/.hidden/.key', '/setuid'].filter((path) => path !== '/empty'));
  t.same(report.remaining, []);
});

t.test('clearing does not go through a symlink, not even for a path that is to be kept behind it', async (t) => {
  t.same(report.outside, [true, ['setuid']]);
});
