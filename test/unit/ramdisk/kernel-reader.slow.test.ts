import t from 'tap';
import { archive, directory, member, symlink } from './archives.js';
import { read, zeros } from './kernel-reading.js';
import { METHODS, noise, packed } from './streams.js';

/** Longer than a decoder's window or a piece of input, and incompressible. */
const big = noise(320_000);

t.test(
  'consecutive archives of every method and of none are read, with zeros between them',
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
      // A multiple of 4 where it matters, otherwise any number of zeros: also none, and more than a
      // piece of input. Only zeros tell the kernel where lz4 ends.
      let gap = method === 'lz4' || index % 3 === 0 ? 512 : 0;
      if (index === 3) gap = 300_000;
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

t.test('the size of the pieces of input does not matter', async (t) => {
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

t.test('each uncompressed archive is one part, with the zeros after it', async (t) => {
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
