import fc from 'fast-check';
import t from 'tap';
import type { Method } from '../../../src/ramdisk/method.js';
import type { Part } from '../../../src/ramdisk/kernel-reader.js';
import { problemData } from '../../../src/ramdisk/ramdisk-problem.js';
import { Lister, type Listed } from '../../../src/ramdisk/list.js';
import { TYPES, type Member } from '../../../src/ramdisk/member.js';
import { packCpio } from '../../../src/ramdisk/pack.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { membersInOrder } from '../../../src/ramdisk/source-tree.js';
import { archive, directory, end, member, symlink } from './archives.js';
import { bundled } from './bundled.js';
import { METHODS, collected, inChunks, noise, packed } from './streams.js';

const { readRamdisk } = await bundled<typeof import('../../../src/ramdisk/kernel-reader.js')>(
  'src/ramdisk/kernel-reader.ts',
);

/** Keeps the data too. */
class Keeper extends Lister {
  readonly listed: Listed[] = [];
  readonly contents: Buffer[] = [];
  constructor() {
    super((member) => void this.listed.push(member));
  }
  trailers = 0;
  #pieces: Buffer[] = [];
  override data(bytes?: Buffer): void {
    this.#pieces.push(Buffer.from(bytes!));
  }
  override complete(): void {
    this.contents.push(Buffer.concat(this.#pieces));
    this.#pieces = [];
  }
  override trailer(): void {
    this.trailers++;
  }
}

interface Read {
  complaint: string | null;
  members: Listed[];
  names: string[];
  contents: Buffer[];
  trailers: number;
  parts: Part[];
  problems: ReturnType<typeof problemData>[];
}

async function read(
  bytes: Buffer,
  {
    chunk = 100_000,
    configured = () => true,
  }: { chunk?: number; configured?: (method: Method) => boolean } = {},
): Promise<Read> {
  const keeper = new Keeper();
  const [parts, problems]: [Part[], Read['problems']] = [[], []];
  const complaint = await readRamdisk(ByteSource.from(inChunks(bytes, chunk)), keeper, {
    configured,
    onPart: (part) => parts.push(part),
    onProblem: (problem) => problems.push(problemData(problem)),
  });
  return {
    complaint,
    members: keeper.listed,
    names: keeper.listed.map(({ name }) => name),
    contents: keeper.contents,
    trailers: keeper.trailers,
    parts,
    problems,
  };
}

const zeros = (length: number): Buffer => Buffer.alloc(length);
/** More than a decoder's window or a piece of input, and nothing that compresses. */
const big = noise(320_000);

t.test(
  'archives of every method and of none are read one behind the other, with zeros between them',
  async (t) => {
    const order = ['none', ...METHODS, 'none', ...[...METHODS].reverse()] as const;
    const contents = order.map((_, index) => Buffer.concat([Buffer.from(`${index} `), big]));
    const stretches: Buffer[] = [];
    const offsets: number[] = [];
    for (const [index, method] of order.entries()) {
      const bytes = archive(
        directory(`d${index}`),
        member(`d${index}/file`, { data: contents[index]! }),
      );
      const whole = method === 'none' ? bytes : await packed(method, bytes);
      offsets.push(stretches.reduce((sum, { length }) => sum + length, 0));
      // A multiple of 4 as far as it matters, and otherwise any number of zeros: also none, and
      // more than a piece of input. Only zeros tell the kernel where lz4 ends.
      const gap = index === 3 ? 300_000 : method === 'lz4' || index % 3 === 0 ? 512 : 0;
      stretches.push(
        whole,
        zeros(
          gap + (order[index + 1] === 'none' ? -(offsets.at(-1)! + whole.length + gap) & 3 : 0),
        ),
      );
    }
    const bytes = Buffer.concat([...stretches, zeros(4096)]);
    for (const chunk of [100_000, 4099]) {
      const {
        complaint,
        names,
        contents: got,
        parts,
        problems,
        trailers,
      } = await read(bytes, { chunk });
      t.same([complaint, problems, trailers], [null, [], order.length]);
      t.same(
        names,
        order.flatMap((_, index) => [`d${index}`, `d${index}/file`]),
      );
      got.forEach((one, index) =>
        t.ok(one.equals(contents[index]!), `${order[index]}: the contents`),
      );
      t.equal(got.length, contents.length);
      t.same(
        parts.map(({ method, offset, members }) => [method, offset, members]),
        order.map((method, index) => [method, offsets[index], 2]),
      );
    }
  },
);

t.test('it does not matter in which pieces the bytes come', async (t) => {
  const bytes = Buffer.concat([
    archive(directory('d'), symlink('l', 'target'), member('a', { data: 'x'.repeat(9) })),
    zeros(8),
    await packed('gzip', archive(member('b', { data: noise(500) }))),
    zeros(3),
  ]);
  const whole = await read(bytes);
  t.same(whole.names, ['d', 'l', 'a', 'b']);
  for (const chunk of [1, 2, 3, 7, 110, 111, 113, 512])
    t.same(await read(bytes, { chunk }), whole, `${chunk}`);
});

t.test(
  'several archives in one compressed part are read, and hard links end with each',
  async (t) => {
    const inside = Buffer.concat([
      archive(member('a', { data: '1' })),
      zeros(512),
      archive(member('b', { data: '2' })),
      zeros(1024),
    ]);
    const { complaint, names, trailers, parts } = await read(await packed('gzip', inside));
    t.same([complaint, names, trailers], [null, ['a', 'b'], 2]);
    t.match(parts, [{ method: 'gzip', members: 2, unpacked: inside.length }]);
  },
);

t.test('archives in the open are a part each, with the zeros behind them', async (t) => {
  const [one, two] = [archive(member('a', { data: '1' }), member('b')), archive(member('c'))];
  const { complaint, names, parts } = await read(Buffer.concat([one, zeros(512), two, one]));
  t.same([complaint, names], [null, ['a', 'b', 'c', 'a', 'b']]);
  t.match(parts, [
    { offset: 0, bytes: one.length + 512, members: 2 },
    { offset: one.length + 512, bytes: two.length, members: 1 },
    { offset: one.length + two.length + 512, members: 2 },
  ]);
  t.equal(parts.length, 3);
});

const [A, B] = [member('a', { data: 'one' }), member('b', { data: 'two' })];

t.test(
  'what the kernel refuses is refused in its words, with the offset, and what came before stays',
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

t.test('what the kernel passes over in silence is told', async (t) => {
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

t.test('numbers are read as the kernel reads them, and names end at their first NUL', async (t) => {
  const sloppy = member('a\0b', { uid: 0x1f });
  sloppy.write('0x00001f', 6 + 8 * 3);
  sloppy.write('7fg00000', 6 + 8 * 2);
  t.match((await read(archive(sloppy))).members, [{ name: 'a', gid: 0x1f, uid: 0x7f }]);
  t.match((await read(archive(symlink('l', 'to\0nowhere')))).members, [
    { name: 'l', target: 'to' },
  ]);
  t.same((await read(archive(member('TRAILER!!!x', { data: 'y' })))).names, ['TRAILER!!!x']);
  t.equal(
    (
      await read(
        archive(member('s', { magic: '070702', data: '\x01\xff', sum: 0x01 + 0xc3 + 0xbf })),
      )
    ).complaint,
    null,
    'a right sum',
  );
});

/** Everything in it that an archive has. */
const SMALL = archive(
  directory('d'),
  member('d/a', { magic: '070702', data: 'ab', sum: 195 }),
  symlink('l', 'd/a'),
  member('d/b', { links: 2, data: 'xyz' }),
  member('p', { mode: 0o010600 }),
);

t.test('an archive that is cut short anywhere ends in a result that says so', async (t) => {
  for (let length = 0; length < SMALL.length; length++) {
    const { complaint, problems, names } = await read(SMALL.subarray(0, length));
    const [problem] = problems;
    // Of all this the kernel notices nothing.
    if (
      complaint !== null ||
      problems.length !== 1 ||
      problem!.offset !== length ||
      !/ends in the middle|ends without its trailer|no archive/.test(problem!.means) ||
      !'d,d/a,l,d/b,p'.startsWith(names.join())
    )
      t.fail(`${length} bytes`, { complaint, problems, names });
  }
  t.same((await read(SMALL)).problems, []);
  for (const method of METHODS) {
    const part = await packed(method, SMALL);
    for (let length = 1; length < part.length; length++) {
      const { complaint, problems } = await read(part.subarray(0, length));
      const [problem] = problems;
      // What closes a gzip stream the kernel does not look at.
      if (
        (complaint === null && !(method === 'gzip' && length >= part.length - 8)) ||
        problems.length !== 1 ||
        problem!.offset > length
      )
        t.fail(`${method}, ${length} of ${part.length} bytes`, { complaint, problems });
    }
  }
});

t.test(
  'an archive with any byte changed ends in a result, and where it is another one it says where',
  async (t) => {
    const right = await read(SMALL);
    // A fault may come to light later, and never before the member that is damaged.
    const begins = [...SMALL.toString('latin1').matchAll(/07070[12]/g)].map(({ index }) => index);
    t.equal(begins.length, 6);
    let told = 0;
    for (let at = 0; at < SMALL.length; at++)
      for (const change of [0x01, 0xa0]) {
        const changed = Buffer.from(SMALL);
        changed[at]! ^= change;
        const { complaint, problems, parts } = await read(changed);
        if (complaint !== null) {
          told++;
          const [problem] = problems.filter(({ kernelSays }) => kernelSays === complaint);
          if (
            problem === undefined ||
            problem.offset > changed.length ||
            problem.offset < begins.findLast((begin) => begin <= at)! ||
            problem.means === ''
          )
            t.fail(`byte ${at} ^ ${change}`, { complaint, problems });
        }
        if (parts.length > right.parts.length + 1) t.fail(`byte ${at} ^ ${change}`, { parts });
      }
    t.ok(told > 150, `${told} are refused`);
    for (const method of METHODS) {
      const part = await packed(method, SMALL);
      for (let at = 0; at < part.length; at++) {
        const changed = Buffer.from(part);
        changed[at]! ^= 0x41;
        const { complaint, problems, names } = await read(changed);
        if (complaint !== null && problems.every(({ kernelSays }) => kernelSays === null))
          t.fail(`${method}, byte ${at}`);
        if (complaint === null && problems.length === 0 && names.length === 0)
          t.fail(`${method}, byte ${at}: nothing, and not a word`);
      }
    }
  },
);

const name = fc
  .stringMatching(/^[a-z.\-_ äÿ€\\]{1,12}$/)
  .filter((text) => text !== '.' && text !== '..');
const number = fc.oneof(fc.nat(), fc.constantFrom(0, 0xffff_fffe));
const shape = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 4 }),
  kind: fc.constantFrom<Member['kind']>(
    'directory',
    'file',
    'symlink',
    'character',
    'block',
    'fifo',
    'socket',
  ),
  mode: fc.nat(0o7777),
  uid: number,
  gid: number,
  mtime: number,
  target: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }),
  major: fc.nat(4095),
  minor: fc.nat(0xf_ffff),
});

