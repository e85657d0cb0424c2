import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { ROM_BASELINE, ROM_MANIFEST } from '../../../../src/facts/places.js';
import { findRecord } from '../../../../src/layer/diff/newer.js';

const place = (t: Test): string => {
  const top = mkdtempSync(join(tmpdir(), 'mountroot-newer-'));
  t.teardown(() => rmSync(top, { recursive: true, force: true }));
  mkdirSync(dirname(join(top, ROM_BASELINE)), { recursive: true });
  return top;
};

t.test('of a record that is far too long only the beginning is read', async (t) => {
  const top = place(t);
  for (const name of [ROM_BASELINE, ROM_MANIFEST]) {
    writeFileSync(join(top, name), '');
    truncateSync(join(top, name), 3 * 2 ** 30);
  }
  const { record, complaints } = findRecord(top);
  t.equal(record, null);
  t.match(complaints, [/rom-baseline is damaged/, /rom-manifest is damaged/]);
});

t.test('a record that is a symlink is no record', async (t) => {
  const top = place(t);
  symlinkSync('/dev/zero', join(top, ROM_BASELINE));
  t.match(findRecord(top).complaints, [/there is no record of the image/]);
});
