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

t.test(
  'start makes an overlay of the read-only root and the data volume, on the real kernel',
  async (t) => {
    const { ran, after, before, files } = await runInSandbox(t, { then: 'echo kept >/written' });
    t.match(ran, [
      {
        exit: 0,
        log: [],
        state: { rung: 'persistent', reason: null, persistent: true, warnings: [] },
      },
    ]);
    const mounts = visible(after);
    t.equal(mounts.get('/')?.fstype, 'overlay');
    t.equal(mounts.get('/')?.source, 'overlayfs:/overlay');
    t.ok(mounts.get('/')?.options.includes('noatime'));
    t.ok(mounts.get('/')?.superOptions.includes('upperdir=/overlay/upper'));
    t.equal(mounts.get('/overlay')?.fstype, 'ext4');
    t.equal(mounts.get('/rom')?.id, visible(before).get('/')?.id, 'the old root is on /rom');
    t.ok(
      files.includes('/overlay/upper/written'),
      'what is written to / is kept on the data volume',
    );
    t.ok(
      files.some((path) => /^\/overlay\/\.mountroot\/boots\/00000001-[\w]{8}\.ndjson$/.test(path)),
      'and so is the journal of this boot',
    );
  },
);

t.test(
  'after a start every other mount is where it was, also nested ones and those on files',
  async (t) => {
    const { before, after } = await runInSandbox(t);
    const now = visible(after);
    const others = [...visible(before)].filter(([point]) => point !== '/');
    t.ok(others.length >= 8);
    for (const [point, mount] of others)
      t.equal(now.get(point)?.id, mount.id, `${point} is the same mount as before`);
    t.same(
      [...now.keys()].filter((point) => point.startsWith('/rom/') || point.startsWith('/mnt')),
      [],
      'nothing is stuck below /rom or /mnt',
    );
  },
);

/** pstore shows what the previous boot left, so it stays. */
const withoutPstore = (text: string): string => text.replace(/^.* \/sys\/fs\/pstore .*\n/m, '');

for (const [rung, unformatted] of [
  ['persistent', false],
  ['volatile', true],
] as const)
  for (const shared of [false, true])
    t.test(
      `a failed start on rung ${rung} restores mountinfo to the letter ` +
        `(${shared ? 'shared' : 'private'})`,
      async (t) => {
        const { attempts, callsBeforePivot, ran, before } = await runInSandbox(t, {
          shared,
          sabotage: true,
          unformatted,
          settings: ['boot_limit=0'],
        });
        t.ok(callsBeforePivot >= 10, 'the calls before pivot_root were found');
        for (const { call, way, verb, exit, log, mountinfo } of attempts) {
          const name = `call ${call} (${verb}) ${way}`;
          t.equal(exit, 3, `${name} leaves the board on its image`);
          t.equal(
            withoutPstore(mountinfo),
            withoutPstore(before),
            `${name} leaves mountinfo as it was`,
            { log },
          );
          // The overlay's own scratch folder stays if it could be removed neither before nor after.
          const told = log.filter((line) => line.includes('not everything')).join();
          t.ok(
            told === '' ||
              (verb === 'removeTree' && /remove directory \/overlay\/work: ENOTEMPTY/.test(told)),
            `${name} leaves nothing behind`,
            { log },
          );
        }
        t.match(ran, [{ state: { rung } }], 'and a start after all of them works');
      },
    );

t.test('start works where every mount is shared, and leaves them private', async (t) => {
  const { ran, before, after } = await runInSandbox(t, { shared: true });
  t.match(before, / shared:\d+ /);
  t.match(ran, [{ exit: 0 }]);
  t.notMatch(after, / shared:\d+ /);
});

t.test('a data volume without a file system gives a root in memory, with the reason', async (t) => {
  const { ran, after } = await runInSandbox(t, { unformatted: true });
  t.match(ran, [
    {
      exit: 3,
      state: {
        rung: 'volatile',
        reason: 'unknown-content',
        because: /no file system that could be mounted|no signature known/,
      },
    },
  ]);
  t.equal(visible(after).get('/')?.source, 'overlayfs:/tmp/root');
});

t.test('an upperdir that is a symlink is moved aside, not followed', async (t) => {
  const { ran, files } = await runInSandbox(t, {
    prepare: (data) => symlinkSync('/run', `${data}/upper`),
    then: 'echo kept >/written',
  });
  t.match(ran, [{ exit: 0, state: { rung: 'persistent' } }]);
  t.ok(files.includes('/overlay/.mountroot/quarantine/upper-1'));
  t.ok(files.includes('/overlay/upper/written'));
});

