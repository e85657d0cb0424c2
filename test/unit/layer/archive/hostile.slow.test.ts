/**
 * Archives that mean harm, beside a tree that must not change. They are read by root on a board.
 */
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  lutimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import {
  checkArchive,
  prepare,
  type Layering,
} from '../../../../src/layer/archive/import-archive.js';
import { reader, writer } from '../../../../src/system/files.js';
import type { System } from '../../../../src/system/port.js';
import { END, block, directory, entry, symlink, tar, type Member } from './tars.js';

/** As much of the kernel as an ordinary user has without native parts. */
const system = {
  ...reader,
  ...writer,
  setOwner: () => {},
  makeNode: (path: string) => writeFileSync(path, '', { flag: 'wx' }),
  setModified: (path: string, time: bigint) =>
    lutimesSync(path, Number(time / 1_000_000_000n), Number(time / 1_000_000_000n)),
  attributes: () => new Map<string, Buffer>(),
  setAttribute: () => {},
  syncfs: () => {},
} as unknown as System;

interface Place {
  folder: string;
  job: Layering;
  /** All that is outside, to compare. */
  canary: () => string[];
}

function tree(top: string): string[] {
  return readdirSync(top, { withFileTypes: true }).flatMap((each) => {
    const path = join(top, each.name);
    const stat = lstatSync(path);
    const says = each.isFile()
      ? readFileSync(path, 'latin1')
      : each.isSymbolicLink()
        ? readlinkSync(path)
        : '';
    return [
      `${path} ${stat.mode} ${stat.mtimeMs} ${says}`,
      ...(each.isDirectory() ? tree(path) : []),
    ];
  });
}

/** A volume with an upper layer that has a symlink out of it, and a canary beside. */
function place(t: Test, archive: Buffer, more: Partial<Layering> = {}): Place {
  const folder = t.testdir({
    canary: { etc: { passwd: 'root' }, empty: {} },
    upper: { etc: { mine: 'mine' } },
    'archive.tar': '',
  });
  symlinkSync(join(folder, 'canary'), join(folder, 'upper', 'out'));
  writeFileSync(join(folder, 'archive.tar'), archive);
  return {
    folder,
    job: {
      file: join(folder, 'archive.tar'),
      upper: join(folder, 'upper'),
      merge: false,
      bytes: 1 << 20,
      privileged: true,
      ...more,
    },
    canary: () => [...tree(join(folder, 'canary')), ...tree(join(folder, 'upper'))],
  };
}

async function refused({ folder, job, canary }: Place): Promise<string> {
  const before = canary().join('\n');
  const said = await checkArchive(reader, job).then(
    () => '',
    (error: Error) =>
      error.name === 'ArchiveError' ? error.message.replace(folder, '') : `${error.stack}`,
  );
  // And if the check had let it pass, making it would not have.
  const made = await prepare(
    system,
    job,
    { counts: {} as never, warnings: [], hidden: new Set(), digest: 'none' },
    join(folder, 'next'),
  ).then(
    () => 'it was made',
    (error: Error) => error.message.replace(folder, ''),
  );
  if (made !== said) return `the second check says otherwise: ${made}`;
  if (made === 'it was made' || existsSync(join(folder, 'next'))) return 'something was left of it';
  return canary().join('\n') === before ? said : 'the canary is dead';
}

