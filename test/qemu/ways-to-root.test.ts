/**
 * Each way in which Linux gets its root, on the board; and for each, that its console is explained
 * as what it did, and that the same was foretold from the command line and the ramdisk alone. The
 * ramdisks are made by our own tools, and hold a program that says what it finds and switches off
 * (native/probe.c).
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { MachineOptions } from '../../scripts/emulator/machine.js';
import type { BootFiles } from '../../scripts/emulator/command.js';
import { buildKernel } from '../../scripts/image/kernel.js';

import { kernelCommandLine } from '../../scripts/lib/board.js';
import {
  explain,
  type Explanation,
  type ExplanationSources,
} from '../../src/explain/explanation.js';
import type { KernelEnd } from '../../src/explain/explanation.js';
import { parseConsole } from '../../src/facts/kernel-log.js';
import { METHODS } from '../../src/ramdisk/method.js';
import { board, makeBench } from '../harness/board.js';
import { PROBE, filesSeen, filesUnpacked, workbench } from '../harness/ramdisks.js';

const NOTHING: ExplanationSources = {
  facts: null,
  commandLine: null,
  config: null,
  deviceTree: null,
  initrd: null,
  log: null,
  ours: null,
};
/** The facts of this board, gathered on it. */
const FACTS = fileURLToPath(new URL('../fixtures/console/facts.json', import.meta.url));
const IMAGE = 'root=/dev/mtdblock2 rootfstype=squashfs ro';

const bench = await makeBench();
t.teardown(() => bench.clear());
const kernel = await buildKernel(board);
const work = await workbench(t);

interface Way {
  words: string;
  /** The ramdisk, also where the emulator is not told of it. */
  ramdisk?: string;
  files?: Partial<BootFiles>;
  options?: MachineOptions;
  /** How it ends, by the console and by what is foretold. */
  end: KernelEnd | Record<string, unknown>;
  /** Answers of the story, by the decision's id. */
  told?: Record<string, RegExp>;
  /**
   * Where the facts cannot know, which is said: what is built into another kernel, and programs
   * that nobody has looked for, as those of an image.
   */
  unforeseen?: boolean;
}

const essence = (end: KernelEnd): string =>
  end.kind === 'runs'
    ? `runs ${end.program}`
    : end.kind === 'panics'
      ? `panics: ${end.message}`
      : end.kind;

/**
 * Boots one way until the board is off, and holds what is told of it against what was seen. Returns
 * the console.
 */
async function goes(
  t: Test,
  { words, ramdisk, files, options, end, told = {}, unforeseen = false }: Way,
): Promise<string> {
  const commandLine = `console=ttyAMA0 panic=-1 ${words}`.trimEnd();
  const machine = await bench.boot(
    { commandLine, ...options },
    files ?? (ramdisk === undefined ? {} : { ramdisk }),
  );
  await machine.ended;
  const { console } = machine;
  const was = explain({ ...NOTHING, log: parseConsole(console).at(-1)! });
  t.match(was.end, end, 'the console is explained');
  t.same(was.contradictions, []);
  for (const [id, answer] of Object.entries(told)) t.match(answerOf(was, id), answer, id);
  if (!unforeseen) {
    const asked = work.agent(
      'explain',
      '--json',
      '--facts',
      FACTS,
      '--cmdline',
      kernelCommandLine({ ...board, commandLine }),
      ...(ramdisk === undefined ? [] : ['--initrd', ramdisk]),
    );
    const would = JSON.parse(asked.stdout) as Explanation;
    t.equal(essence(would.end), essence(was.end), 'it was foretold');
    for (const [id, answer] of Object.entries(told))
      t.match(answerOf(would, id), answer, `${id}, foretold`);
  }
  return console;
}

const answerOf = ({ decisions }: Explanation, id: string): string =>
  decisions.find((each) => each.id === id)?.answer ?? 'no such decision';

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
      told: { 'built-in': /a cpio of its own, with \/init/, initrd: /^no/ },
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

t.test('the kernel unpacks each compression to the same files as we do', async (t) => {
  const tree = work.tree('a', {
    init: PROBE,
    dev: null,
    'etc/empty': '',
    'etc/a name with spaces': 'x',
    'etc/größe': 'y',
    '.hidden/.file': 'z',
    noise: Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 31) >> 7)),
  });
  const table = work.file(
    'table',
    Buffer.from(
      '/dev/zero c 600 0 0 1 5 - - -\n/dev/loop b 660 0 6 7 0 - - -\n/pipe p 644 1 2 - - - ' +
        '- -\n/etc/empty f 4755 1000 100 - - - - -\n',
    ),
  );
  for (const method of [...METHODS, 'none']) {
    const ramdisk = work.pack(`${method}.img`, tree, '--compress', method, '--table', table);
    const console = await goes(t, {
      words: IMAGE,
      ramdisk,
      end: { kind: 'runs', program: '/init' },
    });
    same(t, filesSeen(console), filesUnpacked(work, ramdisk).files, method);
  }
});

