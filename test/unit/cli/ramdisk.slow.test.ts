import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ramdiskVerbs } from '../../../src/cli/verbs/ramdisk-verbs.js';
import { agent, mountroot } from '../ramdisk/agent.js';
import { archive, directory, member, symlink } from '../ramdisk/archives.js';
import { METHODS, noise, packed, through } from '../ramdisk/streams.js';
import { describe, scratch } from '../ramdisk/trees.js';
import { runVerb } from './run-verb.js';

const folder = scratch();
const file = (name: string, content: Buffer | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const TIME = 1_700_000_000;
const tree = join(folder, 'tree');
mkdirSync(join(tree, 'etc'), { recursive: true });
writeFileSync(join(tree, 'init'), '#!/bin/sh\n', { mode: 0o755 });
writeFileSync(join(tree, 'etc/hosts'), noise(3000));
const good = archive(
  directory('dev', { mtime: TIME }),
  member('dev/console', { mode: 0o020600, nodeMajor: 5, nodeMinor: 1, mtime: TIME }),
  member('init', { mode: 0o106755, uid: 1000, gid: 1000, data: '#!/bin/sh\n', mtime: TIME }),
  symlink('sbin', 'usr/sbin', { mtime: TIME }),
  member('od\x1b[31md ä\n', { mode: 0o041644, uid: 70000, gid: 70000 }),
  member('p', { mode: 0o010000 }),
);
const ramdisk = file('good', good);
const full = join(folder, 'full');
mkdirSync(join(full, 'x'), { recursive: true });

/** A call in this process, for words that yargs accepts. */
async function inside(words: string[]): Promise<void> {
  const nothing = (): void => {};
  const log = { error: nothing, warn: nothing, info: nothing, debug: nothing };
  await runVerb([ramdiskVerbs], ['ramdisk', ...words], { log, print: (text) => t.fail(text) });
}

t.test(
  'each wrong call gets one sentence on stderr, nothing on stdout, and its exit status',
  async (t) => {
    const table = file('table', '/dev d 755 0 0\n/init x 1 2 3\n');
    const console = file('console', '/dev d 755 0 0\n/dev/console c 600 0 0 5 1\n');
    const out = join(folder, 'out');
    const fifo = join(folder, 'fifo');
    through('mkfifo', [fifo], Buffer.alloc(0));
    const cases: [words: string[], status: number, says: RegExp][] = [
      [[], 2, /--help/],
      [['dance'], 2, /say what to do with a ramdisk: pack, list, unpack or locate/],
      [['pack'], 2, /--help/],
      [['pack', '/nosuch', '-o', out], 2, /cannot use \/nosuch: ENOENT/],
      [['pack', ramdisk, '-o', out], 2, /cannot pack \S+good: it is no directory/],
      [['pack', tree, '-o', out, '--compress', 'zip'], 2, /Choices: "gzip", "xz"/],
      [['pack', tree, '-o', out, '--format', 'iso'], 2, /Choices: "cpio", "ext2"/],
      [['pack', tree, '-o', out, '--owner', 'root'], 2, /--owner "root" is not UID:GID in numbers/],
      [['pack', tree, '-o', out, '--owner', '0:4294967295'], 2, /--owner "0:4294967295"/],
      [
        ['pack', tree, '-o', out, '--time', 'now'],
        2,
        /--time "now" is no whole number up to 4294967295/,
      ],
      [['pack', tree, '-o', out, '--time', '4294967296'], 2, /--time "4294967296"/],
      [['pack', tree, '-o', out, '--size', '1M'], 2, /--size is for --format ext2/],
      [['pack', tree, '-o', out, '--table', '/nosuch'], 2, /cannot use \/nosuch: ENOENT/],
      [['pack', tree, '-o', out, '--table', table], 2, /table, line 2: "x" is no type/],
      [['pack', tree, '--format', 'ext2'], 2, /an ext2 image cannot be written to a pipe/],
      [['pack', tree, '--uimage', 'x'], 2, /U-Boot's header cannot be written to a pipe/],
      [['pack', tree, '-o', out, '--arch', 'arm64'], 2, /--arch is for U-Boot's header/],
      [['pack', tree, '-o', out, '--uimage', 'x', '--arch', 'z80'], 2, /Choices: "arm", "x86"/],
      [['pack', tree, '-o', fifo], 2, /cannot write \S+fifo: it is there and no regular file/],
      [['pack', tree, '-o', full], 2, /cannot write \S+full: it is there and no regular file/],
      [
        ['pack', tree, '-o', '/nosuch/out', '--table', console],
        1,
        /cannot write \/nosuch\/out: ENOENT: no such file or directory, open; nothing of it is left/,
      ],
      [['list', '/nosuch'], 2, /cannot read \/nosuch: ENOENT/],
      [['list', folder], 2, /cannot read \S+: EISDIR/],
      [['unpack', ramdisk], 2, /--help/],
      [['unpack', '/nosuch', out], 2, /cannot read \/nosuch: ENOENT/],
      [['unpack', ramdisk, full], 2, /cannot unpack to \S+full: it is not empty/],
      [['unpack', ramdisk, table], 2, /cannot unpack to \S+table: ENOTDIR/],
      [['unpack', ramdisk, '/nosuch/new'], 1, /cannot make directory \/nosuch\/new: ENOENT/],
      [
        ['unpack', ramdisk, out, '--limit', '1T'],
        2,
        /--limit "1T" is no whole number \(K, M and G/,
      ],
      [['unpack', ramdisk, out, '--table', table], 2, /cannot write the table \S+table: it exists/],
    ];
    // A process is slow: of each kind only the first call gets one, and the others run in this
    // process.
    const seen = new Set<string>();
    for (const [words, status, says] of cases) {
      const name = words.join(' ');
      const kind =
        says.source.startsWith('--help') || /dance|zip|iso|z80/.test(name)
          ? name
          : `${words[0]} ${status}`;
      if (seen.has(kind)) {
        await t.rejects(
          inside(words),
          { message: says, name: status === 2 ? 'UsageError' : /^(?!UsageError)/ },
          name,
        );
        await t.rejects(inside(words), { message: /^[^\n]+$/ }, name);
        continue;
      }
      seen.add(kind);
      const result = mountroot(['ramdisk', ...words]);
      t.equal(result.status, status, name);
      t.match(result.stderr, says, name);
      t.match(result.stderr, /^mountroot: [^\n]+\n$/, `${name} is answered with one line`);
      t.equal(result.stdout.length, 0, name);
    }
    t.equal(seen.size, 12, 'each kind has been called as a process');
    t.notOk(existsSync(out), 'none of them has made anything');
    t.match(mountroot(['ramdisk', 'pack', tree, '-o', out], { env: { SOURCE_DATE_EPOCH: 'x' } }), {
      status: 2,
      stderr: /SOURCE_DATE_EPOCH "x"/,
    });
    t.ok(lstatSync(fifo).isFIFO());
  },
);

const LISTING = `drwxr-xr-x 0:0                0 2023-11-14 22:13 dev
crw------- 0:0              5:1 2023-11-14 22:13 dev/console
-rwsr-sr-x 1000:1000         10 2023-11-14 22:13 init
lrwxrwxrwx 0:0                0 2023-11-14 22:13 sbin -> usr/sbin
drw-r--r-T 70000:70000          0 1970-01-01 00:00 od\\033[31md \\303\\244\\012
p--------- 0:0                0 1970-01-01 00:00 p

part at byte 0: not compressed, 852 bytes, 6 members
`;

t.test('a listing has a line for each member, then the parts, in 80 columns', async (t) => {
  const { status, stdout, stderr } = mountroot(['ramdisk', 'list', ramdisk]);
  t.same([status, stderr], [0, '']);
  t.equal(stdout.toString(), LISTING);
  t.ok(
    stdout
      .toString()
      .split('\n')
      .every((line) => line.length <= 80),
  );
  const piped = mountroot(['ramdisk', 'list'], { input: good });
  t.equal(piped.stdout.toString(), LISTING, 'from a pipe too');
  t.equal(
    mountroot(['ramdisk', 'list', '-'], { input: good }).stdout.toString(),
    LISTING,
    'which may be called -',
  );
  const two = await packed('xz', good);
  t.match(
    mountroot(['ramdisk', 'list', file('two', Buffer.concat([good, two]))]).stdout.toString(),
    new RegExp(
      `\\n\\npart at byte 0: not compressed, 852 bytes, 6 members\\npart at byte 852: xz,` +
        ` ${two.length} bytes, 852 unpacked, 6 members\\n$`,
    ),
  );
});

t.test('a listing is data with --json', async (t) => {
  const { status, stdout } = mountroot(['ramdisk', 'list', '--json', ramdisk]);
  t.equal(status, 0);
  const listing = JSON.parse(stdout.toString()) as { members: { name: string }[] };
  t.match(listing, {
    schema: 'mountroot.ramdisk/1',
    uimage: null,
    image: null,
    problems: [],
    parts: [{ offset: 0, bytes: 852, method: 'none', members: 6 }],
  });
  t.same(listing.members[1], {
    name: 'dev/console',
    kind: 'character',
    permissions: 'crw-------',
    uid: 0,
    gid: 0,
    links: 1,
    size: 0,
    mtime: TIME,
    node: '5:1',
  });
  t.equal(listing.members[4]!.name, 'od\x1b[31md ä\n');
});

t.test('a damaged archive is listed up to the damage, and the exit status says so', async (t) => {
  const cases: [what: string, bytes: Buffer, lines: RegExp][] = [
    [
      'cut short',
      good.subarray(0, 500),
      /usr\/sbin\n\npart at byte 0: not compressed, 500 bytes, 4 members\nproblem at byte 500: the archive ends [^\n]+\n$/,
    ],
    [
      'junk behind it',
      Buffer.concat([good, Buffer.from('junk')]),
      /problem at byte 852: the kernel says "invalid magic at start of compressed archive": /,
    ],
    [
      'junk in a part',
      await packed('gzip', Buffer.concat([good, Buffer.from('junk')])),
      /problem at byte 0 \(byte 852 of what is unpacked there\): the kernel says "junk within compressed archive": /,
    ],
    [
      'nothing',
      Buffer.alloc(0),
      /^problem at byte 0: there is no archive in it, but no byte at all/,
    ],
    [
      'no ramdisk',
      Buffer.from('hello, world'),
      /^problem at byte 0: the kernel says "invalid magic/,
    ],
  ];
  for (const [what, bytes, lines] of cases) {
    const { status, stdout } = mountroot(['ramdisk', 'list'], { input: bytes });
    t.equal(status, 4, what);
    t.match(stdout.toString(), lines, what);
  }
  const there = join(folder, 'damaged');
  const { status, stderr } = mountroot(['ramdisk', 'unpack', '-', there], {
    input: Buffer.concat([good, Buffer.from('junk')]),
  });
  t.equal(status, 4);
  t.match(
    stderr,
    /^mountroot: warn: at byte 852 of -: the kernel says "invalid magic at start of compressed archive": [^\n]+\n/,
  );
  t.equal(readFileSync(join(there, 'init'), 'utf8'), '#!/bin/sh\n', 'what came before it is there');
  const none = join(folder, 'none');
  const nothing = mountroot(['ramdisk', 'unpack', '-', none], {
    input: Buffer.from('hello, world'),
  });
  t.equal(nothing.status, 1);
  t.match(
    nothing.stderr,
    /nothing could be unpacked from -; `mountroot ramdisk list` says what it is\n$/,
  );
  t.notOk(existsSync(none), 'and no directory is left for it');
});

t.test(
  'an archive of each method, in a file or a pipe, is unpacked as the same tree',
  async (t) => {
    const out = join(folder, 'packed');
    const all: Buffer[] = [];
    for (const method of [...METHODS, 'none']) {
      const { status, stderr } = mountroot([
        'ramdisk',
        'pack',
        tree,
        '-o',
        out,
        '--compress',
        method,
      ]);
      t.equal(status, 0, stderr);
      const bytes = readFileSync(out);
      // Aligned, with zeros after each.
      all.push(bytes, Buffer.alloc(8 + (-bytes.length & 3)));
    }
    const whole = file('all', Buffer.concat(all));
    const { parts, problems } = JSON.parse(
      mountroot(['ramdisk', 'list', '--json', whole]).stdout.toString(),
    ) as { parts: { method: string; members: number }[]; problems: object[] };
    t.same(
      parts.map(({ method, members }) => [method, members]),
      [...METHODS, 'none'].map((method) => [method, 3]),
    );
    t.same(problems, []);
    for (const [name, from] of [
      ['all', whole],
      ['one', out],
    ] as const) {
      const there = join(scratch(), name);
      t.equal(mountroot(['ramdisk', 'unpack', from, there]).status, 0);
      t.same(describe(there), describe(tree));
    }
    const piped = mountroot(['ramdisk', 'pack', tree, '--compress', 'none']);
    t.ok(piped.stdout.equals(readFileSync(out)), 'the same bytes go to a pipe');
    t.ok(
      mountroot(['ramdisk', 'pack', tree, '--compress', 'none', '-o', '-']).stdout.equals(
        piped.stdout,
      ),
      'which may be called -',
    );
    t.match(piped.stderr, /^mountroot: warn: there is no \/dev\/console in it[^\n]*\n$/);
    const { status, stdout, stderr } = spawnSync(
      'sh',
      [
        '-c',
        '"$@" | head -c 10',
        'sh',
        process.execPath,
        agent,
        'ramdisk',
        'pack',
        tree,
        '--compress',
        'none',
      ],
      { env: { PATH: process.env['PATH'] ?? '' } },
    );
    t.same(
      [status, stdout.toString(), /EPIPE|Error/.test(stderr.toString())],
      [0, '0707010000', false],
      'a reader that goes away is no failure',
    );
  },
);

t.test('an existing output is replaced completely, or not at all', async (t) => {
  const place = scratch();
  const [out, other, link] = [
    join(place, 'ramdisk'),
    join(place, 'other name'),
    join(place, 'link'),
  ];
  writeFileSync(out, 'what was there');
  linkSync(out, other);
  symlinkSync('ramdisk', link);
  const before = openSync(out, 'r');
  const pack = (words: string[], sh = '"$@"'): { status: number | null; stderr: string } =>
    mountroot(['ramdisk', 'pack', tree, '--compress', 'none', ...words], {
      before: ['sh', '-c', sh, 'sh'],
    });
  const small = pack(['-o', out], 'ulimit -f 1; "$@"');
  t.match(small, {
    status: 1,
    stderr:
      /mountroot: cannot write \S+ramdisk: EFBIG: file too large, write; nothing of it is left, and what was there before is as it was\n$/,
  });
  t.equal(readFileSync(out, 'utf8'), 'what was there');
  t.same(readdirSync(place).sort(), ['link', 'other name', 'ramdisk']);
  t.equal(pack(['-o', link]).status, 0, 'through a symlink');
  t.equal(readFileSync(other, 'utf8'), 'what was there', 'the old file is another one');
  t.equal(
    readFileSync(before, 'utf8'),
    'what was there',
    'and whoever has it open goes on reading it',
  );
  closeSync(before);
  t.ok(lstatSync(link).isSymbolicLink());
  t.ok(statSync(out).size > 3000);
  t.same(readdirSync(place).sort(), ['link', 'other name', 'ramdisk']);
});
