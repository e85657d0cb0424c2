import t from 'tap';
import {
  LOWER_OBSTACLES,
  bindsOf,
  isClosedAfter,
  lowerObstacle,
  maintainEnvironment,
  type LowerLook,
} from '../../../src/distribution/maintain-checks.js';
import type { Mount } from '../../../src/facts/facts.js';
import { mount } from '../../fixtures/facts.js';

const ROOT = mount('/', { id: 1, parent: 0, fstype: 'overlay', source: 'overlayfs:/overlay' });
const on = (path: string, changes: Partial<Mount> = {}): Mount =>
  mount(path, { id: 100 + path.length, parent: 1, ...changes });
const LOWER = on('/rom', { fstype: 'ext4', source: '/dev/vda' });

const look = (mounts: Mount[], changes: Partial<LowerLook> = {}, uid = 0): LowerLook => ({
  facts: { uid, mounts },
  isProtected: false,
  ...changes,
});

t.test('a root below that cannot be opened is refused, with the reason', async (t) => {
  const cases: Record<string, LowerLook[]> = {
    'not-root': [look([ROOT, LOWER], {}, 1000)],
    'no-overlay': [
      look([mount('/', { id: 1, parent: 0, fstype: 'ext4' })]),
      look([ROOT]),
      look([{ ...ROOT, source: 'overlayroot' }, LOWER]),
      look([]),
    ],
    'read-only-type': ['squashfs', 'erofs', 'tmpfs', 'iso9660'].map((fstype) =>
      look([ROOT, { ...LOWER, fstype }]),
    ),
    protected: [look([ROOT, LOWER], { isProtected: true })],
  };
  t.same(
    LOWER_OBSTACLES.map(({ id }) => id),
    Object.keys(cases),
  );
  for (const [code, looks] of Object.entries(cases))
    for (const each of looks) {
      const obstacle = lowerObstacle(each);
      t.equal(obstacle?.code, code);
      t.notMatch(`${obstacle?.found}; ${obstacle?.cure}`, /\n|\.$/);
    }
  t.equal(lowerObstacle(look([ROOT, LOWER])), null);
  t.equal(
    lowerObstacle(look([{ ...ROOT, source: 'overlayfs:/tmp/root' }, LOWER])),
    null,
    'also below a root in memory',
  );
});

t.test('a program sees all mounts but the layers and the paths that last', async (t) => {
  const mounts = [
    ROOT,
    LOWER,
    on('/proc', { fstype: 'proc' }),
    on('/dev'),
    on('/overlay'),
    on('/boot', { fstype: 'vfat' }),
    on('/etc/network', { fstype: 'overlay', source: 'mountroot-persist' }),
    on('/srv/data'),
    mount('/dev/pts', { id: 900, parent: 104 }),
  ];
  t.same(
    bindsOf({ mounts }, (path) => path !== '/srv/data'),
    {
      binds: [
        ['proc', '/rom/proc'],
        ['/dev', '/rom/dev'],
        ['/boot', '/rom/boot'],
      ],
      without: ['/srv/data'],
    },
  );
});

t.test('what was read-only is closed at the end, and nothing else', async (t) => {
  t.equal(isClosedAfter({ ...LOWER, options: ['ro'], superOptions: ['ro'] }), true);
  t.equal(isClosedAfter({ ...LOWER, options: ['ro'], superOptions: ['rw'] }), true);
  t.equal(isClosedAfter({ ...LOWER, options: ['rw'], superOptions: ['rw'] }), false);
});

t.test('a program gets its own environment, and a mark for hooks', async (t) => {
  const env = maintainEnvironment({
    PATH: '/evil',
    LD_PRELOAD: '/evil.so',
    NODE_OPTIONS: '--x',
    HOME: '/home/me',
    TERM: 'xterm',
    LC_ALL: 'C',
    DEBIAN_FRONTEND: 'noninteractive',
    https_proxy: 'http://p',
  });
  t.match(env, { TERM: 'xterm', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' });
  t.match(env, { https_proxy: 'http://p', HOME: '/root', MOUNTROOT_MAINTAIN: '1' });
  t.notOk('LD_PRELOAD' in env || 'NODE_OPTIONS' in env);
  t.notMatch(env['PATH'], /evil/);
});