t.test('start cleans what a power cut left in the workdir, and keeps the settings', async (t) => {
  const { ran, output, files } = await runInSandbox(t, {
    prepare: (data) => {
      mkdirSync(`${data}/upper/etc`, { recursive: true });
      writeFileSync(`${data}/upper/etc/setting`, 'mine\n');
      mkdirSync(`${data}/work/work/#1`, { recursive: true });
      writeFileSync(`${data}/work/work/#2`, 'half');
    },
    then: 'cat /etc/setting',
  });
  t.match(ran, [{ exit: 0 }]);
  t.equal(output, 'mine\n');
  t.same(
    files.filter((path) => path.startsWith('/overlay/work/work/')),
    [],
  );
});

t.test(
  'a full volume is used read-only: settings apply, changes are lost at power-off',
  async (t) => {
    const { ran, output, after } = await runInSandbox(t, {
      prepare: (data) => {
        mkdirSync(`${data}/upper/etc`, { recursive: true });
        mkdirSync(`${data}/work/work`, { recursive: true });
        writeFileSync(`${data}/upper/etc/setting`, 'mine\n');
        let block = 65_536;
        for (let file = 0; block >= 1;)
          try {
            writeFileSync(`${data}/upper/filler-${file++}`, Buffer.alloc(block * 16));
          } catch {
            block = Math.floor(block / 2);
          }
      },
      then:
        'cat /etc/setting; echo changed >/etc/setting; cat /etc/setting; cat ' +
        '/run/mountroot/notice',
    });
    t.match(ran, [
      { exit: 3, state: { rung: 'kept-read-only', reason: 'full', persistent: false } },
    ]);
    t.match(
      output,
      /^mine\nchanged\nmountroot: settings are there, but CHANGES ARE LOST at power-off \(full\): [^\n]+\n$/,
    );
    t.ok(
      visible(after).get('/overlay')?.superOptions.includes('ro'),
      'and nobody can write to them',
    );
  },
);

t.test('done confirms a start, and says so on the volume', async (t) => {
  const { ran, files } = await runInSandbox(t, {
    verbs: ['start', 'done'],
    then: 'cat /overlay/.mountroot/attempts; readlink /overlay/.fs_state',
  });
  t.match(ran, [{ exit: 0 }, { exit: 0, state: { rung: 'persistent', limits: [] } }]);
  t.notOk(
    files.some((path) => path.includes('probe')),
    'nothing of a probe is left',
  );
});

t.test('ram leaves the data volume alone, and reset orders what the next start does', async (t) => {
  const ram = await runInSandbox(t, { verbs: ['ram'] });
  t.match(ram.ran, [{ exit: 0, state: { rung: 'volatile', reason: 'asked' } }]);
  t.notOk(visible(ram.after).has('/overlay'));
  const reset = await runInSandbox(t, {
    verbs: ['start', 'reset', 'stop'],
    keep: ['/etc/mine'],
    then: 'mkdir -p /etc && echo x >/etc/mine',
  });
  t.match(reset.ran, [{ exit: 0 }, { exit: 0 }, { exit: 0 }]);
  t.ok(
    reset.files.includes('/overlay/.mountroot/reset.json') &&
      reset.files.includes('/overlay/upper/etc/mine'),
    'nothing is gone yet',
  );
});

t.test('a reset that was ordered is carried out before anything uses the settings', async (t) => {
  const { ran, files } = await runInSandbox(t, {
    prepare: (data) => {
      mkdirSync(`${data}/upper/etc/.secret`, { recursive: true });
      mkdirSync(`${data}/.mountroot`);
      for (const path of ['upper/etc/mine', 'upper/etc/.secret/key', 'upper/.hidden'])
        writeFileSync(`${data}/${path}`, 'x');
      writeFileSync(`${data}/.mountroot/reset.json`, '{"keep":["/etc/mine"]}');
    },
  });
  t.match(ran, [{ exit: 0, state: { rung: 'persistent', reason: null } }]);
  t.same(
    files.filter((path) => path.startsWith('/overlay/upper/')),
    ['/overlay/upper/etc', '/overlay/upper/etc/mine'],
  );
  t.notOk(files.includes('/overlay/.mountroot/reset.json'));
});