/**
 * Members as a tree has them: each below a directory, and some of them further names of one before.
 */
function tree(
  shapes: (typeof shape extends fc.Arbitrary<infer S> ? S : never)[],
  links: number[],
): Member[] {
  const members = new Map<string, Member>();
  for (const { path, kind, target, major, minor, ...rest } of shapes) {
    const parent = path.slice(0, -1).reduce<string>((above, part) => {
      const at = above === '' ? part : `${above}/${part}`;
      if (members.has(at)) return members.get(at)!.kind === 'directory' ? at : above;
      members.set(at, { name: at, kind: 'directory', size: 0, ...rest });
      return at;
    }, '');
    const at = parent === '' ? path.at(-1)! : `${parent}/${path.at(-1)!}`;
    if (members.has(at)) continue;
    members.set(at, {
      name: at,
      kind,
      size: 0,
      ...rest,
      ...(kind === 'symlink' && { target }),
      ...((kind === 'character' || kind === 'block') && { major, minor }),
    });
  }
  const ordered = membersInOrder(members);
  for (const [index, to] of links.entries()) {
    const of = ordered[to % ordered.length];
    if (of !== undefined && of.kind !== 'directory' && of.same === undefined)
      ordered.push({ ...of, name: `zz link ${index}`, same: of.name });
  }
  return ordered;
}

