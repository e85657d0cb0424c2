/** On the real kernel, as root in its own mount namespace. */
import t from 'tap';
import { asRootAlone } from '../native/program.js';

const { json: got } = await asRootAlone(t, 'test/fixtures/tree-clear-inside.ts');
const ETC = [
  '/etc',
  '/etc/.hidden',
  '/etc/.hidden/.file',
  '/etc/config',
  '/etc/config/network',
  '/etc/config/wireless',
  '/etc/passwd',
];
const SSH = ['/root', '/root/.ssh', '/root/.ssh/deep', '/root/.ssh/deep/er', '/root/.ssh/key'];

t.test(
  'kept paths stay with their content and parents, and all else is removed, dot-files too',
  async (t) => {
    const left = (...names: string[]): object => ({ names, remaining: [] });
    t.same(got['keeping'], {
      nothing: left(),
      file: left('/etc', '/etc/config', '/etc/config/network', '/sysupgrade.tgz'),
      directory: left(...SSH),
      trailing: left('/etc', '/etc/passwd', ...SSH),
      // A prefix of a name does not match the name.
      similar: left('/etc'),
      both: left(...ETC),
      below: left('/etc'),
    });
  },
);

t.test('the parents of kept paths stay unchanged', async (t) => {
  t.same(got['parents'], { mode: 0o1711, uid: 12, gid: 34, opaque: 'y' });
});

t.test('a path that cannot be kept is refused before anything is removed', async (t) => {
  const refused = got['refused'] as Record<string, unknown>;
  t.equal(Object.keys(refused).length, 8);
  for (const [keep, outcome] of Object.entries(refused))
    t.same(outcome, ['EINVAL', 'EINVAL', true], JSON.stringify(keep));
});

t.test('symlinks are removed and not followed, and do not keep their target', async (t) => {
  t.same(got['symlinks'], { names: ['/kept'], outside: ['/dir', '/dir/precious', '/precious'] });
});

t.test(
  'mounts below stay untouched and are reported, and everything beside them is removed',
  async (t) => {
    const names = [
      '/etc',
      '/etc/config',
      '/etc/config/mnt',
      '/etc/passwd',
      '/mnt',
      '/root',
      '/usr',
      '/usr/a',
      '/usr/a/mnt',
    ];
    t.same(got['mounts'], {
      errno: 'nothing',
      whole: 4,
      names,
      remaining: ['/etc/config', '/mnt', '/root', '/usr'],
      after: ['/etc', '/etc/passwd', '/root'],
      remainingAfter: [],
    });
    t.same(got['direct'], { names: ['/mnt', '/mnt/precious'], remaining: ['/mnt'] });
  },
);

t.test('at most 20 remaining files are named, dot-directories first', async (t) => {
  t.same(got['telling'], { names: ['/.dot', '/.empty', '/etc/0'], length: 20, gone: 'ENOENT' });
});

t.test(
  'stopped at any call it reports the remaining files, and a repeat ends the same',
  async (t) => {
    t.same(got['cuts'], { wrong: [], calls: true });
  },
);

t.test(
  'in 200 random trees only the named paths, their parents and their content remain',
  async (t) => {
    t.same(got['chance'], []);
  },
);
