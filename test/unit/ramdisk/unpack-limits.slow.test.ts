/** Archives that are too large for their target. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { Unpacker } from '../../../src/ramdisk/unpack.js';
import { mountroot } from './agent.js';
import { archive, directory, member, symlink } from './archives.js';
import { packed, through } from './streams.js';
import { root, scratch } from './trees.js';
import { MIB, Place, evil, unpacked } from './unpacking.js';

t.test('a false size is refused before anything is written', async (t) => {
  for (const [what, bytes, says] of [
    [
      'a file of 4 GiB',
      member('x', { data: 'y', size: 0xffff_ffff }),
      /^x alone has 4294967295 bytes, and 0 of at most \d+ are unpacked; raise --limit/,
    ],
    [
      'a second that is too large',
      Buffer.concat([evil('a'), member('x', { data: 'y', size: 64 * MIB })]),
      /^x alone has 67108864 bytes, and 4 of at most 67108864 are/,
    ],
  ] as const) {
    const { place, error, files } = await unpacked(bytes);
    t.match(error, { name: 'UnpackError', message: says }, what);
    t.notOk(files.includes('x'), what);
    t.same(place.harmed(), [], what);
  }
  for (const [what, bytes] of [
    [
      'a name of 4 GiB',
      Buffer.concat([evil('a'), member('x', { nameSize: 0xffff_ffff }), evil('b')]),
    ],
    [
      'a symlink of 4 GiB',
      Buffer.concat([evil('a'), symlink('x', 'y', { size: 0xffff_ffff }), evil('b')]),
    ],
    [
      'a directory of 4 GiB',
      Buffer.concat([evil('a'), directory('x', { size: 0xffff_fff0 }), evil('b')]),
    ],
  ] as const) {
    const { place, error, files, problems } = await unpacked(bytes);
    t.equal(error, null, what);
    t.same(files, ['a'], what);
    t.match(problems, [{ means: /without a word/ }, { means: /in the middle of a member/ }], what);
    t.same(place.harmed(), [], what);
  }
});

t.test('a decompression bomb stops at the limit', async (t) => {
  const ten = Array.from({ length: 10 }, (_, index) =>
    member(`z${index}`, { data: Buffer.alloc(MIB) }),
  );
  const { place, error, files } = await unpacked(await packed('gzip', archive(...ten)), {
    limit: 5 * MIB + 10,
  });
  t.match(error, {
    name: 'UnpackError',
    message: /^z5 alone has 1048576 bytes, and 5242880 of at most 5242890/,
  });
  t.same(files, ['z0', 'z1', 'z2', 'z3', 'z4']);
  t.same(place.harmed(), []);
});

t.test('an endless number of members stops at a limit', async (t) => {
  let thousands = 0;
  async function* endless(): AsyncGenerator<Buffer, void> {
    const many = Buffer.concat(Array<Buffer>(1000).fill(directory('d')));
    for (; ; thousands++) yield many;
  }
  const place = new Place();
  const unpacker = new Unpacker(place.target, { limit: MIB, privileged: false, makeNode: null });
  await t.rejects(readRamdisk(ByteSource.from(endless()), unpacker), {
    name: 'UnpackError',
    message: /^it has more than 500000 members/,
  });
  unpacker.end();
  t.equal(thousands, 500);
  t.same(readdirSync(place.target), ['d']);
});

t.test(
  'a full disk ends it with one sentence',
  { skip: root ? false : 'needs root to mount a small tmpfs' },
  async (t) => {
    const [file, mounted] = [join(scratch(), 'ramdisk'), scratch()];
    const fill = (inodes: string): { status: number | null; stderr: string } =>
      mountroot(['ramdisk', 'unpack', file, join(mounted, 'in'), '--limit', '1G'], {
        before: [
          'unshare',
          '-m',
          'sh',
          '-c',
          'mount -t tmpfs -o "size=1m,nr_inodes=$1" none "$2" && shift 2 && "$@"',
          'sh',
          inodes,
          mounted,
        ],
      });
    writeFileSync(file, archive(evil('a'), member('large', { data: Buffer.alloc(3 * MIB, 1) })));
    const full = fill('100');
    t.equal(full.status, 1);
    t.match(
      full.stderr,
      /^mountroot: cannot unpack all of \S+ to \S+: \/large could not be written: ENOSPC: no space left on device, write; make room, or choose another place\n$/,
    );
    writeFileSync(file, archive(...Array.from({ length: 30 }, (_, index) => evil(`f${index}`))));
    const many = fill('10');
    t.equal(many.status, 1);
    t.match(
      many.stderr,
      /^mountroot: cannot unpack all of \S+ to \S+: f\d could not be written: ENOSPC: no space left on device, open; make room[^\n]*\n$/,
    );
    writeFileSync(file, archive(member('large', { data: Buffer.alloc(3 * MIB, 1) })));
    const limit = mountroot(['ramdisk', 'unpack', file, join(mounted, 'in')], {
      before: [
        'unshare',
        '-m',
        'sh',
        '-c',
        'mount -t tmpfs -o size=1m none "$1" && shift && "$@"',
        'sh',
        mounted,
      ],
    });
    t.match(
      limit.stderr,
      /^mountroot: cannot unpack all of [^\n]*: large alone has 3145728 bytes, and 0 of at most 9\d+ are unpacked; raise --limit[^\n]*\n$/,
      'where no limit is given, what is free is one',
    );
  },
);

t.test('a file of 300 MB is packed, listed and unpacked in little memory', async (t) => {
  const [top, out] = [scratch(), scratch()];
  writeFileSync(join(top, 'sparse'), 'begin');
  truncateSync(join(top, 'sparse'), 300 * MIB);
  const peak = (words: string[]): number => {
    const time = join(out, 'time');
    const { status, stderr } = mountroot(words, {
      node: ['--max-old-space-size=32'],
      before: ['/usr/bin/time', '-f', '%M', '-o', time],
    });
    t.equal(status, 0, stderr);
    return Number(readFileSync(time, 'utf8')) / 1024;
  };
  const ramdisk = join(out, 'ramdisk');
  for (const [what, words] of [
    ['packing', ['ramdisk', 'pack', top, '-o', ramdisk, '--time', '0']],
    ['listing', ['ramdisk', 'list', ramdisk]],
    ['unpacking', ['ramdisk', 'unpack', ramdisk, join(out, 'there')]],
  ] as const) {
    const used = peak([...words]);
    t.ok(used < 150, `${what} takes ${Math.round(used)} MiB`);
  }
  t.ok(statSync(ramdisk).size < MIB);
  t.same(statSync(join(out, 'there/sparse')).size, 300 * MIB);
  t.equal(spawnSync('cmp', [join(top, 'sparse'), join(out, 'there/sparse')]).status, 0);
  through('rm', [join(out, 'there/sparse')], Buffer.alloc(0));
});
