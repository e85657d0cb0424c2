import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freeName, takePlace } from '../../../../src/layer/archive/take-place.js';
import { reader, writer } from '../../../../src/system/files.js';
import { SystemError } from '../../../../src/system/system-error.js';

const refusing = (errno: string) => (): never => {
  throw new SystemError({ what: 'exchange', syscall: 'renameat2', errno, path: '/' });
};
const layers = (t: Test): { next: string; place: string; former: string } => {
  const folder = t.testdir({ next: { new: '' }, upper: { old: '' } });
  return {
    next: join(folder, 'next'),
    place: join(folder, 'upper'),
    former: join(folder, 'former'),
  };
};
const system = {
  ...reader,
  ...writer,
  removeTree: (path: string): void => rmSync(path, { recursive: true, force: true }),
};

t.test(
  'if two names cannot be exchanged, the old layer is put aside first, and removed last',
  async (t) => {
    const { next, place, former } = layers(t);
    const calls: string[] = [];
    const watched = {
      rename: (from: string, to: string) => (calls.push('rename'), system.rename(from, to)),
      removeTree: (path: string) => (
        calls.push(`remove ${path === former ? 'former' : path}`),
        system.removeTree(path)
      ),
    };
    takePlace({ ...watched, exchange: refusing('EINVAL') }, { next, place, former });
    t.same(readdirSync(place), ['new']);
    t.same(calls, ['rename', 'rename', 'remove former']);
    t.notOk(existsSync(next) || existsSync(former));
  },
);

t.test('an exchange that fails for another reason changes nothing', async (t) => {
  const { next, place, former } = layers(t);
  t.throws(
    () => takePlace({ ...system, exchange: refusing('EIO') }, { next, place, former }),
    /EIO/,
  );
  t.same([readdirSync(place), readdirSync(next)], [['old'], ['new']]);
});

t.test('a second rename that fails brings the old layer back', async (t) => {
  const { next, place, former } = layers(t);
  const failing = {
    ...system,
    rename: (from: string, to: string) =>
      from === next ? refusing('EIO')() : system.rename(from, to),
  };
  t.throws(
    () => takePlace({ ...failing, exchange: refusing('ENOSYS') }, { next, place, former }),
    /EIO/,
  );
  t.same(readdirSync(place), ['old']);
  t.notOk(existsSync(former));
});

t.test(
  'a failure after the new layer is in its place is reported, and undoes nothing',
  async (t) => {
    const stuck = { ...system, removeTree: refusing('EPERM') };
    const one = layers(t);
    // As the file system does: the two are exchanged.
    const exchange = (next: string, place: string): void => {
      system.rename(place, `${place}-`);
      system.rename(next, place);
      system.rename(`${place}-`, next);
    };
    t.match(takePlace({ ...stuck, exchange }, one), [
      /^the layer from before could not be removed, and what is left of it is .*next: .*EPERM/,
    ]);
    t.same([readdirSync(one.place), readdirSync(one.next)], [['new'], ['old']]);
    const two = layers(t);
    t.match(takePlace({ ...stuck, exchange: refusing('EINVAL') }, two), [
      /what is left of it is .*former: /,
    ]);
    t.same(readdirSync(two.place), ['new']);
    const three = layers(t);
    t.match(takePlace({ ...system, exchange, sync: refusing('EIO') }, three), [
      /may not be there after a power cut: .*the one from before is kept as .*next$/,
    ]);
    t.same([readdirSync(three.place), readdirSync(three.next)], [['new'], ['old']]);
  },
);

t.test('leftovers of an earlier import that cannot be removed do no harm', async (t) => {
  const { next } = layers(t);
  const uid = process.getuid!();
  const name = (attempt: number): string => (attempt === 1 ? next : `${next}-${attempt}`);
  const stuck = {
    ...system,
    removeTree: (path: string) => (path === next ? refusing('EPERM')() : system.removeTree(path)),
  };
  const free = freeName(stuck, name, uid);
  t.match(free, {
    next: `${next}-2`,
    warnings: [
      /next, which an import before this one left, could not be removed: .*EPERM.*; remove it$/,
    ],
  });
  t.same(readdirSync(next), ['new'], 'it is left as it is');
  t.throws(
    () =>
      freeName(
        {
          ...system,
          kind: () => 'directory',
          details: () => system.details(next),
          removeTree: refusing('EPERM'),
        },
        name,
        uid,
      ),
    /next-9, which an import before this one left/,
  );
  t.throws(() => freeName(system, name, uid + 1), /belongs to another user/);
  t.same(freeName(system, name, uid), { next, warnings: [] });
  t.notOk(existsSync(next), 'what can be removed is');
});
