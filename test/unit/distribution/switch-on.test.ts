import fc from 'fast-check';
import t from 'tap';
import {
  carryOut,
  settingsAfter,
  withVolume,
  type Change,
} from '../../../src/distribution/switch-on.js';
import { markBelow, switchOff } from '../../../src/distribution/switch-off.js';
import type { System } from '../../../src/system/port.js';
import { mount } from '../../fixtures/facts.js';

/** Changes of a list: each adds its number. One may fail, and some cannot be taken back. */
const changesOf = (count: number, fails: number | null, stuck: readonly number[] = []) => {
  const state: number[] = [];
  const changes = Array.from({ length: count }, (_, index): Change => ({
    what: `change ${index}`,
    carryOut: () => {
      state.push(index);
      if (index === fails) throw new Error(`change ${index} failed`);
    },
    takeBack: () => {
      if (stuck.includes(index)) throw new Error(`change ${index} stays`);
      state.splice(state.indexOf(index), 1);
    },
  }));
  return { state, changes };
};

t.test('a failure at any change takes back that change and all before it', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(7), (count, at) => {
      const fails = at % count;
      const { state, changes } = changesOf(count, fails);
      const done: string[] = [];
      try {
        carryOut(changes, (what) => done.push(what));
        return false;
      } catch (error) {
        return (
          state.length === 0 &&
          done.length === fails &&
          (error as Error).message === `change ${fails} failed; everything was taken back`
        );
      }
    }),
  );
  const { state, changes } = changesOf(4, null);
  carryOut(changes, () => {});
  t.same(state, [0, 1, 2, 3]);
});

t.test('what could not be taken back is said, and the rest is taken back', async (t) => {
  const { state, changes } = changesOf(3, 2, [1]);
  t.throws(() => carryOut(changes, () => {}), {
    message: 'change 2 failed; and not everything could be taken back: change 1 stays',
  });
  t.same(state, [1]);
});

t.test('other settings stay as they are', async (t) => {
  t.same(JSON.parse(withVolume({ keep: ['/etc'], volume: 'old' }, 'LABEL=data')), {
    keep: ['/etc'],
    volume: 'LABEL=data',
  });
  t.same(JSON.parse(withVolume(null, 'LABEL=data')), { volume: 'LABEL=data' });
});

t.test(
  'on the overlay the file below it is removed, and the image is read-only again',
  async (t) => {
    const mounts = [
      mount('/', { id: 1, parent: 0, fstype: 'overlay' }),
      mount('/rom', { parent: 1, fstype: 'ext4' }),
    ];
    t.equal(markBelow(mounts), '/rom/etc/mountroot.enabled');
    t.equal(
      markBelow([mount('/', { id: 1, parent: 0, fstype: 'ext4' })]),
      '/etc/mountroot.enabled',
    );
    const calls: string[] = [];
    const system = (fails: boolean): System =>
      ({
        mount: (_: null, at: string, __: null, flags: string[]) =>
          calls.push(`${at} ${flags.join()}`),
        unlink: (path: string) => {
          calls.push(path);
          if (fails) throw new Error('EIO');
        },
        syncfs: (path: string) => calls.push(`sync ${path}`),
      }) as unknown as System;
    switchOff(system(false), '/rom/etc/mountroot.enabled');
    t.same(calls, [
      '/rom MS_REMOUNT',
      '/rom/etc/mountroot.enabled',
      'sync /rom',
      '/rom MS_REMOUNT,MS_RDONLY',
    ]);
    calls.length = 0;
    t.throws(() => switchOff(system(true), '/rom/etc/mountroot.enabled'), { message: 'EIO' });
    t.equal(calls.at(-1), '/rom MS_REMOUNT,MS_RDONLY', 'also after a failure');
  },
);

t.test('the settings change only where the words of enable differ from them', async (t) => {
  const values = { keep: ['/etc'], volume: 'LABEL=data', persist: ['/srv'] };
  const settings = { text: JSON.stringify(values), values };
  t.equal(settingsAfter(settings, { volume: 'LABEL=data' }), settings.text);
  t.equal(settingsAfter(settings, { volume: undefined, persist: ['/srv'] }), settings.text);
  t.equal(settingsAfter({ text: null, values: null }, { volume: undefined }), null);
  t.same(JSON.parse(settingsAfter(settings, { volume: 'vdb', persist: ['/etc/network'] })!), {
    ...values,
    volume: 'vdb',
    persist: ['/etc/network'],
  });
});
