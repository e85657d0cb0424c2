/** The initramfs of Debian and Fedora: names, and whether our part is in one. */
import t from 'tap';
import { isWhole, MAKERS, releaseOf } from '../../../src/distribution/initramfs-makers.js';

const [tools, dracut] = MAKERS as [(typeof MAKERS)[0], (typeof MAKERS)[0]];

t.test('an initramfs has the name of its kernel', async (t) => {
  const cases: [string, string | null][] = [
    ['initrd.img-6.12.117+deb13-armmp', '6.12.117+deb13-armmp'],
    ['initramfs-6.14.0-63.fc42.armv7hl.img', '6.14.0-63.fc42.armv7hl'],
    ['initramfs-0-rescue-0123456789abcdef.img', null],
    ['initrd.img-6.12.117.before-mountroot', null],
    ['initramfs-6.14.0-63.img.before-mountroot', null],
    ['initrd.img-6.12.117.new', null],
    ['initrd.img', null],
    ['vmlinuz-6.12.117', null],
    ['config-6.12.117', null],
  ];
  for (const [name, release] of cases) t.equal(releaseOf(name), release, name);
});

t.test('a list of initramfs-tools says whether our part is in it', async (t) => {
  const part = 'scripts/init-bottom/mountroot';
  t.ok(isWhole(tools, ['.', 'init', part, ''].join('\n')));
  t.notOk(isWhole(tools, ['.', 'init', `${part}.old`].join('\n')));
  t.notOk(isWhole(tools, ['.', part].join('\n')), 'without an init nothing starts');
  t.notOk(isWhole(tools, ''));
});

t.test('a list of dracut says whether our part is in it', async (t) => {
  const init =
    'lrwxrwxrwx   1 root     root           23 Jan  1  1970 init -> usr/lib/systemd/systemd';
  const hook = (folder: string): string =>
    `-rwxr-xr-x   1 root     root         1069 Jan  1  1970 ${folder}/pre-pivot/90-mountroot.sh`;
  t.ok(isWhole(dracut, [init, hook('usr/lib/dracut/hooks')].join('\n')));
  t.ok(isWhole(dracut, [init, hook('var/lib/dracut/hooks')].join('\n')));
  t.notOk(isWhole(dracut, [init, hook('root/hooks')].join('\n')));
  t.notOk(isWhole(dracut, hook('usr/lib/dracut/hooks')));
  t.notOk(
    isWhole(dracut, [init, `${init.slice(0, -4)} -> ${hook('lib/dracut/hooks')}`].join('\n')),
  );
});

t.test('dracut writes to a file beside the present one', async (t) => {
  t.equal(dracut.replaces, false, 'it would write over the file that the boot loader reads');
  t.same(dracut.argumentsFor('6.12', '/boot/initrd.img-6.12.new').slice(-2), [
    '/boot/initrd.img-6.12.new',
    '6.12',
  ]);
});
