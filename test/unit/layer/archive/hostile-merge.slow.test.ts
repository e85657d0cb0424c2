/** Malicious archives that are merged into an existing layer. */
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { checkArchive, prepare } from '../../../../src/layer/archive/import-archive.js';
import { reader } from '../../../../src/system/files.js';
import { place, refused, system, tree } from './hostile.js';
import { directory, symlink, tar, type Member } from './tars.js';

t.test(
  'in a merge, an archive has no path through a symlink or a file of the old layer',
  async (t) => {
    t.match(
      await refused(place(t, tar({ name: 'out/etc/passwd' }), { merge: true })),
      /directory is not in it before|below out/,
    );
    t.match(
      await refused(place(t, tar({ name: 'out/x' }), { merge: true })),
      /below out, which is a symlink/,
    );
    t.match(
      await refused(place(t, tar({ name: 'etc/mine/x' }), { merge: true })),
      /below etc\/mine, which is a file/,
    );
    t.match(
      await refused(
        place(t, tar({ name: 'a', type: '1', link: 'out/etc/passwd' }), { merge: true }),
      ),
      /which is no file in the archive/,
    );
  },
);

/**
 * The result of merging an archive into a layer that has a symlink out, or the refusal; the canary
 * must survive.
 */
async function laidOver(
  t: Test,
  archive: Buffer,
  before: (upper: string) => void,
): Promise<{ said: string; next: string }> {
  const at = place(t, archive, { merge: true });
  before(join(at.folder, 'upper'));
  const canary = at.canary().join('\n');
  const next = join(at.folder, 'next');
  const said = await checkArchive(reader, at.job)
    .then((checked) => prepare(system, at.job, checked, next))
    .then(
      (warnings) => warnings.join(),
      (error: Error) =>
        error.name === 'ArchiveError' ? error.message.replace(at.folder, '') : `${error.stack}`,
    );
  if (at.canary().join('\n') !== canary) t.fail('the canary is dead');
  return { said, next };
}

t.test(
  "a directory of the old layer on an entry's path cannot become a symlink later",
  async (t) => {
    const way = tar(directory('d/ssh'), symlink('d', '../canary'), {
      name: 'd/ssh/conf',
      content: 'theirs',
    });
    const { said } = await laidOver(t, way, (upper) => mkdirSync(join(upper, 'd')));
    t.match(said, /contradicts itself: d is a symlink in it, and has entries below it before/);
    for (const kind of [{ name: 'd' }, { name: '.wh.d' }, { name: 'd', type: '6' }] as Member[])
      t.match(
        (await laidOver(t, tar({ name: 'd/x' }, kind), (upper) => mkdirSync(join(upper, 'd'))))
          .said,
        /d is a \w+ in it, and has entries below it before/,
      );
    t.match(
      (
        await laidOver(t, tar({ name: 'd/.wh..wh..opq' }, symlink('d', '/')), (upper) =>
          mkdirSync(join(upper, 'd')),
        )
      ).said,
      /d is a symlink in it/,
    );
  },
);

t.test(
  'an opaque directory below a former symlink of the old layer empties nothing outside',
  async (t) => {
    const { said, next } = await laidOver(
      t,
      tar(directory('a'), directory('a/etc'), { name: 'a/etc/.wh..wh..opq' }),
      (upper) => symlinkSync('../canary', join(upper, 'a')),
    );
    t.equal(said, '');
    t.same(readdirSync(join(next, 'a', 'etc')), []);
  },
);

t.test("targets of the old layer's symlinks are not taken for its directories", async (t) => {
  const { said } = await laidOver(t, tar(directory('a'), { name: 'a/etc/passwd' }), (upper) =>
    symlinkSync('../canary', join(upper, 'a')),
  );
  t.match(said, /directory is not in it before/);
});

t.test('an archive that hides a directory of the old layer has no entries in it', async (t) => {
  const old = (upper: string): void => void mkdirSync(join(upper, 'a', 'b'), { recursive: true });
  for (const members of [
    [directory('a'), { name: 'a/b/c' }, { name: 'a/.wh..wh..opq' }],
    [directory('a'), { name: 'a/.wh..wh..opq' }, { name: 'a/b/c' }],
  ])
    t.match(
      (await laidOver(t, tar(...members), old)).said,
      /contradicts itself: it hides what is below a, and has entries in a\/b/,
    );
  t.equal(
    (
      await laidOver(
        t,
        tar(directory('a'), { name: 'a/.wh..wh..opq' }, directory('a/b'), { name: 'a/b/c' }),
        old,
      )
    ).said,
    '',
  );
});

/** A directory or a symlink of a layer, with its parents, if nothing is in the way. */
function grow(top: string, path: string, target: string | null): void {
  const parts = path.split('/');
  for (const [at] of parts.entries()) {
    const place = join(top, ...parts.slice(0, at + 1));
    const there = lstatSync(place, { throwIfNoEntry: false });
    if (there !== undefined && !there.isDirectory()) return;
    if (there === undefined && at === parts.length - 1 && target !== null)
      symlinkSync(target, place);
    else if (there === undefined) mkdirSync(place);
  }
}

t.test('for any layer and any merged archive, nothing outside is changed', async (t) => {
  const name = fc.constantFrom(
    'a',
    'b',
    'etc',
    'a/a',
    'a/b',
    'a/etc',
    'b/a',
    'b/etc',
    'a/a/b',
    'a/b/etc',
    'b/etc/a',
    'a/etc/passwd',
    'b/etc/passwd',
  );
  const target = fc.constantFrom('../canary', '../../canary', '../canary/etc', 'a', 'b/etc', '..');
  const member = fc.oneof(
    name.map((path): Member => directory(path)),
    name.map((path): Member => directory(path)),
    fc.tuple(name, target).map(([path, says]): Member => symlink(path, says)),
    name.map((path): Member => ({ name: path, content: 'theirs' })),
    name.map((path): Member => ({ name: `${path}/.wh..wh..opq` })),
    name.map((path): Member => ({ name: path.replace(/[^/]+$/, '.wh.$&') })),
    fc.tuple(name, name).map(([path, link]): Member => ({ name: path, type: '1', link })),
  );
  const old = fc.array(fc.tuple(name, fc.oneof(fc.constant(null), target)), { maxLength: 6 });
  const at = place(t, Buffer.alloc(0), { merge: true });
  const outside = tree(join(at.folder, 'canary')).join('\n');
  let [count, made] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      old,
      fc.array(member, { minLength: 1, maxLength: 8 }),
      async (layer, members) => {
        const here = join(at.folder, String(count++));
        const job = { ...at.job, upper: join(here, 'upper') };
        mkdirSync(job.upper, { recursive: true });
        symlinkSync('../canary', join(here, 'canary'));
        for (const [path, says] of layer) grow(job.upper, path, says);
        writeFileSync(job.file, tar(...members));
        try {
          await prepare(system, job, await checkArchive(reader, job), join(here, 'next'));
          made++;
        } catch (error) {
          if ((error as Error).name !== 'ArchiveError') throw error;
          if (existsSync(join(here, 'next')))
            throw new Error('something was left of it', { cause: error });
        }
        if (tree(join(at.folder, 'canary')).join('\n') !== outside)
          throw new Error('the canary is dead');
      },
    ),
    { numRuns: 1000 },
  );
  t.ok(made > 20, `${made} of ${count} were made`);
});
