import t from 'tap';
import { archive, directory, end, member, symlink } from './archives.js';
import { read, zeros } from './kernel-reading.js';
import { noise, packed } from './streams.js';

const [A, B] = [member('a', { data: 'one' }), member('b', { data: 'two' })];

t.test(
  'members that the kernel refuses are refused in its words, with the offset, and ' +
    'earlier ones stay',
  async (t) => {
    const gz = (bytes: Buffer): Promise<Buffer> => packed('gzip', bytes);
    const odd = Buffer.concat([archive(A), zeros(2)]);
    const zipped = await gz(archive(A));
    const wholeGzip = Buffer.concat([zipped, zeros(-zipped.length & 3)]);
    const cut = (await packed('xz', archive(A, member('noise', { data: noise(5000) })))).subarray(
      0,
      3000,
    );
    const unsupported = await packed('bzip2', archive(B));
    const cases: [
      what: string,
      bytes: Buffer,
      says: string,
      offset: number,
      inside: number | null,
      names: string[],
      means: RegExp,
    ][] = [
      [
        'an old portable archive',
        Buffer.concat([A, Buffer.from('070707'), zeros(200)]),
        'incorrect cpio method used: use -H newc option',
        A.length,
        null,
        ['a'],
        /old portable kind/,
      ],
      [
        'a header that is none',
        Buffer.concat([A, Buffer.from('0'.repeat(200))]),
        'no cpio magic',
        A.length,
        null,
        ['a'],
        /where a member should begin/,
      ],
      [
        'a header that is none, behind 30 zeros',
        Buffer.concat([archive(A), zeros(32), Buffer.from('0'.repeat(200))]),
        'no cpio magic',
        archive(A).length + 32,
        null,
        ['a'],
        /./,
      ],
      [
        'an archive at no multiple of 4 bytes',
        Buffer.concat([odd, archive(B)]),
        'broken padding',
        odd.length,
        null,
        ['a'],
        /does not begin at a multiple of 4/,
      ],
      [
        'the same behind a compressed one',
        Buffer.concat([wholeGzip, zeros(2), archive(B)]),
        'invalid magic at start of compressed archive',
        wholeGzip.length + 2,
        null,
        ['a'],
        /put zeros before it/,
      ],
      [
        'a name without its NUL',
        Buffer.concat([A, member('bcd', { nameSize: 3 })]),
        'malformed archive',
        A.length,
        null,
        ['a'],
        /does not end with a NUL/,
      ],
      [
        'a symlink without its NUL',
        Buffer.concat([A, symlink('bcd', 'x', { nameSize: 3 })]),
        'malformed archive',
        A.length,
        null,
        ['a'],
        /does not end with a NUL/,
      ],
      [
        'a wrong sum',
        Buffer.concat([A, member('b', { magic: '070702', data: '\x01\x02', sum: 4 }), end()]),
        'bad data checksum',
        A.length,
        null,
        ['a', 'b'],
        /do not add up/,
      ],
      [
        'no archive',
        Buffer.from('hello'),
        'invalid magic at start of compressed archive',
        0,
        null,
        [],
        /no compression that the kernel knows/,
      ],
      [
        'junk behind an archive',
        Buffer.concat([archive(A), Buffer.from('junk')]),
        'invalid magic at start of compressed archive',
        archive(A).length,
        null,
        ['a'],
        /no cpio archive/,
      ],
      [
        'junk in a compressed part',
        await gz(Buffer.concat([archive(A), zeros(4), Buffer.from('junk')])),
        'junk within compressed archive',
        0,
        archive(A).length + 4,
        ['a'],
        /something that is no archive/,
      ],
      [
        'no cpio in a compressed part',
        Buffer.concat([archive(B), await gz(Buffer.concat([A, Buffer.from('0'.repeat(200))]))]),
        'no cpio magic',
        archive(B).length,
        A.length,
        ['b', 'a'],
        /./,
      ],
      [
        'padding in a compressed part',
        await gz(Buffer.concat([archive(A), zeros(1), archive(B)])),
        'broken padding',
        0,
        archive(A).length + 1,
        ['a'],
        /./,
      ],
      [
        'a member cut short in a compressed part',
        await gz(Buffer.concat([A, B.subarray(0, 50)])),
        'junk at the end of compressed archive',
        0,
        A.length + 50,
        ['a'],
        /ends in the middle/,
      ],
      [
        'an empty compressed part',
        await gz(Buffer.alloc(0)),
        'junk at the end of compressed archive',
        0,
        0,
        [],
        /./,
      ],
      [
        'a compressed part cut short',
        Buffer.concat([archive(B), cut]),
        'XZ-compressed data is corrupt',
        archive(B).length + cut.length,
        null,
        ['b', 'a', 'noise'],
        /damaged or cut short/,
      ],
      [
        'a method that is not built in',
        Buffer.concat([archive(A), unsupported]),
        'compression method bzip2 not configured',
        archive(A).length,
        null,
        ['a'],
        /CONFIG_RD_|built without that method/,
      ],
    ];
    for (const [what, bytes, says, offset, inside, names, means] of cases) {
      const result = await read(bytes, { configured: (method) => method !== 'bzip2' });
      t.same([result.complaint, result.names], [says, names], what);
      t.equal(result.problems.length, 1, what);
      t.match(result.problems[0], { kernelSays: says, offset, inside, means }, what);
    }
  },
);

t.test('data that the kernel skips silently are reported', async (t) => {
  const cases: [what: string, bytes: Buffer, offset: number, names: string[], means: RegExp][] = [
    [
      'a name of no bytes',
      archive(A, member('', { nameSize: 0 }).subarray(0, 112), B),
      A.length,
      ['a', 'b'],
      /leaves a member out without a word, for it has no name/,
    ],
    [
      'a name that is too long',
      archive(A, member('n'.repeat(4096)), B),
      A.length,
      ['a', 'b'],
      /its name has 4097 bytes, more than 4096/,
    ],
    [
      'a target that is too long',
      archive(A, symlink('l', 't'.repeat(4097)), B),
      A.length,
      ['a', 'b'],
      /its target has 4097 bytes/,
    ],
    [
      'a directory with data',
      archive(A, directory('d', { data: 'five!' }), B),
      A.length,
      ['a', 'b'],
      /it has 5 bytes of data, and is no file/,
    ],
    ['no trailer', Buffer.concat([A, B]), A.length + B.length, ['a', 'b'], /without its trailer/],
    [
      'the middle of a file',
      Buffer.concat([A, B]).subarray(0, -2),
      A.length + B.length - 2,
      ['a', 'b'],
      /in the middle of a member/,
    ],
    ['nothing', Buffer.alloc(0), 0, [], /no byte at all/],
    ['zeros', zeros(300_000), 300_000, [], /nothing except zeros/],
  ];
  for (const [what, bytes, offset, names, means] of cases) {
    const result = await read(bytes);
    t.same([result.complaint, result.names], [null, names], what);
    t.equal(result.problems.length, 1, what);
    t.match(result.problems[0], { kernelSays: null, offset, means }, what);
  }
  const many = await read(
    archive(...Array.from({ length: 1000 }, () => directory('d', { data: 'x' }))),
  );
  t.equal(many.problems.length, 20, 'but not a thousand times');
  const inside = await read(await packed('gzip', archive(A, directory('d', { data: 'five!' }))));
  t.match(inside.problems, [{ offset: 0, inside: A.length }]);
});
