/**
 * On the real kernel, as root in its own mount namespace: from tmpfs to ext4 and to another tmpfs.
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
const SCRATCH = '.mountroot-scratch-0';
const NOTHING: Outcome = { files: 0, bytes: 0, removed: 0, refused: [] };

t.test(
  'a copy has all file types with name, content, owner, mode, time, links and ' +
    "attributes, and none of overlay's notes on one mount",
  async (t) => {
    // Three names of one file are copied, and its bytes once.
    t.same(part('fidelity'), {
      unlike: [],
      result: { files: 10, bytes: 7, removed: 2, refused: [] },
      steps: 9,
      last: { files: 10, bytes: 7 },
      origin: false,
    });
  },
);

t.test(
  'a second pass copies only changes, also those with equal size and time, and replaces ' +
    'any file type by any other',
  async (t) => {
    t.same(part('passes'), {
      unchanged: NOTHING,
      changed: { files: 3, bytes: 7, removed: 0, refused: [] },
      unlike: [],
    });
  },
);

t.test(
  'hard links that differ from the original are corrected, even if all else is equal',
  async (t) => {
    t.same(part('regrouped'), { a: true, b: true, apart: true });
  },
);

t.test(
  'if one name of a file cannot be copied its other names are, and none keeps the old content',
  async (t) => {
    const { result, a, b } = part<{ result: Outcome; a: string; b: string }>('halfLinked');
    t.same([a, b, result.files, result.refused.length], ['old', 'new', 1, 1]);
    t.match(result.refused[0], /^\/a: .*EIO/);
  },
);

t.test('files that cannot be removed or copied are listed, and the rest is done', async (t) => {
  const { result, names, ours, left } = part<{
    result: Outcome;
    names: string[];
    ours: Outcome;
    left: string[];
  }>('going');
  t.same(names, ['one', 'stays', 'three']);
  t.same([result.files, result.removed, result.refused.length], [2, 0, 2]);
  t.match(result.refused, [/stays: .*EPERM/, /two: .*EIO/]);
  t.same(left, [SCRATCH], 'a file may have the name of our scratch directory');
  t.same(ours, { files: 1, bytes: 16, removed: 1, refused: [] });
});

t.test(
  'a file that vanishes is no error and leaves no partial copy, and its other names are copied',
  async (t) => {
    t.same(part('vanishing'), {
      result: { files: 4, bytes: 17, removed: 0, refused: [] },
      names: ['first', 'half', 'its other name', 'last'],
    });
  },
);

t.test(
  'names that are not UTF-8 are copied and removed byte by byte, as are link targets',
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
  'without extended attributes a file is copied without them, with a report; a file ' +
    'that depends on them is refused',
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
  'mounts in the original are not copied, and mounts in the copy are neither filled nor emptied',
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
      /deep: .*something is mounted there/,
      /not in original: .*something is mounted there/,
      /was directory: .*something is mounted there/,
      /in copy: .*something is mounted there/,
      /in original: .*something is mounted there/,
    ]);
    t.equal(result.refused.length, 5);
  },
);

t.test('no symlink is followed, in the original, in the copy or as either root', async (t) => {
  t.same(part('symlinks'), {
    unlike: [],
    outside: [['link', 'precious'], 'precious'],
    top: 'ENOTDIR',
    copy: 'ENOTDIR',
  });
});

t.test(
  'an overlay with redirects and copied-up metadata looks the same over the copy',
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
  'a failed call, alone or with all later ones, is reported and leaves each file old or ' +
    'new; a repeat completes the copy',
  async (t) => {
    t.same(part('cuts'), { wrong: [], many: true });
  },
);

t.test(
  '200 passes over changing trees, half of them with a failed call, end in equal trees',
  async (t) => {
    t.same(part('chance'), { rounds: 200, wrong: [] });
  },
);

t.test(
  'many files and deep directories are copied and cleared, also deeper than any path can name',
  async (t) => {
    t.same(part('large'), { files: true, same: 0, refused: [], deep: true, cleared: true });
  },
);

t.test('the walk in C leaves and makes the same as that of the model kernel', async (t) => {
  t.same(part('alike'), { wrong: [], many: true });
});

t.test(
  'where times have seconds only, nothing is copied twice, and files that changed places are ' +
    'told apart',
  async (t) => {
    t.same(part('coarse'), {
      unchanged: NOTHING,
      swapped: { files: 2, bytes: 2, removed: 0, refused: [] },
      a: 'b',
      b: 'a',
    });
  },
);

t.test('a full file system ends the copy at once, and the error names the file', async (t) => {
  const { errno, message, names } = part<Record<string, string>>('full');
  t.same([errno, names], ['ENOSPC', ['a']]);
  t.match(message, /cannot copy \/b: ENOSPC/);
});

t.test('many files are counted several times on the way', async (t) => {
  const bytes = Array.from({ length: 3000 }, (_, index) => `${index}`).join('').length;
  const last = { files: 3000, bytes };
  t.same(part('manySteps'), { grows: true, several: true, last, unlike: [] });
});
