/** An archive cut short anywhere, or with any byte changed. */
import t from 'tap';
import { archive, directory, member, symlink } from './archives.js';
import { read, type Read } from './kernel-reading.js';
import { METHODS, packed } from './streams.js';

/** An archive with every kind of content. */
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
    // The kernel does not notice any of this.
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
      // The kernel ignores the trailer of a gzip stream.
      if (
        (complaint === null && !(method === 'gzip' && length >= part.length - 8)) ||
        problems.length !== 1 ||
        problem!.offset > length
      )
        t.fail(`${method}, ${length} of ${part.length} bytes`, { complaint, problems });
    }
  }
});

function changed(bytes: Buffer, at: number, change: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= change;
  return copy;
}

t.test(
  'an archive with any byte changed ends in a result, which locates each refusal',
  async (t) => {
    const right = await read(SMALL);
    // A fault may show later, and never before the damaged member.
    const begins = [...SMALL.toString('latin1').matchAll(/07070[12]/g)].map(({ index }) => index);
    t.equal(begins.length, 6);
    /** True when a refusal after a change of byte `at` is explained, and its offset is possible. */
    const explained = ({ complaint, problems }: Read, at: number): boolean => {
      const problem = problems.find(({ kernelSays }) => kernelSays === complaint);
      return (
        problem !== undefined &&
        problem.offset <= SMALL.length &&
        problem.offset >= begins.findLast((begin) => begin <= at)! &&
        problem.means !== ''
      );
    };
    let told = 0;
    for (let at = 0; at < SMALL.length; at++)
      for (const change of [0x01, 0xa0]) {
        const got = await read(changed(SMALL, at, change));
        const { complaint, problems, parts } = got;
        if (complaint !== null) told++;
        if (complaint !== null && !explained(got, at))
          t.fail(`byte ${at} ^ ${change}`, { complaint, problems });
        if (parts.length > right.parts.length + 1) t.fail(`byte ${at} ^ ${change}`, { parts });
      }
    t.ok(told > 150, `${told} are refused`);
    for (const method of METHODS) {
      const part = await packed(method, SMALL);
      for (let at = 0; at < part.length; at++) {
        const { complaint, problems, names } = await read(changed(part, at, 0x41));
        if (complaint !== null && problems.every(({ kernelSays }) => kernelSays === null))
          t.fail(`${method}, byte ${at}`);
        if (complaint === null && problems.length === 0 && names.length === 0)
          t.fail(`${method}, byte ${at}: nothing, and not a word`);
      }
    }
  },
);
