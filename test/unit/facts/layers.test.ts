import t from 'tap';
import { layersOf } from '../../../src/facts/layers.js';
import { parseMountinfo } from '../../../src/facts/mountinfo.js';

const ROM = '20 1 31:2 / /rom ro - squashfs /dev/root ro\n';
const DATA = '21 1 31:3 / /overlay rw - jffs2 /dev/mtdblock3 rw\n';
const root = (source: string, options: string, fstype = 'overlay'): string =>
  `30 1 0:20 / / rw - ${fstype} ${source} ${options}\n`;
const of = (text: string): ReturnType<typeof layersOf> => layersOf(parseMountinfo(text));

t.test(
  'the layers of / are given where they can be reached now, not where they were at the mount',
  async (t) => {
    t.same(
      of(
        ROM +
          DATA +
          root('overlayfs:/overlay', 'rw,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work'),
      ),
      { upper: '/overlay/upper', kept: [], rom: '/rom' },
    );
    t.same(
      of(
        ROM +
          DATA +
          root(
            'overlayfs:/overlay',
            'rw,lowerdir=/newroot,upperdir=/tmp/overlay/upper,workdir=/tmp/overlay/work',
          ),
      ),
      { upper: '/overlay/upper', kept: [], rom: '/rom' },
    );
    t.same(
      of(ROM + DATA + root('overlayfs:/overlay', 'rw,lowerdir=/,upperdir=/overlay', 'overlayfs')),
      { upper: '/overlay', kept: [], rom: '/rom' },
      'of the out-of-tree overlayfs',
    );
    t.same(
      of(
        ROM +
          DATA +
          root(
            'overlayfs:/tmp/root',
            'rw,lowerdir=/overlay/upper:/,upperdir=/tmp/root/upper,workdir=/tmp/root/work',
          ),
      ),
      { upper: '/tmp/root/upper', kept: ['/overlay/upper'], rom: '/rom' },
    );
  },
);

t.test('overlays of other programs are understood too', async (t) => {
  t.same(
    of(root('overlay', 'rw,lowerdir=/mnt/a\\134:b:/mnt/image,upperdir=/mnt/up,workdir=/mnt/work')),
    { upper: '/mnt/up', kept: ['/mnt/a:b'], rom: '/mnt/image' },
  );
  t.same(of(root('overlay', 'rw,lowerdir+=/mnt/a,lowerdir+=/mnt/image,upperdir=/mnt/up')), {
    upper: '/mnt/up',
    kept: ['/mnt/a'],
    rom: '/mnt/image',
  });
  t.same(
    of(root('overlay', 'rw,lowerdir=/,upperdir=/mnt/up')),
    { upper: '/mnt/up', kept: [], rom: null },
    'no path leads to the image',
  );
  t.equal(
    of(root('overlay', 'ro,lowerdir=/a:/b')),
    null,
    'one that cannot be written to changes nothing',
  );
  t.equal(of('30 1 8:1 / / rw - ext4 /dev/sda1 rw\n'), null);
  t.equal(of(''), null);
});
