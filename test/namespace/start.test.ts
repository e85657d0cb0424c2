import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Mount } from '../../src/facts/facts.js';
import { parseMountinfo, visibleAt } from '../../src/facts/mountinfo.js';
import { runInSandbox } from './sandbox.js';

/** Mountpoint → identity of the visible mount there. */
const visible = (text: string): Map<string, Mount> => {
  const mounts = parseMountinfo(text);
  return new Map(mounts.map(({ mountpoint }) => [mountpoint, visibleAt(mounts, mountpoint)!]));
};

t.test('start makes an overlay of the read-only root and the data volume, on the real kernel', async (t) => {
  const { outcome, steps, after, before, written } = await runInSandbox(t);
  t.same(outcome, { ok: true, warnings: [], leftovers: [] });
  t.equal(steps.filter(({ result }) => result === 'failed').length, 0);
  const mounts = visible(after);
  t.equal(mounts.get('/')?.fstype, 'overlay');
  t.equal(mounts.get('/')?.source, 'overlayfs:/overlay');
  t.ok(mounts.get('/')?.options.includes('noatime'));
  t.ok(mounts.get('/')?.superOptions.includes('upperdir=/overlay/upper'));
  t.equal(mounts.get('/overlay')?.fstype, 'ext4');
  t.equal(mounts.get('/rom')?.id, visible(before).get('/')?.id, 'the old root is on /rom');
  t.equal(written, '/overlay/upper/written', 'what is written to / is kept on the data volume');
});

t.test('after a start every other mount is where it was, those below others and those on files too', async (t) => {
  const { before, after } = await runInSandbox(t);
  const now = visible(after);
  const others = [...visible(before)].filter(([point]) => point !== '/');
  t.ok(others.length >= 8);
  for (const [point, mount] of others) t.equal(now.get(point)?.id, mount.id, `${point} is the same mount as before`);
  t.same([...now.keys()].filter((point) => point.startsWith('/rom/') || point.startsWith('/mnt')), [], 'nothing is stuck below /rom or /mnt');
});

for (const shared of [false, true])
  t.test(`a start whose calls fail one by one leaves mountinfo as it was to the letter, from ${shared ? 'shared' : 'private'} mounts`, async (t) => {
    const { attempts, callsBeforePivot, outcome } = await runInSandbox(t, { shared, sabotage: true });
    t.ok(callsBeforePivot >= 10, 'the calls before pivot_root were found');
    t.equal(attempts.length, 2 * (callsBeforePivot + 1));
    for (const { call, way, verb, outcome, mountinfoSame, mountinfo, names } of attempts) {
      const name = `call ${call} (${verb}) ${way}`;
      t.notOk(outcome.ok, `${name} is a failed start`);
      t.same(outcome.leftovers, [], `${name} leaves nothing behind`);
      t.ok(mountinfoSame, `${name} leaves mountinfo as it was`, { mountinfo });
      t.same(names, [], `${name} leaves no directory in /tmp, /overlay or /mnt`);
    }
    t.ok(outcome?.ok, 'and a start after all of them works');
  });

t.test('start works where every mount is shared, and leaves them private', async (t) => {
  const { outcome, before, after } = await runInSandbox(t, { shared: true });
  t.match(before, / shared:\d+ /);
  t.ok(outcome?.ok);
  t.notMatch(after, / shared:\d+ /);
});

t.test('a data volume without a file system fails the start with the kernel\'s reason, and the root is as before', async (t) => {
  const { outcome, before, after } = await runInSandbox(t, { unformatted: true });
  t.notOk(outcome?.ok);
  t.match(outcome?.error, /^cannot mount ext4 \/dev\/loop\d+ on \/tmp\/overlay: EINVAL/);
  t.equal(after, before);
});

t.test('an upper directory that is a symlink out of the volume is not followed', async (t) => {
  const { outcome, before, after } = await runInSandbox(t, { prepare: (data) => symlinkSync('/run', `${data}/upper`) });
  t.notOk(outcome?.ok);
  t.match(outcome?.error, /\/overlay\/upper as a directory, for it is a symlink: ENOTDIR/);
  t.equal(after, before);
});

t.test('what a power cut left half-prepared in the workdir is cleaned, and settings are kept', async (t) => {
  const { outcome, written, setting, scratch } = await runInSandbox(t, {
    prepare: (data) => {
      mkdirSync(`${data}/upper/etc`, { recursive: true });
      writeFileSync(`${data}/upper/etc/setting`, 'mine\n');
      mkdirSync(`${data}/work/work/#1`, { recursive: true });
      writeFileSync(`${data}/work/work/#2`, 'half');
    },
  });
  t.ok(outcome?.ok);
  t.equal(written, '/overlay/upper/written');
  t.equal(setting, 'mine\n');
  t.same(scratch, []);
});

t.test('a workdir that cannot be used fails the overlay mount, and everything is taken back', async (t) => {
  const { outcome, before, after, names } = await runInSandbox(t, { prepare: (data) => writeFileSync(`${data}/work`, 'a file\n') });
  t.notOk(outcome?.ok);
  t.match(outcome?.error, /\/overlay\/work as a directory, for it is a file: ENOTDIR/);
  t.equal(after, before);
  t.same(names, []);
});
