import t from 'tap';
import { asRootAlone } from './program.js';

const { json: got } = await asRootAlone(t, 'test/unit/native/ordinary.ts');

t.test('an archive makes the same layer where C reads what is ordinary in it', async (t) => {
  t.equal(got['random'], 'same');
  t.ok((got['ordinary'] as number) > 1000);
});

t.test('what is just ordinary, and just not, makes the same layer too', async (t) => {
  t.same(got['borders'], []);
});

t.test('malicious archives are refused with the same words', async (t) => {
  t.same(got['hostile'], []);
});

t.test('C reads no more than it may', async (t) => {
  t.same(got['limits'], { all: 3, members: 2, bytes: 1, names: 2, headers: 0, exactly: 3 });
});

t.test('C knows of the entries that TypeScript has, and TypeScript of those of C', async (t) => {
  t.match(got['notes'], {
    isAlone: true,
    before: 0,
    read: { members: 2, files: 1, symlinks: 1, directories: 0, taken: 1024, needsMore: false },
    found: [
      { kind: 'file', path: 'd/f', mode: 0, target: '', mtime: '0' },
      { kind: 'symlink', path: 'l', mode: 0o777, target: 'to', mtime: '1700000000000000000' },
      { mtime: 'null' },
      { mtime: 'null' },
    ],
  });
});
