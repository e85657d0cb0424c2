import t from 'tap';
import { bootParameters, memparse } from '../../../src/explain/boot-parameters.js';

t.test('the words of the command line are read as the kernel reads them', async (t) => {
  t.match(
    bootParameters(
      'root=/dev/a rw root=/dev/mtdblock2 ro rootfstype=ext4,,squashfs rootwait ' +
        'rootdelay=0x10 init="/bin/a b" -- -f "x y"',
    ),
    {
      root: '/dev/mtdblock2',
      fstypes: ['ext4', 'squashfs'],
      writable: false,
      access: 'ro',
      wait: true,
      delay: 16,
      init: '/bin/a b',
      initArgs: ['-f', 'x y'],
    },
  );
  t.match(bootParameters('rootwait=1 ro=x retain-initrd load_ramdisk=1'), {
    wait: false,
    access: null,
    retain: true,
    deprecated: ['load_ramdisk'],
  });
  t.equal(bootParameters(`root=${'x'.repeat(100)}`).root?.length, 63);
});

t.test(
  "initrd= needs an address and a size, with the kernel's suffixes; the last valid one " + 'counts',
  async (t) => {
    t.same(bootParameters('initrd=0x68000000,4M').initrd, { start: 0x6800_0000, size: 4 << 20 });
    t.same(bootParameters('initrd=1G,010 initrdmem=/boot/x').initrd, { start: 2 ** 30, size: 8 });
    t.match(bootParameters('initrd=/boot/initrd.img'), {
      initrd: null,
      strangeInitrd: '/boot/initrd.img',
    });
    t.same(memparse('17k,'), { value: 17 * 1024, rest: ',' });
  },
);
