import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { kmsg } from '../../../src/log/kmsg.js';

t.test('a record has its level, its name, and one line', async (t) => {
  // A file in place of the device: what is written is what the kernel would get.
  const device = join(t.testdir({ kmsg: '' }), 'kmsg');
  kmsg(device).error('one\ntwo\0three');
  t.equal(readFileSync(device, 'utf8'), '<3>mountroot: one two three\n');
  writeFileSync(device, '');
  kmsg(device).debug('x');
  t.match(readFileSync(device, 'utf8'), /^<7>/);
});

t.test('a record is no longer than the kernel takes', async (t) => {
  const device = join(t.testdir({ kmsg: '' }), 'kmsg');
  kmsg(device).info('x'.repeat(5000));
  t.ok(readFileSync(device).length < 976);
});

t.test('the log goes on through the device that was open when its name went away, as it does in the pivot', async (t) => {
  const device = join(t.testdir({ kmsg: '' }), 'kmsg');
  const log = kmsg(device);
  const { openSync, fstatSync, closeSync } = await import('node:fs');
  const watch = openSync(device, 'r');
  log.info('before');
  const size = fstatSync(watch).size;
  rmSync(device);
  log.info('after');
  t.ok(fstatSync(watch).size > 0 && size > 0);
  closeSync(watch);
});
