import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import t from 'tap';
import { compileProgram } from '../../../scripts/agent/compile.js';

const work = mkdtempSync(join(tmpdir(), 'mountroot-listing-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));
const program = join(work, 'listing');
await compileProgram('host', join(process.cwd(), 'test/fixtures/listing.c'), program, [
  '-Wno-unused-function',
]);
const listing = (folder: string, names: string): string =>
  execFileSync(program, [folder, names], { encoding: 'utf8' }).trim();

t.test('a directory with a million names is listed whole', async (t) => {
  t.equal(listing('/proc', '1000000'), '1000000');
});

t.test('a listing that does not end is given up', async (t) => {
  t.equal(listing('/proc', 'endless'), 'EOVERFLOW');
});

t.test(
  'a listing of tmpfs that is far longer than its directory is given up early',
  { skip: !existsSync('/dev/shm') && 'there is no tmpfs' },
  async (t) => {
    const folder = mkdtempSync('/dev/shm/mountroot-listing-');
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    t.equal(listing(folder, '60000'), '60000');
    t.equal(listing(folder, '80000'), 'EOVERFLOW');
  },
);