/** What the kernel has besides: its own built-in cpio, and what the probe mounts. */
const KERNELS_OWN = ['/dev', '/dev/console', '/root', '/proc'];

function same(
  t: Test,
  seen: Map<string, string>,
  unpacked: Map<string, string>,
  what: string,
): void {
  t.ok(unpacked.size > 2, what);
  const kernels = [...seen].filter(([name]) => unpacked.has(name) || !KERNELS_OWN.includes(name));
  t.same(Object.fromEntries(kernels), Object.fromEntries(unpacked), what);
}

t.test('concatenated archives are one tree, and the later file counts', async (t) => {
  const parts = [
    work.pack(
      '8.img',
      work.tree('tree8', {
        init: PROBE,
        'etc/a': 'first',
        'etc/b': 'first',
        will: 'be a directory',
      }),
      '--compress',
      'none',
    ),
    work.pack(
      '9.img',
      work.tree('tree9', { 'etc/b': 'second, longer', 'will/be': 'x' }),
      '--compress',
      'zstd',
    ),
    work.pack('10.img', work.tree('tree10', { 'etc/c': 'third' }), '--compress', 'xz'),
    work.pack('11.img', work.tree('tree11', { 'etc/a': '4' }), '--compress', 'gzip'),
  ].map((file) => readFileSync(file));
  const ramdisk = work.file(
    'all.img',
    Buffer.concat([
      parts[0]!,
      Buffer.alloc(512),
      parts[1]!,
      Buffer.alloc((4 - (parts[1]!.length % 4)) % 4),
      parts[2]!,
      Buffer.alloc(1024),
      parts[3]!,
    ]),
  );
  const console = await goes(t, {
    words: IMAGE,
    ramdisk,
    end: { kind: 'runs', program: '/init' },
  });
  const { files, status } = filesUnpacked(work, ramdisk);
  t.equal(status, 0);
  same(t, filesSeen(console), files, 'all');
  t.match(files.get('/etc/a'), /size=1 /);
});

t.test(
  'the kernel and we unpack the same files of a damaged ramdisk, with the same complaint',
  async (t) => {
    const good = readFileSync(
      work.pack(
        'good.img',
        work.tree('good', { init: PROBE, 'etc/last': 'x' }),
        '--compress',
        'none',
      ),
    );
    const packed = readFileSync(
      work.pack(
        'more.img',
        work.tree('more', {
          'usr/a': 'x'.repeat(50_000),
          'usr/b': Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at * 31) >> 7)),
        }),
        '--compress',
        'none',
      ),
    );
    // Damaged where it is stored, not deflated: what one changed byte of a deflated stream does
    // hangs on the codes around it, and with them on the directory times in the archive.
    const deflated = gzipSync(packed);
    const flipped = gzipSync(packed, { level: 0 });
    flipped[flipped.length - 3000]! ^= 0xff;
    // What it says, and the file in whose middle it stopped: the kernel leaves that at its full
    // length, with zeros for what is missing.
    const broken: [string, Buffer, string | null, string | null][] = [
      ['one that is cut short', deflated.subarray(0, deflated.length / 2), 'read error', '/usr/b'],
      ['one that is damaged', flipped, null, null],
      [
        'something else',
        Buffer.from('no archive at all'.repeat(20)),
        'invalid magic at start of compressed archive',
        null,
      ],
    ];
    for (const [what, bytes, complaint, cut] of broken) {
      const ramdisk = work.file(`${what}.img`, Buffer.concat([good, bytes]));
      const console = await goes(t, {
        words: IMAGE,
        ramdisk,
        end: { kind: 'runs', program: '/init' },
      });
      t.equal(
        /rootfs image is not initramfs \((.*)\); looks like an initrd/.exec(console)?.[1] ?? null,
        complaint,
        `the kernel, ${what}`,
      );
      const { files, status, stderr } = filesUnpacked(work, ramdisk);
      t.ok(
        stderr.includes(
          complaint === null ? 'the kernel lets it pass' : `the kernel says "${complaint}"`,
        ),
        `${what}: ${stderr}`,
      );
      t.equal(status, 4, what);
      const seen = filesSeen(console);
      // It keeps the whole of what may be an image, to look at it later.
      t.equal(seen.delete('/initrd.image'), complaint !== null, what);
      if (cut !== null)
        t.ok(seen.delete(cut) && files.delete(cut), `${cut} is there, and not whole`);
      same(t, seen, files, what);
    }
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
