import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { problemData } from '../../../src/ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { applyTable } from '../../../src/ramdisk/table.js';
import { readTree } from '../../../src/ramdisk/source-tree.js';
import { Unpacker, type UnpackOptions } from '../../../src/ramdisk/unpack.js';
import { mountroot } from './agent.js';
import { archive, directory, member, symlink, type Written } from './archives.js';
import { packed, through } from './streams.js';
import { describe, root, scratch } from './trees.js';

const MIB = 1024 * 1024;

/** A target with a tree beside it that nothing may touch. */
class Place {
  readonly top = scratch();
  readonly canary = join(this.top, 'canary');
  readonly target = join(this.top, 'target');
  readonly #before: Record<string, string>;

  constructor() {
    mkdirSync(join(this.canary, 'folder'), { recursive: true });
    mkdirSync(this.target);
    writeFileSync(join(this.canary, 'file'), 'sings');
    writeFileSync(join(this.canary, 'folder/shadow'), 'root:x', { mode: 0o600 });
    symlinkSync('file', join(this.canary, 'link'));
    linkSync(join(this.canary, 'file'), join(this.canary, 'folder/hard'));
    this.#before = describe(this.top);
  }

  /** What is different beside the target. */
  harmed(): string[] {
    const after = describe(this.top);
    const outside = (name: string): boolean => name !== 'target' && !name.startsWith('target/');
    return [...new Set([...Object.keys(this.#before), ...Object.keys(after)])].filter(
      (name) => outside(name) && this.#before[name] !== after[name],
    );
  }
}

interface Outcome {
  place: Place;
  error: Error | null;
  complaint: string | null;
  problems: ReturnType<typeof problemData>[];
  warnings: string[];
  table: string[];
  /** Below the target. */
  files: string[];
}

async function unpacked(
  bytes: Buffer,
  options: Partial<UnpackOptions> = {},
  place = new Place(),
): Promise<Outcome> {
  const unpacker = new Unpacker(place.target, {
    limit: 64 * MIB,
    privileged: false,
    makeNode: null,
    ...options,
  });
  const problems: ReturnType<typeof problemData>[] = [];
  let [error, complaint]: [Error | null, string | null] = [null, null];
  try {
    complaint = await readRamdisk(ByteSource.fromBuffer(bytes), unpacker, {
      onProblem: (problem) => problems.push(problemData(problem)),
    });
  } catch (thrown) {
    error = thrown as Error;
  } finally {
    unpacker.end();
  }
  return {
    place,
    error,
    complaint,
    problems,
    warnings: unpacker.warnings,
    table: unpacker.table,
    files: Object.keys(describe(place.target)),
  };
}

const evil = (name: string, given: Written = {}): Buffer =>
  member(name, { data: 'evil', ...given });
const text = ({ place }: Outcome, name: string): string =>
  readFileSync(join(place.target, name), 'utf8');

t.test(
  "no name leads out of the target, and what a name comes to is what it would be in the kernel's root",
  async (t) => {
    const { target, canary } = new Place();
    const cases: [what: string, bytes: Buffer, files: string[], warning: RegExp | null][] = [
      [
        '..',
        archive(evil('../canary/file'), evil('../evil'), evil('..'), evil('a/../../evil')),
        ['evil'],
        /canary\/file: its directory is not in the archive/,
      ],
      ['.. in the middle', archive(directory('a'), evil('a/../../../x')), ['a', 'x'], null],
      [
        'an absolute name',
        archive(
          directory('/etc'),
          evil('/etc/passwd'),
          evil(`${canary}/file`),
          evil(`${target}/x`),
        ),
        ['etc', 'etc/passwd'],
        /its directory is not in the archive/,
      ],
      [
        'a symlink to the outside, and a file through it',
        archive(
          symlink('out', '../canary'),
          evil('out/file'),
          symlink('abs', canary),
          evil('abs/file'),
          directory('abs/folder'),
        ),
        ['abs', 'out'],
        /out\/file: its directory/,
      ],
      [
        'a symlink up, which in the kernel ends at the root',
        archive(
          symlink('up', '../../..'),
          evil('up/x'),
          directory('d'),
          symlink('d/up', '/../..'),
          evil('d/up/y'),
        ),
        ['d', 'd/up', 'up', 'x', 'y'],
        null,
      ],
      [
        'a file over a symlink to a file',
        archive(symlink('x', '../canary/file'), evil('x')),
        ['x'],
        null,
      ],
      [
        'a symlink in a loop',
        archive(
          symlink('a', 'b'),
          symlink('b', 'a'),
          evil('a/x'),
          symlink('s', 's/s/s'),
          evil('s/x'),
        ),
        ['a', 'b', 's'],
        /a\/x: its directory/,
      ],
      [
        'a directory that becomes a symlink, with what should be in it',
        archive(directory('d'), symlink('d', '../canary'), evil('d/file')),
        ['d'],
        /d\/file: its directory/,
      ],
      [
        'a full directory that would become one',
        archive(directory('d'), evil('d/x'), symlink('d', '../canary'), evil('d/file')),
        ['d', 'd/file', 'd/x'],
        /d: it could not be made: ENOTEMPTY/,
      ],
      [
        'a symlink that becomes a directory',
        archive(
          symlink('d', '../canary/folder'),
          directory('d', { mode: 0o040700 }),
          evil('d/shadow'),
        ),
        ['d', 'd/shadow'],
        null,
      ],
      [
        'a directory over a symlink, for its mode and owner',
        archive(
          symlink('d', '../canary'),
          directory('d/'),
          symlink('e', '../canary'),
          directory('e/.', { mode: 0o040777 }),
        ),
        ['d', 'e'],
        null,
      ],
      [
        'a hard link to the outside',
        archive(
          evil('../canary/file', { inode: 5, links: 2, data: '' }),
          evil('mine', { inode: 5, links: 2 }),
        ),
        ['mine'],
        null,
      ],
      [
        'a hard link through a symlink',
        archive(
          evil('x', { inode: 5, links: 2, data: '' }),
          symlink('x', '../canary/file'),
          evil('y', { inode: 5, links: 2 }),
        ),
        ['x'],
        /y: it is a hard link to \/x, which is not there any more/,
      ],
      [
        'a hard link to a symlink',
        archive(
          symlink('x', '../canary/file', { inode: 5, links: 2 }),
          symlink('y', '../canary/file', { inode: 5, links: 2 }),
          evil('z', { inode: 5, links: 2 }),
        ),
        ['x', 'y', 'z'],
        null,
      ],
      [
        'a file over a hard link',
        archive(
          evil('x', { inode: 5, links: 2, data: '' }),
          evil('y', { inode: 5, links: 2 }),
          symlink('x', '../canary/file'),
          evil('x', { inode: 6, data: 'more' }),
        ),
        ['x', 'y'],
        null,
      ],
      [
        'the top itself',
        archive(
          evil('.'),
          evil('/'),
          symlink('', '../canary'),
          symlink('.', '../canary'),
          directory('.', { mode: 0o040000 }),
          directory('..', { mode: 0o040000 }),
          evil('x'),
        ),
        ['x'],
        null,
      ],
      ['a name with a NUL in it', archive(evil('x\0/../../canary/file')), ['x'], null],
      [
        'a name longer than a file may have',
        archive(evil('n'.repeat(256)), evil('x')),
        ['x'],
        /n+: it could not be made: ENAMETOOLONG/,
      ],
      ['a file below a file', archive(evil('x'), evil('x/y')), ['x'], /x\/y: its directory/],
      [
        'a kind that there is not',
        archive(member('x', { mode: 0o030644 }), evil('y')),
        ['y'],
        /x: it is of no kind/,
      ],
    ];
    for (const [what, bytes, files, warning] of cases)
      for (const privileged of root ? [false, true] : [false]) {
        const outcome = await unpacked(bytes, { privileged });
        t.same(outcome.place.harmed(), [], what);
        t.equal(outcome.error, null, what);
        t.same(outcome.files, files, what);
        if (warning === null) t.notMatch(outcome.warnings.join('\n'), /could not be made/, what);
        else t.match(outcome.warnings.join('\n'), warning, what);
      }
  },
);

t.test('what stands at a place already is replaced as the kernel replaces it', async (t) => {
  const over = await unpacked(
    archive(
      evil('x', { data: 'longer', mode: 0o100444 }),
      evil('x', { data: 'new', mode: 0o100400 }),
      symlink('l', 'a'),
      symlink('l', 'b'),
      directory('d', { mode: 0o040500 }),
      directory('d', { mode: 0o040711 }),
    ),
  );
  t.same([over.error, over.warnings, over.files], [null, [], ['d', 'l', 'x']]);
  t.equal(text(over, 'x'), 'new');
  t.equal(lstatSync(join(over.place.target, 'd')).mode & 0o7777, 0o711);
  t.equal(describe(over.place.target)['l']!.split(' ').at(-3), 'b');
  const linked = { inode: 9, links: 2 };
  const twice = await unpacked(
    Buffer.concat([
      archive(evil('sh', { data: 'old' })),
      archive(
        evil('ash', { ...linked, data: '', mode: 0o100555 }),
        evil('sh', { ...linked, data: 'busybox', mode: 0o100555 }),
      ),
      archive(evil('ash', linked), evil('zcat', { ...linked, data: '' })),
    ]),
  );
  t.same(
    [twice.error, twice.warnings],
    [null, []],
    'hard links over what was there, also read-only ones',
  );
  t.same([text(twice, 'ash'), text(twice, 'sh'), text(twice, 'zcat')], ['evil', 'evil', 'evil']);
  t.equal(statSync(join(twice.place.target, 'sh')).nlink, 3);
  const itself = await unpacked(archive(evil('x', linked), evil('x', linked)));
  t.same(
    [itself.files, itself.warnings.length],
    [[], 1],
    'a hard link to itself vanishes in the kernel too',
  );
  const across = await unpacked(
    Buffer.concat([archive(evil('a', linked)), archive(evil('b', { ...linked, data: 'other' }))]),
  );
  t.equal(text(across, 'a'), 'evil', 'the same number in the next archive is another file');
});

t.test(
  'device nodes, fifos and owners of whoever is not root are in a table, from which they ' +
    'are packed again',
  async (t) => {
    const dev = { mode: 0o020600, uid: 3, gid: 4, nodeMajor: 5, nodeMinor: 1 };
    const outcome = await unpacked(
      archive(
        directory('dev'),
        member('dev/console', dev),
        member('dev/tty', { ...dev, links: 2, inode: 7 }),
        member('dev/same', { ...dev, links: 2, inode: 7 }),
        member('dev/p', { mode: 0o010622 }),
        member('dev/gone', dev),
        evil('dev/gone'),
        member('a b', dev),
        member('x\n/etc/shadow', dev),
        evil('n\n/dev/console', { uid: 5 }),
        evil('suid', { mode: 0o104755, uid: 7 }),
        symlink('l', 'x', { uid: 8 }),
      ),
    );
    t.same(outcome.place.harmed(), []);
    t.same(outcome.files, ['dev', 'dev/gone', 'l', 'suid']);
    t.same(outcome.table, [
      '/dev/console c 600 3 4 5 1 - - -',
      '/dev/tty c 600 3 4 5 1 - - -',
      '/dev/same c 600 3 4 5 1 - - -',
      '/dev/p p 622 0 0 - - - - -',
      '/dev/gone f 644 0 0 - - - - -',
      '/suid f 4755 7 0 - - - - -',
      '/dev d 755 0 0 - - - - -',
    ]);
    const members = readTree(outcome.place.target);
    applyTable(outcome.table.join('\n'), 'table', members, 0);
    t.match(
      [...members.values()].find(({ name }) => name === 'dev/same'),
      { kind: 'character', mode: 0o600, uid: 3, gid: 4, major: 5, minor: 1 },
    );
    t.match(members.get('suid'), { mode: 0o4755, uid: 7 });
    t.equal(
      outcome.warnings.filter((line) => /a table cannot have its name/.test(line)).length,
      1,
      'a name that would be another line is in no table',
    );
    const over = await unpacked(
      archive(
        member('null', { ...dev, nodeMajor: 1, nodeMinor: 3 }),
        member('null', { ...dev, mode: 0o020666, nodeMajor: 1, nodeMinor: 9 }),
      ),
    );
    t.same(
      over.table,
      ['/null c 666 3 4 1 3 - - -'],
      'a node that is there keeps its numbers, as in the kernel',
    );
  },
);

t.test('a size that is a lie is refused before anything is written', async (t) => {
  for (const [what, bytes, says] of [
    [
      'a file of 4 GiB',
      member('x', { data: 'y', size: 0xffff_ffff }),
      /^x alone has 4294967295 bytes, and 0 of at most \d+ are unpacked; raise --limit/,
    ],
    [
      'a second that is too large',
      Buffer.concat([evil('a'), member('x', { data: 'y', size: 64 * MIB })]),
      /^x alone has 67108864 bytes, and 4 of at most 67108864 are/,
    ],
  ] as const) {
    const { place, error, files } = await unpacked(bytes);
    t.match(error, { name: 'UnpackError', message: says }, what);
    t.notOk(files.includes('x'), what);
    t.same(place.harmed(), [], what);
  }
  for (const [what, bytes] of [
    [
      'a name of 4 GiB',
      Buffer.concat([evil('a'), member('x', { nameSize: 0xffff_ffff }), evil('b')]),
    ],
    [
      'a symlink of 4 GiB',
      Buffer.concat([evil('a'), symlink('x', 'y', { size: 0xffff_ffff }), evil('b')]),
    ],
    [
      'a directory of 4 GiB',
      Buffer.concat([evil('a'), directory('x', { size: 0xffff_fff0 }), evil('b')]),
    ],
  ] as const) {
    const { place, error, files, problems } = await unpacked(bytes);
    t.equal(error, null, what);
    t.same(files, ['a'], what);
    t.match(problems, [{ means: /without a word/ }, { means: /in the middle of a member/ }], what);
    t.same(place.harmed(), [], what);
  }
});

t.test('a bomb stops at the limit', async (t) => {
  const ten = Array.from({ length: 10 }, (_, index) =>
    member(`z${index}`, { data: Buffer.alloc(MIB) }),
  );
  const { place, error, files } = await unpacked(await packed('gzip', archive(...ten)), {
    limit: 5 * MIB + 10,
  });
  t.match(error, {
    name: 'UnpackError',
    message: /^z5 alone has 1048576 bytes, and 5242880 of at most 5242890/,
  });
  t.same(files, ['z0', 'z1', 'z2', 'z3', 'z4']);
  t.same(place.harmed(), []);
});

t.test('members without end stop at a bound', async (t) => {
  let thousands = 0;
  async function* endless(): AsyncGenerator<Buffer, void> {
    const many = Buffer.concat(Array<Buffer>(1000).fill(directory('d')));
    for (; ; thousands++) yield many;
  }
  const place = new Place();
  const unpacker = new Unpacker(place.target, { limit: MIB, privileged: false, makeNode: null });
  await t.rejects(readRamdisk(ByteSource.from(endless()), unpacker), {
    name: 'UnpackError',
    message: /^it has more than 500000 members/,
  });
  unpacker.end();
  t.equal(thousands, 500);
  t.same(readdirSync(place.target), ['d']);
});

t.test('an archive that is cut short leaves what came before, and nothing outside', async (t) => {
  const bytes = archive(
    directory('d', { mode: 0o040500 }),
    evil('d/x', { mode: 0o100400 }),
    symlink('l', '../canary'),
    evil('y', { links: 2, inode: 3 }),
    evil('z', { links: 2, inode: 3 }),
  );
  const place = new Place();
  for (let length = 0; length < bytes.length; length += 3) {
    const target = join(place.top, 'target', String(length));
    mkdirSync(target);
    const unpacker = new Unpacker(target, { limit: MIB, privileged: false, makeNode: null });
    const problems: ReturnType<typeof problemData>[] = [];
    await readRamdisk(ByteSource.fromBuffer(bytes.subarray(0, length)), unpacker, {
      onProblem: (problem) => problems.push(problemData(problem)),
    });
    unpacker.end();
    if (problems.length !== 1 || unpacker.warnings.length > 0)
      t.fail(`${length} bytes`, { problems, warnings: unpacker.warnings });
    if (existsSync(join(target, 'd')) && (lstatSync(join(target, 'd')).mode & 0o7777) !== 0o500)
      t.fail(`${length} bytes: the directory's mode`);
  }
  t.same(place.harmed(), []);
});

t.test(
  'root makes device nodes, and gives files away',
  { skip: root ? false : 'needs root' },
  async (t) => {
    const [top, file] = [join(scratch(), 'new'), join(scratch(), 'ramdisk')];
    writeFileSync(
      file,
      archive(
        directory('dev'),
        member('dev/null', { mode: 0o020666, nodeMajor: 1, nodeMinor: 3, gid: 5 }),
        member('dev/p', { mode: 0o010600 }),
        member('dev/s', { mode: 0o140777 }),
        evil('suid', { mode: 0o106755, uid: 7, gid: 8 }),
        symlink('l', 'x', { uid: 9 }),
      ),
    );
    t.equal(mountroot(['ramdisk', 'unpack', file, top]).status, 0);
    t.match(describe(top), {
      'dev/null': /^20666 0:5 .* 259 /,
      'dev/p': /^10600/,
      'dev/s': /^140777/,
      suid: /^106755 7:8/,
      l: /^120777 9:0/,
    });
  },
);

t.test(
  'root of a container, who may give nothing away, keeps owners and nodes in the table',
  {
    skip:
      spawnSync('unshare', ['-Ur', 'true']).status === 0
        ? false
        : 'there are no user namespaces here',
  },
  async (t) => {
    const [top, file, table] = [
      join(scratch(), 'new'),
      join(scratch(), 'ramdisk'),
      join(scratch(), 'table'),
    ];
    writeFileSync(
      file,
      archive(
        directory('dev'),
        member('dev/null', { mode: 0o020666, nodeMajor: 1, nodeMinor: 3 }),
        evil('x', { uid: 7, gid: 8 }),
        evil('y'),
      ),
    );
    const { status, stderr } = mountroot(['ramdisk', 'unpack', file, top, '--table', table], {
      before: ['unshare', '-Ur'],
    });
    t.same([status, stderr], [0, '']);
    t.equal(readFileSync(table, 'utf8'), '/dev/null c 666 0 0 1 3 - - -\n/x f 644 7 8 - - - - -\n');
    t.equal(readFileSync(join(top, 'y'), 'utf8'), 'evil');
  },
);

t.test(
  'a disk that is full ends it in one sentence',
  { skip: root ? false : 'needs root to mount a small tmpfs' },
  async (t) => {
    const [file, mounted] = [join(scratch(), 'ramdisk'), scratch()];
    const fill = (inodes: string): { status: number | null; stderr: string } =>
      mountroot(['ramdisk', 'unpack', file, join(mounted, 'in'), '--limit', '1G'], {
        before: [
          'unshare',
          '-m',
          'sh',
          '-c',
          'mount -t tmpfs -o "size=1m,nr_inodes=$1" none "$2" && shift 2 && "$@"',
          'sh',
          inodes,
          mounted,
        ],
      });
    writeFileSync(file, archive(evil('a'), member('large', { data: Buffer.alloc(3 * MIB, 1) })));
    const full = fill('100');
    t.equal(full.status, 1);
    t.match(
      full.stderr,
      /^mountroot: cannot unpack all of \S+ to \S+: \/large could not be written: ENOSPC: no space left on device, write; make room, or choose another place\n$/,
    );
    writeFileSync(file, archive(...Array.from({ length: 30 }, (_, index) => evil(`f${index}`))));
    const many = fill('10');
    t.equal(many.status, 1);
    t.match(
      many.stderr,
      /^mountroot: cannot unpack all of \S+ to \S+: f\d could not be written: ENOSPC: no space left on device, open; make room[^\n]*\n$/,
    );
    writeFileSync(file, archive(member('large', { data: Buffer.alloc(3 * MIB, 1) })));
    const limit = mountroot(['ramdisk', 'unpack', file, join(mounted, 'in')], {
      before: [
        'unshare',
        '-m',
        'sh',
        '-c',
        'mount -t tmpfs -o size=1m none "$1" && shift && "$@"',
        'sh',
        mounted,
      ],
    });
    t.match(
      limit.stderr,
      /^mountroot: cannot unpack all of [^\n]*: large alone has 3145728 bytes, and 0 of at most 9\d+ are unpacked; raise --limit[^\n]*\n$/,
      'where no limit is given, what is free is one',
    );
  },
);

t.test('a file of 300 MB is packed, listed and unpacked in little memory', async (t) => {
  const [top, out] = [scratch(), scratch()];
  writeFileSync(join(top, 'sparse'), 'begin');
  truncateSync(join(top, 'sparse'), 300 * MIB);
  const peak = (words: string[]): number => {
    const time = join(out, 'time');
    const { status, stderr } = mountroot(words, {
      node: ['--max-old-space-size=32'],
      before: ['/usr/bin/time', '-f', '%M', '-o', time],
    });
    t.equal(status, 0, stderr);
    return Number(readFileSync(time, 'utf8')) / 1024;
  };
  const ramdisk = join(out, 'ramdisk');
  for (const [what, words] of [
    ['packing', ['ramdisk', 'pack', top, '-o', ramdisk, '--time', '0']],
    ['listing', ['ramdisk', 'list', ramdisk]],
    ['unpacking', ['ramdisk', 'unpack', ramdisk, join(out, 'there')]],
  ] as const) {
    const used = peak([...words]);
    t.ok(used < 150, `${what} takes ${Math.round(used)} MiB`);
  }
  t.ok(statSync(ramdisk).size < MIB);
  t.same(statSync(join(out, 'there/sparse')).size, 300 * MIB);
  t.equal(spawnSync('cmp', [join(top, 'sparse'), join(out, 'there/sparse')]).status, 0);
  through('rm', [join(out, 'there/sparse')], Buffer.alloc(0));
});
