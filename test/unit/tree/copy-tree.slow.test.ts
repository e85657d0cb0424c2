/**
 * On the real kernel, as root in a mount namespace of its own: from tmpfs to ext4 and to another
 * tmpfs.
 */
import t from 'tap';
import { asRootAlone } from '../native/program.js';

interface Outcome {
  files: number;
  bytes: number;
  removed: number;
  refused: string[];
}

const { json: got } = await asRootAlone(t, 'test/fixtures/tree-copy-inside.ts');
const part = <T = Record<string, unknown>>(name: string): T => got[name] as T;
const NOTHING: Outcome = { files: 0, bytes: 0, removed: 0, refused: [] };

t.test(
  'a copy has every kind of file with name, content, owner, mode, time, links and ' +
    "attributes, and none of overlay's notes on one mount",
  async (t) => {
    // Three names of one file are brought over, and its bytes once; the leftover of a power cut is
    // not counted as removed.
    t.same(part('fidelity'), {
      unlike: [],
      result: { files: 10, bytes: 7, removed: 1, refused: [] },
      steps: 10,
      last: { files: 10, bytes: 7 },
      origin: false,
    });
  },
);

t.test(
  'a further pass brings over nothing where nothing changed, what changed though size and ' +
    'time did not, and every kind in the place of every other',
  async (t) => {
    t.same(part('passes'), {
      unchanged: NOTHING,
      changed: { files: 3, bytes: 7, removed: 0, refused: [] },
      unlike: [],
    });
  },
);

t.test(
  'names that the copy links otherwise than the original are put right, though everything ' +
    'else about them is the same',
  async (t) => {
    t.same(part('regrouped'), { a: true, b: true, apart: true });
  },
);

t.test(
  'where one name of a file cannot be copied its other names are, and do not get what ' +
    'stood there before',
  async (t) => {
    const { result, a, b } = part<{ result: Outcome; a: string; b: string }>('halfLinked');
    t.same([a, b, result.files, result.refused.length], ['old', 'new', 1, 1]);
    t.match(result.refused[0], /^\/a: .*EIO/);
  },
);

t.test('what cannot be removed or copied is listed, and all the rest is done', async (t) => {
  const { result, names, ours, left } = part<{
    result: Outcome;
    names: string[];
    ours: Outcome;
    left: string[];
  }>('going');
  t.same(names, ['one', 'stays', 'three']);
  t.same([result.files, result.removed, result.refused.length], [2, 0, 2]);
  t.match(result.refused, [/stays: .*EPERM/, /two: .*EIO/]);
  t.same(left, [], 'a leftover of ours goes even where the original has that name');
  t.match(ours.refused, [/mountroot uses this name itself/]);
});

t.test(
  'a file that vanishes meanwhile is no error, leaves nothing half made, and its other ' +
    'names are copied',
  async (t) => {
    t.same(part('vanishing'), {
      result: { files: 3, bytes: 13, removed: 0, refused: [] },
      names: ['first', 'its other name', 'last'],
    });
  },
);

t.test(
  'names that are no UTF-8 are copied and cleared byte by byte, with what links name',
  async (t) => {
    t.same(part('foreignNames'), {
      result: { files: 4, bytes: 11, removed: 0, refused: [] },
      unlike: [],
      names: ['caf\xe9.txt', 'link', 'other\xe9', '\xff'],
      left: [],
    });
  },
);

t.test(
  'on a file system without extended attributes a file comes without them, and each is ' +
    'told; one that is nothing without is refused',
  async (t) => {
    const { content, hollow, refused, lost } = part<{
      content: string;
      hollow: boolean;
      refused: Outcome;
      lost: string[];
    }>('lacking');
    t.same([content, hollow, refused.files], ['precious', false, 1]);
    t.match(refused.refused, [/^\/hollow: .*EOPNOTSUPP/]);
    t.match(lost, [/file has lost its attribute user\.note: .*EOPNOTSUPP/]);
  },
);

t.test(
  'what is mounted in the original is not copied, and what is mounted in the copy is ' +
    'neither filled nor emptied',
  async (t) => {
    const { result, precious, copied, original } = part<{
      result: Outcome;
      precious: string[];
      copied: boolean;
      original: boolean;
    }>('mounts');
    t.same(precious, Array(4).fill('precious'));
    t.same([copied, original], [true, false]);
    t.match(result.refused, [
      /deep: .*EXDEV/,
      /not in original: .*something is mounted there/,
      /in copy: .*something is mounted there/,
      /in original: .*something is mounted there/,
      /was directory: .*something is mounted there/,
    ]);
    t.equal(result.refused.length, 5);
  },
);

t.test(
  'no symlink is followed, in the original, in the copy or as either of the two',
  async (t) => {
    t.same(part('symlinks'), {
      unlike: [],
      outside: [['link', 'precious'], 'precious'],
      top: 'ENOTDIR',
      copy: 'ENOTDIR',
    });
  },
);

t.test(
  'an overlay with redirects and copied-up metadata shows the same over the copy',
  async (t) => {
    t.same(part('shown'), {
      attributes: ['metacopy', 'opaque', 'redirect'],
      refused: [],
      differs: [],
      data: 'data in the image',
    });
  },
);

t.test(
  'a call that fails, alone or with all after it, is told of, leaves each file old or new ' +
    'and nothing half made; done again, all is there',
  async (t) => {
    t.same(part('cuts'), { wrong: [], many: true });
  },
);

t.test(
  '200 passes over trees that go on changing, half of them with a call that fails, end in ' +
    'equal trees',
  async (t) => {
    t.same(part('chance'), { rounds: 200, wrong: [] });
  },
);

t.test(
  'many files and deep directories are copied; what is too deep to have a path is listed',
  async (t) => {
    t.same(part('large'), { files: true, same: 0, refused: [true] });
  },
);