t.test('whatever members are packed, those are listed', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(shape, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      fc.constantFrom(null, 'gzip' as const, 'zstd' as const),
      fc.integer({ min: 1, max: 2000 }),
      async (shapes, links, method, chunk) => {
        const members = tree(shapes, links);
        const bytes = await collected(packCpio(members));
        const {
          complaint,
          problems,
          members: listed,
          trailers,
        } = await read(method === null ? bytes : await packed(method, bytes), { chunk });
        if (complaint !== null || problems.length > 0 || trailers !== 1)
          throw new Error(JSON.stringify({ complaint, problems, trailers }));
        const names = (first: string): number =>
          members.filter(({ name, same }) => name === first || same === first).length;
        const expected = members.map(
          ({ name, kind, uid, gid, mtime, target, major, minor, same }) => ({
            name,
            kind,
            uid,
            gid,
            mtime,
            links: kind === 'directory' ? 2 : names(same ?? name),
            size: 0,
            ...(target !== undefined && { target }),
            ...(major !== undefined && { node: `${major}:${minor}` }),
          }),
        );
        if (
          JSON.stringify(listed.map(({ permissions, ...rest }) => sorted(rest))) !==
          JSON.stringify(expected.map(sorted))
        )
          throw new Error(`${JSON.stringify(listed)} is not ${JSON.stringify(expected)}`);
        listed.forEach(({ permissions }, index) => {
          if (permissions !== asLs(TYPES[members[index]!.kind] | members[index]!.mode))
            throw new Error(permissions);
        });
      },
    ),
    { numRuns: 60, seed: 1 },
  );
  t.pass();
});

const sorted = (one: object): [string, unknown][] =>
  Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));

/** A mode as ls shows it, letter by letter. */
function asLs(mode: number): string {
  const letter = { 0o14: 's', 0o12: 'l', 0o10: '-', 6: 'b', 4: 'd', 2: 'c', 1: 'p' }[mode >> 12]!;
  const triple = (bits: number, special: boolean, mark: string): string =>
    `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${special ? (bits & 1 ? mark : mark.toUpperCase()) : bits & 1 ? 'x' : '-'}`;
  return (
    letter +
    triple(mode >> 6, (mode & 0o4000) !== 0, 's') +
    triple(mode >> 3, (mode & 0o2000) !== 0, 's') +
    triple(mode, (mode & 0o1000) !== 0, 't')
  );
}
