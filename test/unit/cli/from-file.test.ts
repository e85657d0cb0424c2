import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bytesOf, fromFile } from '../../../src/cli/from-file.js';
import { UsageError } from '../../../src/cli/usage-error.js';
import { FILE_LIMITS } from '../../../src/text/input-limits.js';

t.test('a file that the user names is read up to a limit, which the error names', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-file-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'console.log');
  writeFileSync(file, 'text');
  t.equal(
    fromFile(file, (bytes) => bytes.toString()),
    'text',
  );
  truncateSync(file, FILE_LIMITS.bytes + 1);
  t.throws(() => fromFile(file, (bytes) => bytes), { message: /more than 64 MiB.*tail -c/ });
  t.throws(() => fromFile(file, (bytes) => bytes), UsageError);
  t.throws(() => bytesOf('/dev/zero', 1 << 20), { message: /more than 1 MiB/ });
  t.throws(() => bytesOf(join(folder, 'missing')), { message: /^cannot read .*missing.*ENOENT/ });
});
