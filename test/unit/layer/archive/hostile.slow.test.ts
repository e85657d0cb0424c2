/** Malicious archives, beside a tree that must not change. On a board, root reads them. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import type { TreeDoor } from '../../../../src/system/tree-door.js';
import { checkArchive, prepare } from '../../../../src/layer/archive/import-archive.js';
import { reader } from '../../../../src/system/files.js';
import { HOSTILE } from './hostile-archives.js';
import { place, refused, system } from './hostile.js';
import { directory, rewrite, symlink, tar, type Member } from './tars.js';

for (const [name, archive, says] of HOSTILE)
  t.test(`${name} is refused before any change, and in the import too`, async (t) => {
    t.match(await refused(place(t, Buffer.isBuffer(archive) ? archive : tar(...archive))), says);
  });

t.test(
  'attributes of directories, which are held until their content exists, are limited',
  async (t) => {
    const attributes = Array.from({ length: 16 }, (_, at): [string, Buffer] => [
      `SCHILY.xattr.user.${at}`,
      Buffer.alloc(60_000),
    ]);
    const many = (type: string): Buffer =>
      gzipSync(
        tar(
          ...Array.from({ length: 20 }, (_, at): Member => ({
            name: `d${at}`,
            type,
            pax: attributes,
          })),
        ),
      );
    t.match(
      await refused(place(t, many('5'))),
      /has more attributes of directories than any board's settings \(16 MiB\)/,
    );
    t.match(
      (await checkArchive(reader, place(t, many('6')).job)).counts,
      { nodes: 20 },
      'those of all else are not held',
    );
  },
);

t.test('device nodes are for root', async (t) => {
  const device = tar({ name: 'sda', type: '4', node: [8, 0] });
  t.match(await refused(place(t, device, { privileged: false })), /only root can make/);
  const { job } = place(t, device);
  t.match((await checkArchive(reader, job)).counts, { nodes: 1 });
});

t.test('harmless oddities are accepted', async (t) => {
  const { folder, job } = place(
    t,
    tar(
      directory('./'),
      directory('./etc//'),
      directory('etc'),
      { name: 'etc/./a', content: 'x' },
      symlink('abs', '/etc/passwd'),
      { name: 'b', type: '1', link: './etc/a' },
      { name: 'c', type: '\0' },
      { name: 'old', type: '3' },
      { name: 'p', type: '6' },
    ),
  );
  const checked = await checkArchive(reader, job);
  t.match(
    checked.counts,
    { directories: 2, files: 2, symlinks: 1, links: 1, whiteouts: 1, nodes: 1, bytes: 1 },
    'a node 0:0 is a whiteout',
  );
  t.same(await prepare(system, job, checked, join(folder, 'next')), []);
  t.equal(readFileSync(join(folder, 'next', 'b'), 'utf8'), 'x');
  t.equal(readlinkSync(join(folder, 'next', 'abs')), '/etc/passwd');
});

t.test(
  'an archive that changes between the check and its use is detected, and nothing of it stays',
  async (t) => {
    const { folder, job } = place(t, tar({ name: 'a', content: 'one' }));
    const checked = await checkArchive(reader, job);
    writeFileSync(job.file, tar({ name: 'a', content: 'two' }));
    await t.rejects(
      prepare(system, job, checked, join(folder, 'next')),
      /changed between being checked and being read/,
    );
    t.notOk(existsSync(join(folder, 'next')));
  },
);

t.test('a full volume leaves nothing of the new layer', async (t) => {
  const { folder, job } = place(t, tar({ name: 'a' }, { name: 'b' }));
  const checked = await checkArchive(reader, job);
  const build: TreeDoor['build'] = (top, all) =>
    all.map((each) =>
      each.path === 'b' ? { errno: 'ENOSPC', lost: 0 } : system.tree.build(top, [each])[0]!,
    );
  const full = {
    ...system,
    tree: { ...system.tree, build },
    setMode: (path: string, mode: number) =>
      path.endsWith('b') ? fails() : system.setMode(path, mode),
  };
  const fails = (): never => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  await t.rejects(prepare(full, job, checked, join(folder, 'next')), /ENOSPC/);
  t.notOk(existsSync(join(folder, 'next')));
});

const GOOD = tar(
  directory('./'),
  directory('etc', {
    pax: [
      ['SCHILY.xattr.user.note', 'x'],
      ['mtime', '1.5'],
    ],
  }),
  { name: 'etc/a', content: 'x'.repeat(700) },
  { name: 'etc/b', type: '1', link: 'etc/a' },
  { name: '.wh.gone' },
  { name: 'etc/.wh..wh..opq' },
  symlink('s', 'etc'),
);

t.test('an archive cut short anywhere is refused', async (t) => {
  const { job } = place(t, GOOD);
  for (let length = 0; length < GOOD.length; length += 64) {
    writeFileSync(job.file, GOOD.subarray(0, length));
    await t.rejects(checkArchive(reader, job), { name: 'ArchiveError' }, `${length} bytes`);
  }
  const packed = gzipSync(GOOD);
  for (let length = 0; length < packed.length; length += 3) {
    writeFileSync(job.file, packed.subarray(0, length));
    await t.rejects(
      checkArchive(reader, job),
      { name: 'ArchiveError' },
      `${length} bytes of the compressed one`,
    );
  }
});

t.test(
  'an archive with bytes changed anywhere is read or refused, never a crash, and the ' +
    'canary survives',
  async (t) => {
    const at = place(t, GOOD);
    copyFileSync(at.job.file, `${at.job.file}.good`);
    const before = at.canary().join('\n');
    mkdirSync(join(at.folder, 'made'));
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(GOOD.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (changes, repair) => {
          const bytes = Buffer.from(GOOD);
          for (const [where, byte] of changes) bytes[where] = byte;
          // Correct checksums let the data reach the rest of the reader.
          if (repair)
            for (let block = 0; block < bytes.length; block += 512)
              if (bytes.toString('latin1', block + 257, block + 262) === 'ustar')
                rewrite(bytes.subarray(block, block + 512), () => {});
          writeFileSync(at.job.file, bytes);
          try {
            const found = await checkArchive(reader, at.job);
            await prepare(system, at.job, found, join(at.folder, 'made', String(count++)));
          } catch (error) {
            if ((error as Error).name !== 'ArchiveError' && (error as Error).name !== 'SystemError')
              throw error;
          }
        },
      ),
      { numRuns: 200 },
    );
    t.equal(at.canary().join('\n'), before);
  },
);
