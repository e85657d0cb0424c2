/**
 * Boots the board in each way in which Linux gets its root. The explanation of its console must
 * match the boot, and the prediction from the command line and the ramdisk alone must match too.
 * Our own tools make the ramdisks. Their init is a program that reports what it finds and switches
 * off (native/probe.c).
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Explanation } from '../../src/explain/explanation.js';
import { PROBE, filesSeen } from '../harness/ramdisks.js';
import { IMAGE, answerOf, waysToRoot } from '../harness/ways.js';

const { bench, kernel, work, goes } = await waysToRoot(t);

t.test('a cpio-initrd that the device tree names runs its /init', async (t) => {
  const ramdisk = work.pack('1.img', work.tree('tree1', { init: PROBE }));
  const console = await goes(t, {
    words: IMAGE,
    ramdisk,
    end: { kind: 'runs', program: '/init' },
    told: { initrd: /^yes/, 'initrd-kind': /^yes/, 'early-init': /^yes/ },
  });
  t.match(console, /probe: program \/init process 1/);
  t.match(console, /^probe: mount (?:rootfs|none) \/ rootfs/m);
});

t.test('a cpio-initrd that initrd= on the command line names is the same', async (t) => {
  const ramdisk = work.pack('2.img', work.tree('tree2', { init: PROBE, 'etc/mine': 'x' }));
  const address = 0x6a000000;
  const console = await goes(t, {
    words: `${IMAGE} initrd=0x${address.toString(16)},${statSync(ramdisk).size}`,
    ramdisk,
    files: {},
    options: { loaded: { file: ramdisk, address } },
    end: { kind: 'runs', program: '/init' },
    told: { initrd: /^yes/ },
  });
  t.ok(filesSeen(console).has('/etc/mine'));
});

t.test('by ATAGs, with the device tree glued to the kernel, it is the same', async (t) => {
  const ramdisk = work.pack('3.img', work.tree('tree3', { init: PROBE }));
  const glued = work.file(
    'zImage',
    Buffer.concat([readFileSync(bench.files.zImage), readFileSync(bench.files.deviceTree!)]),
  );
  await goes(t, {
    words: IMAGE,
    ramdisk,
    files: { zImage: glued, deviceTree: null, ramdisk },
    end: { kind: 'runs', program: '/init' },
    told: { initrd: /^yes/ },
  });
});

t.test(
  "a built-in cpio runs its /init, and the boot loader's ramdisk is unpacked over it",
  async (t) => {
    const zImage = join(kernel, 'zImage-initramfs');
    const alone = await goes(t, {
      words: IMAGE,
      files: { zImage },
      end: { kind: 'runs', program: '/init' },
      // The console does not show from which of the two the program came.
      told: { 'early-init': /^yes/ },
      unforeseen: true,
    });
    t.ok(filesSeen(alone).has('/built-in'));
    const ramdisk = work.pack(
      '4.img',
      work.tree('tree4', { 'built-in': 'another text', added: 'x' }),
    );
    const both = filesSeen(
      await goes(t, {
        words: IMAGE,
        ramdisk,
        files: { zImage, ramdisk },
        end: { kind: 'runs', program: '/init' },
        told: { initrd: /^yes/ },
        unforeseen: true,
      }),
    );
    t.ok(both.has('/added'));
    t.match(both.get('/built-in'), /size=12 /);
  },
);

t.test('rdinit= chooses the program of the cpio; if it is missing, root= is mounted', async (t) => {
  const ramdisk = work.pack(
    '5.img',
    work.tree('tree5', { 'sbin/first': PROBE, init: 'no program' }),
  );
  const console = await goes(t, {
    words: `rdinit=/sbin/first`,
    ramdisk,
    end: { kind: 'runs', program: '/sbin/first' },
    told: { 'early-init': /^yes/ },
  });
  t.match(console, /probe: program \/sbin\/first process 1/);
  await goes(t, {
    words: 'rdinit=/nosuch root=/dev/nosuch',
    ramdisk,
    end: { kind: 'panics', message: /^VFS: Unable to mount root fs on/ },
    told: { 'early-init': /^no/ },
  });
});

t.test('an image-initrd becomes /dev/ram0, which root=/dev/ram0 mounts', async (t) => {
  const tree = work.tree('root', { dev: null, proc: null, 'sbin/init': PROBE, 'etc/mine': 'x' });
  for (const compression of ['gzip', 'none']) {
    const ramdisk = work.pack(
      `${compression}.img`,
      tree,
      '--format',
      'ext2',
      '--compress',
      compression,
    );
    const console = await goes(t, {
      words: 'root=/dev/ram0 rw',
      ramdisk,
      end: { kind: 'runs', program: '/sbin/init', root: /^ext[24] on/ },
      told: { 'initrd-kind': /^no/, image: /^yes/, mount: /^yes: ext[24]/ },
    });
    t.match(console, /^probe: mount \/dev\/root \/ ext[24] rw/m);
    t.ok(filesSeen(console).has('/etc/mine'), compression);
  }
});

t.test('the kernel tries its list of inits, but a missing init= is the end', async (t) => {
  const ramdisk = work.pack(
    '6.img',
    work.tree('tree6', {
      dev: null,
      proc: null,
      'sbin/init/a-directory': 'x',
      'etc/init': 'no program',
      'bin/sh': PROBE,
    }),
    '--format',
    'ext2',
  );
  const console = await goes(t, {
    words: 'root=/dev/ram0 rw',
    ramdisk,
    unforeseen: true,
    end: { kind: 'runs', program: '/bin/sh' },
    told: { 'process-1': /^\/bin\/sh/ },
  });
  t.match(console, /probe: program \/bin\/sh process 1/);
  await goes(t, {
    words: 'root=/dev/ram0 rw init=/sbin/nosuch',
    ramdisk,
    unforeseen: true,
    end: { kind: 'panics', message: 'Requested init /sbin/nosuch failed (error -2).' },
  });
});

t.test(
  'an image-initrd runs /linuxrc first, not as process 1, and then mounts root=',
  async (t) => {
    const ramdisk = work.pack(
      '7.img',
      work.tree('tree7', { dev: null, proc: null, linuxrc: PROBE }),
      '--format',
      'ext2',
    );
    const machine = await bench.bootToInit(
      {
        commandLine:
          'console=ttyAMA0 panic=-1 root=/dev/mtdblock2 rootfstype=ext2,squashfs ro ' +
          'init=/etc/preinit',
      },
      undefined,
      { ramdisk },
    );
    t.match(machine.console, /probe: program linuxrc process (?!1\b)\d+/);
    const told = JSON.parse((await machine.run('mountroot explain --json')).output) as Explanation;
    t.match(told.end, { kind: 'runs', program: '/etc/preinit', root: /squashfs/ });
    t.match(answerOf(told, 'linuxrc'), /^yes/);
    t.match(told.ours?.rung?.rung, 'persistent');
    t.same(told.contradictions, []);
    await machine.powerOff();
  },
);

t.test('an unusable ramdisk leads to root=, or to a panic that is explained', async (t) => {
  const ramdisk = work.file('nothing.img', Buffer.from('this is no ramdisk\n'.repeat(300)));
  await goes(t, {
    words: `${IMAGE} init=/etc/nothing`,
    ramdisk,
    unforeseen: true,
    end: { kind: 'panics', message: 'Requested init /etc/nothing failed (error -2).' },
    told: { 'early-init': /^no/, mount: /^yes: squashfs/ },
  });
  t.equal(work.agent('ramdisk', 'list', ramdisk).status, 4);
  await goes(t, {
    words: '',
    ramdisk,
    end: { kind: 'panics', message: /^VFS: Unable to mount root fs on unknown-block/ },
  });
});

t.test(
  'a missing root panics, and the explanation lists the partitions and what to do',
  async (t) => {
    const console = await goes(t, {
      words: 'root=/dev/mtdblock9 rootfstype=squashfs',
      end: { kind: 'panics', message: /^VFS: Unable to mount root fs on/ },
    });
    const { status, stdout } = work.agent(
      'explain',
      '--console',
      work.file('serial.log', Buffer.from(console)),
    );
    t.equal(status, 4);
    t.match(stdout, /Probable cause: .*mtdblock9/s);
    t.match(stdout, /rootfs_data/);
  },
);

t.test('on the board, explain tells the whole way from the kernel to our steps', async (t) => {
  const machine = await bench.bootToInit();
  const told = JSON.parse(await machine.output('mountroot explain --json')) as Explanation;
  t.match(told.end, {
    kind: 'runs',
    program: '/etc/preinit',
    root: /squashfs on \/dev\/mtdblock2/,
  });
  t.match(answerOf(told, 'initrd'), /^no/);
  t.match(answerOf(told, 'root-now'), /^an overlay, its changes on jffs2/);
  t.equal(told.ours?.rung?.rung, 'persistent');
  t.same(told.contradictions, []);
  t.match(
    await machine.output('mountroot ramdisk locate'),
    /^Nothing tells the kernel of an initrd\./,
  );
  await machine.powerOff();
});
