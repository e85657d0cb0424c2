/** The setting `persist` on this machine's kernel: what lasts, what does not, and what is told. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { parseMountinfo, visibleAt } from '../../src/facts/mountinfo.js';
import { runInSandbox } from './sandbox.js';

const PATHS = 'persist=/etc/network,/data/app';

/** The volume as an earlier boot left it. */
const saved =
  (owner = 0o750) =>
  (data: string): void => {
    const upper = `${data}/persist/etc%2Fnetwork/upper`;
    mkdirSync(upper, { recursive: true, mode: owner });
    writeFileSync(`${upper}/interfaces`, 'mine\n');
    mkdirSync(`${data}/persist/data%2Fapp/upper`, { recursive: true });
    writeFileSync(`${data}/persist/data%2Fapp/upper/db`, 'rows\n');
  };

t.test('the paths last, with the owner of the image, and all else is in memory', async (t) => {
  const { ran, after, output, files } = await runInSandbox(t, {
    settings: [PATHS],
    verbs: ['start', 'done'],
    then:
      'echo new >/etc/network/next && mv /etc/network/next /etc/network/interfaces; ' +
      'rm /etc/network/old; echo row >/data/app/db; echo lost >/etc/hostname; ' +
      'stat -c "%u:%g %a" /etc/network; cat /run/mountroot/notice',
  });
  t.match(ran, [
    { exit: 0, state: { rung: 'volatile', reason: 'persist', persistent: false, warnings: [] } },
    { exit: 0, state: { rung: 'volatile', reason: 'persist' } },
  ]);
  t.match(
    output,
    /^7:8 750\nmountroot: only what `persist` names is kept, and OTHER CHANGES ARE LOST[^\n]+\n$/,
  );
  const mounts = parseMountinfo(after);
  t.match(visibleAt(mounts, '/'), { fstype: 'overlay', source: 'overlayfs:/tmp/root' });
  for (const path of ['/etc/network', '/data/app'])
    t.match(visibleAt(mounts, path), { fstype: 'overlay', source: 'mountroot-persist' });
  for (const path of ['etc%2Fnetwork/upper/interfaces', 'etc%2Fnetwork/upper/old'])
    t.ok(files.includes(`/overlay/persist/${path}`), path);
  t.ok(files.includes('/overlay/persist/data%2Fapp/upper/db'));
  t.notOk(files.some((path) => path.includes('hostname') || path.includes('probe')));
  t.ok(
    files.some((path) => path.startsWith('/overlay/.mountroot/boots/')),
    'and the journal of this boot is kept',
  );
  t.notOk(files.includes('/overlay/upper'), 'nothing keeps the whole root');
});

t.test('a later boot shows what the paths have kept', async (t) => {
  const { ran, output } = await runInSandbox(t, {
    settings: [PATHS],
    prepare: saved(),
    then: 'cat /etc/network/interfaces /etc/network/old /data/app/db /etc/hostname',
  });
  t.match(ran, [{ exit: 0, state: { reason: 'persist' } }]);
  t.equal(output, 'mine\ngone\nrows\nboard\n');
});

t.test('a full volume shows what was saved, and takes no changes', async (t) => {
  const { ran, output } = await runInSandbox(t, {
    settings: [PATHS],
    prepare: (data) => {
      saved()(data);
      let block = 65_536;
      for (let file = 0; block >= 1;)
        try {
          writeFileSync(`${data}/filler-${file++}`, Buffer.alloc(block * 16));
        } catch {
          block = Math.floor(block / 2);
        }
    },
    then: 'cat /etc/network/interfaces /data/app/db; echo x >/data/app/db; cat /data/app/db',
  });
  t.match(ran, [{ exit: 3, state: { rung: 'kept-read-only', reason: 'full' } }]);
  t.equal(output, 'mine\nrows\nx\n');
});

t.test('a path that cannot last is named, and the others last', async (t) => {
  const { ran, after } = await runInSandbox(t, {
    settings: ['persist=/etc/link,/etc/hostname,/etc/network,/run-x,/usr/share,/data'],
    prepare: (data) => {
      mkdirSync(`${data}/persist`);
      symlinkSync('/run', `${data}/persist/data`);
    },
  });
  t.match(ran, [{ exit: 3, state: { rung: 'volatile', reason: 'persist-failed' } }]);
  const { because } = ran[0]!.state!;
  t.match(because, /\/etc\/link does not last \(\/etc\/link is a symlink in the image/);
  t.match(because, /\/etc\/hostname does not last \(\/etc\/hostname is a file/);
  t.match(because, /\/usr\/share does not last \(\S+ \S+ is mounted on \/usr\)/);
  t.match(because, /\/data does not last \(.*is a symlink/);
  const mounts = parseMountinfo(after);
  t.same(
    mounts.flatMap(({ source, mountpoint }) => (source === 'mountroot-persist' ? mountpoint : [])),
    ['/etc/network', '/run-x'],
  );
});

t.test('without a usable volume the root is in memory, and says why', async (t) => {
  const { ran, after } = await runInSandbox(t, { settings: [PATHS], unformatted: true });
  t.match(ran, [{ exit: 3, state: { rung: 'volatile', reason: 'unknown-content' } }]);
  t.notMatch(after, /mountroot-persist/);
});

t.test('a failed start with paths that last restores mountinfo to the letter', async (t) => {
  const { attempts, ran, before } = await runInSandbox(t, {
    sabotage: true,
    settings: [PATHS, 'boot_limit=0'],
  });
  const withoutPstore = (text: string): string => text.replace(/^.* \/sys\/fs\/pstore .*\n/m, '');
  for (const { call, way, verb, exit, log, mountinfo } of attempts) {
    const name = `call ${call} (${verb}) ${way}`;
    t.equal(exit, 3, `${name} leaves the board on its image`, { log });
    t.equal(withoutPstore(mountinfo), withoutPstore(before), name, { log });
  }
  t.match(ran, [{ state: { reason: 'persist' } }], 'and a start after all of them works');
});

t.test('a reset clears what the paths have kept, except for what is to be kept', async (t) => {
  const { ran, files } = await runInSandbox(t, {
    settings: [PATHS],
    prepare: (data) => {
      saved()(data);
      writeFileSync(`${data}/persist/etc%2Fnetwork/upper/wifi`, 'mine\n');
      mkdirSync(`${data}/.mountroot`);
      writeFileSync(`${data}/.mountroot/reset.json`, '{"keep":["/etc/network/wifi"]}');
    },
  });
  t.match(ran, [{ exit: 0, state: { reason: 'persist' } }]);
  t.ok(files.includes('/overlay/persist/etc%2Fnetwork/upper/wifi'));
  t.notOk(files.includes('/overlay/persist/etc%2Fnetwork/upper/interfaces'));
  t.notOk(files.includes('/overlay/persist/data%2Fapp/upper/db'));
  t.notOk(files.includes('/overlay/.mountroot/reset.json'));
});
