/** The kernel and our own reader unpack the same files of every kind of ramdisk. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { METHODS } from '../../src/ramdisk/method.js';
import { PROBE, filesSeen, filesUnpacked } from '../harness/ramdisks.js';
import { IMAGE, waysToRoot } from '../harness/ways.js';

const { work, goes } = await waysToRoot(t);

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

/** Other files in the root: those of the kernel's own built-in cpio, and the probe's mounts. */
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
    // The damage is in a stored part, not in a deflated one. One changed byte of a deflated stream
    // has effects that depend on the codes around it, and so on the directory times in the archive.
    const deflated = gzipSync(packed);
    const flipped = gzipSync(packed, { level: 0 });
    flipped[flipped.length - 3000]! ^= 0xff;
    // Compares the message, and the file in which unpacking stopped. The kernel leaves that file at
    // its full length, with zeros for the missing bytes.
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
      // The kernel keeps everything that may be an image, to examine it later.
      t.equal(seen.delete('/initrd.image'), complaint !== null, what);
      if (cut !== null)
        t.ok(seen.delete(cut) && files.delete(cut), `${cut} is there, and not whole`);
      same(t, seen, files, what);
    }
  },
);