const HOSTILE: [string, Member[] | Buffer, RegExp][] = [
  [
    'a name with ..',
    [directory('etc/'), { name: 'etc/../../canary/x' }],
    /has a name with \.\. in it/,
  ],
  ['.. as a name', [directory('..')], /has a name with \.\. in it/],
  ['an absolute name', [{ name: '/etc/passwd' }], /has a name that is absolute/],
  [
    'an absolute name in a pax header',
    [{ name: 'harmless', pax: [['path', '/etc/passwd']] }],
    /has a name that is absolute/,
  ],
  [
    'a name with a NUL in a pax header',
    [{ name: 'harmless', pax: [['path', 'a\0b']] }],
    /with a NUL/,
  ],
  ['an empty name', [{ name: '' }], /a name that is empty/],
  ['a file as the root', [{ name: './' }, { name: '.' }], /has a file as its root/],
  [
    'a path through a symlink of the archive',
    [symlink('way', '/tmp'), { name: 'way/x' }],
    /below way, which is a symlink/,
  ],
  [
    'a directory that becomes a symlink',
    [directory('etc'), symlink('etc', '../canary'), { name: 'etc/passwd' }],
    /etc is in it twice, as directory and as symlink/,
  ],
  [
    'a symlink that becomes a directory',
    [symlink('etc', '../canary'), directory('etc'), { name: 'etc/passwd' }],
    /twice, as symlink and as directory/,
  ],
  ['a path through a file', [{ name: 'a' }, { name: 'a/b' }], /below a, which is a file/],
  [
    'a path through a hard link to a symlink',
    [symlink('a', '/tmp'), { name: 'b', type: '1', link: 'a' }, { name: 'b/x' }],
    /below b, which is a link/,
  ],
  ['an entry without its directory', [{ name: 'etc/passwd' }], /directory is not in it before/],
  [
    'a hard link outside',
    [{ name: 'a', type: '1', link: '../canary/etc/passwd' }],
    /hard link with \.\./,
  ],
  [
    'a hard link to an absolute name',
    [{ name: 'a', type: '1', link: '/etc/passwd' }],
    /hard link that is absolute/,
  ],
  [
    'a hard link to what comes later',
    [{ name: 'a', type: '1', link: 'b' }, { name: 'b' }],
    /hard link to b, which is no file/,
  ],
  [
    'a hard link to itself',
    [{ name: 'a', type: '1', link: 'a' }],
    /hard link to a, which is no file/,
  ],
  [
    'a hard link to a directory',
    [directory('d'), { name: 'a', type: '1', link: 'd' }],
    /which is no file/,
  ],
  [
    'a hard link to a whiteout',
    [{ name: '.wh.a' }, { name: 'b', type: '1', link: 'a' }],
    /which is no file/,
  ],
  [
    'a hard link with content',
    [{ name: 'a' }, { name: 'b', type: '1', link: 'a', content: 'x' }],
    /has a link with content/,
  ],
  [
    'a directory with content',
    [{ name: 'd', type: '5', content: 'x' }],
    /has a directory with content/,
  ],
  ['a symlink that says nothing', [symlink('a', '')], /symlink that says nothing/],
  [
    'a file twice',
    [
      { name: 'a', content: '1' },
      { name: 'a', content: '2' },
    ],
    /a is in it twice/,
  ],
  ['a file twice under names that are one', [{ name: 'a' }, { name: './/a' }], /a is in it twice/],
  [
    'a directory twice with other owners',
    [directory('d'), directory('d', { uid: 7 })],
    /d is in it twice/,
  ],
  [
    'a file and its whiteout',
    [{ name: 'a' }, { name: '.wh.a' }],
    /a is in it twice, as file and as whiteout/,
  ],
  ['a whiteout of ..', [{ name: '.wh...' }], /whiteout of a name that there cannot be/],
  ['a whiteout of .', [{ name: '.wh..' }], /whiteout of a name that there cannot be/],
  ['a whiteout of nothing', [{ name: '.wh.' }], /whiteout of a name that there cannot be/],
  ['a mark of AUFS', [{ name: '.wh..wh.plnk' }], /whiteout of a name that there cannot be/],
  ['a whiteout with content', [{ name: '.wh.a', content: 'x' }], /whiteout that is not empty/],
  ['a whiteout that is a symlink', [symlink('.wh.a', 'b')], /whiteout that is a symlink/],
  [
    'an entry below a whiteout',
    [{ name: '.wh.a' }, { name: 'a/b' }],
    /below a, which is a whiteout/,
  ],
  ['an opaque root', [{ name: '.wh..wh..opq' }], /hides the whole image/],
  [
    'an opaque root as an attribute',
    [directory('./', { pax: [['SCHILY.xattr.trusted.overlay.opaque', 'y']] })],
    /hides the whole image/,
  ],
  [
    'a redirected directory',
    [directory('d', { pax: [['SCHILY.xattr.trusted.overlay.redirect', '/etc']] })],
    /refers to another layer/,
  ],
  [
    'a metacopy',
    [{ name: 'f', pax: [['SCHILY.xattr.trusted.overlay.metacopy', '']] }],
    /refers to another layer/,
  ],
  [
    'an attribute of no name space',
    [{ name: 'f', pax: [['SCHILY.xattr.bad', '']] }],
    /has an attribute bad/,
  ],
  [
    'a name longer than there is',
    [{ name: 'a', pax: [['path', 'n'.repeat(256)]] }],
    /longer than there can be/,
  ],
  [
    'a path longer than there is',
    [{ name: 'a', pax: [['path', 'n/'.repeat(2100)]] }],
    /longer than there can be/,
  ],
  ['a name that is no UTF-8', [{ name: Buffer.from([0x61, 0xff]) }], /no UTF-8, a\\377/],
  ['a name that is an order to the terminal', [{ name: '/\x1b[2J' }], /\(at \/\\033\[2J\)$/],
  [
    'a file larger than may be',
    [{ name: 'a', size: 2 ** 30 }],
    /needs more than the 1048576 bytes/,
  ],
  [
    'a size in pax that is larger',
    [{ name: 'a', pax: [['size', '9007199254740991']] }],
    /needs more than/,
  ],
  ['a size that is no number', [{ name: 'a', pax: [['size', '-5']] }], /size is no number/],
  [
    'a negative size',
    [{ name: 'a', spoil: (b) => sized(b, 0xff) }],
    /size -1, which is out of range/,
  ],
  ['a size beyond all', [{ name: 'a', spoil: (b) => sized(b, 0x80, 0x7f) }], /out of range/],
  [
    'many files that together are too large',
    Array.from({ length: 5 }, (_, at) => ({ name: `f${at}`, content: Buffer.alloc(300_000) })),
    /needs more than/,
  ],
  ['a sparse file of GNU tar', [{ name: 'a', type: 'S' }], /without --sparse/],
  ['a sparse file in pax', [{ name: 'a', pax: [['GNU.sparse.major', '1']] }], /without --sparse/],
  ['an unknown type', [{ name: 'a', type: 'Z' }], /type "Z", which is not known/],
  [
    'a pax header for all',
    [{ name: 'g', type: 'g', content: '12 path=etc\n' }],
    /pax header for all entries/,
  ],
  [
    'a pax header without an entry',
    Buffer.concat([entry({ name: 'x', type: 'x', content: '10 path=a\n' }), END]),
    /belongs to no entry/,
  ],
  [
    'a header before an entry that is huge',
    [{ name: 'x', type: 'x', size: 2 ** 24 }],
    /more than any name/,
  ],
  ['a wrong checksum', [{ name: 'a', spoil: (b) => void (b[0] = 0x62) }], /checksum is wrong/],
  [
    'a header that is not of a tar',
    [{ name: 'a' }, { name: 'b', spoil: (b) => checked(b, () => b.fill(0x20, 257, 265)) }],
    /neither POSIX nor GNU/,
  ],
  ['an archive without its end', Buffer.concat([entry({ name: 'a' })]), /is cut off/],
  [
    'an archive with half of its end',
    Buffer.concat([entry({ name: 'a' }), Buffer.alloc(512)]),
    /is cut off/,
  ],
  [
    'something behind the end',
    Buffer.concat([tar({ name: 'a' }), Buffer.from('more')]),
    /something behind its end/,
  ],
  [
    'an archive behind the end',
    Buffer.concat([tar({ name: 'a' }), tar({ name: 'b' })]),
    /something behind its end/,
  ],
  [
    'an end without end',
    Buffer.concat([tar({ name: 'a' }), Buffer.alloc(3 << 20)]),
    /something behind its end/,
  ],
  [
    'a file that is cut off',
    tar({ name: 'a', content: 'x'.repeat(2000) }).subarray(0, 1500),
    /cut off in the middle of a file/,
  ],
  ['nothing', Buffer.alloc(0), /is empty/],
  ['no archive', Buffer.from('root:x:0:0'), /is no tar/],
  [
    'a bomb',
    gzipSync(Buffer.concat([block({ name: 'a', size: 64 << 20 }), Buffer.alloc(64 << 20)])),
    /needs more than/,
  ],
  [
    'a bomb behind the end',
    gzipSync(Buffer.concat([tar({ name: 'a' }), Buffer.alloc(64 << 20)])),
    /something behind its end/,
  ],
  [
    'a compressed archive that is cut off',
    gzipSync(tar({ name: 'a', content: 'x' })).subarray(0, -9),
    /cannot be decompressed \(gzip\)/,
  ],
  [
    'a compressed archive with a wrong checksum',
    flipped(gzipSync(tar({ name: 'a', content: 'x' })), -6),
    /another checksum/,
  ],
  [
    'something behind a compressed archive',
    Buffer.concat([gzipSync(tar({ name: 'a' })), Buffer.from('more')]),
    /something behind its end/,
  ],
];

function checked(bytes: Buffer, change: () => void): void {
  change();
  bytes.fill(0x20, 148, 156);
  bytes.write(
    `${bytes
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
}
const sized = (bytes: Buffer, first: number, rest = first): void =>
  checked(bytes, () => bytes.fill(rest, 125, 136).fill(first, 124, 125));

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[bytes.length + at]! ^= 1;
  return bytes;
}

for (const [name, archive, says] of HOSTILE)
  t.test(`${name} is refused before anything is touched, and would be again`, async (t) => {
    t.match(await refused(place(t, Buffer.isBuffer(archive) ? archive : tar(...archive))), says);
  });

t.test(
  'laid over a layer, an archive has no path through a symlink or a file of that layer',
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
 * What an archive makes when it is laid over a layer that has a symlink out, or what it is refused
 * for; the canary must live.
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
  'a directory of the old layer that led to an entry does not become a symlink behind it',
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
  'an opaque directory below what was a symlink in the old layer empties nothing outside',
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

t.test(
  'what the old layer has behind its own symlinks is not taken for a directory of it',
  async (t) => {
    const { said } = await laidOver(t, tar(directory('a'), { name: 'a/etc/passwd' }), (upper) =>
      symlinkSync('../canary', join(upper, 'a')),
    );
    t.match(said, /directory is not in it before/);
  },
);

t.test(
  'an archive has no entries in a directory of the old layer that it hides itself',
  async (t) => {
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
  },
);

/**
 * A directory or a symlink of a layer, with the directories that it is in, where nothing is in the
 * way.
 */
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

t.test(
  'whatever a layer and an archive laid over it are, nothing outside is changed',
  async (t) => {
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
    const target = fc.constantFrom(
      '../canary',
      '../../canary',
      '../canary/etc',
      'a',
      'b/etc',
      '..',
    );
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
  },
);

t.test(
  'attributes of directories, which are held until their content is there, are bounded',
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

t.test('what is odd and does no harm is taken', async (t) => {
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
  'an archive that changes between the check and its use is noticed, and nothing of it stays',
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
  const full = {
    ...system,
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

t.test('an archive cut off anywhere is refused', async (t) => {
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
  'an archive with bytes changed anywhere is understood or refused, never a crash, and the ' +
    'canary lives',
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
          // With checksums that are right again the rest of the reader is reached.
          if (repair)
            for (let block = 0; block < bytes.length; block += 512)
              if (bytes.toString('latin1', block + 257, block + 262) === 'ustar')
                checked(bytes.subarray(block, block + 512), () => {});
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
