import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packCpio } from '../../../src/ramdisk/pack.js';
import { applyTable } from '../../../src/ramdisk/table.js';
import { membersInOrder, readTree } from '../../../src/ramdisk/source-tree.js';
import { mountroot } from './agent.js';
import { collected, noise, through } from './streams.js';
import { describe, root, scratch } from './trees.js';

const TIME = 1_500_000_000;
const LONG = 'n'.repeat(255);

/** A step that makes part of a tree. */
type Step = (at: (name: string) => string) => void;

/** Steps that need only their parent directory; an earlier step of that name makes it. */
const STEPS: Step[] = [
  (at) => mkdirSync(at('bin')),
  (at) => {
    writeFileSync(at('bin/busybox'), noise(300_001), { mode: 0o755 });
    for (const name of ['ash', 'sh', 'zcat']) linkSync(at('bin/busybox'), at(`bin/${name}`));
  },
  (at) => symlinkSync('/sbin/../bin/busybox', at('init')),
  (at) => symlinkSync('gone', at('dangling')),
  (at) => writeFileSync(at('empty'), ''),
  (at) => writeFileSync(at('.hidden'), 'a'),
  (at) => writeFileSync(at('with a space,\tä and \\'), 'four'),
  (at) => writeFileSync(at('setuid'), 'x', { mode: 0o755 }),
  (at) => {
    mkdirSync(at(LONG));
    mkdirSync(at(`${LONG}/${LONG}`));
    writeFileSync(at(`${LONG}/${LONG}/${LONG}`), 'deep');
  },
  (at) => {
    mkdirSync(at('locked'));
    writeFileSync(at('locked/inside'), 'kept', { mode: 0o400 });
  },
  (at) => mkdirSync(at('sticky')),
  (at) => mkdirSync(at('dev')),
  (at) => void through('mkfifo', ['-m', '622', at('dev/initctl')], Buffer.alloc(0)),
  // Sorted by bytes it comes before bin/.
  (at) => writeFileSync(at('bin-2'), 'beside a directory'),
  ...(root
    ? [
        (at: (name: string) => string) =>
          void through('mknod', ['-m', '600', at('dev/console'), 'c', '5', '1'], Buffer.alloc(0)),
        (at: (name: string) => string) =>
          void through('mknod', [at('dev/nvme0n1'), 'b', '259', '70000'], Buffer.alloc(0)),
      ]
    : []),
];
const MODES: [string, number][] = [
  ['setuid', 0o6755],
  ['sticky', 0o1777],
  ['locked', 0o500],
  ['bin/busybox', 0o4555],
  ['dev', 0o2755],
];

/** The tree of all the steps; its files have this time and the following ones. */
function made({ time = TIME, steps = STEPS }: { time?: number; steps?: Step[] } = {}): string {
  const top = scratch();
  const at = (name: string): string => join(top, name);
  // Steps that wait for a directory go into the next round.
  for (let left = steps; left.length > 0;)
    left = left.filter((step) => {
      try {
        step(at);
        return false;
      } catch (error) {
        if (!/ENOENT|No such file/.test((error as Error).message)) throw error;
        return true;
      }
    });
  for (const [name, mode] of MODES) chmodSync(at(name), mode);
  if (root)
    through('chown', ['-h', '12:34', at('init'), at('locked'), at('.hidden')], Buffer.alloc(0));
  // Deepest first, because making a file changes its directory's time.
  Object.keys(describe(top))
    .sort()
    .reverse()
    .forEach((name, index) =>
      lutimesSync(
        Buffer.concat([Buffer.from(`${top}/`), Buffer.from(name, 'latin1')]),
        time + index,
        time + index,
      ),
    );
  return top;
}

const tree = made();

t.test('GNU cpio lists and unpacks our archive as the same tree', async (t) => {
  const [file, there] = [join(scratch(), 'ramdisk'), scratch()];
  const { status } = mountroot(['ramdisk', 'pack', tree, '-o', file, '--compress', 'none']);
  t.equal(status, 0);
  const bytes = readFileSync(file);
  const rows = through('cpio', ['-t', '--quiet'], bytes).toString('latin1').trimEnd().split('\n');
  t.equal(rows.length, Object.keys(describe(tree)).length);
  t.notOk(rows.some((row) => row.startsWith('/') || row === '.'));
  t.match(
    through('cpio', ['-tv', '--quiet'], bytes).toString(),
    /^-r-sr-xr-x +4 \S+ +\S+ +300001 .* bin\/zcat$/m,
    'the last of the names has the data',
  );
  through('cpio', ['-idm', '--quiet', '--no-absolute-filenames', '-D', there], bytes);
  t.same(describe(there, { times: 'files' }), describe(tree, { times: 'files' }));
});

t.test('an archive of GNU cpio is listed and unpacked as the same tree', async (t) => {
  const found = spawnSync('find', ['.', '-print0'], { cwd: tree }).stdout;
  const bytes = spawnSync('cpio', ['-o', '-0', '-H', 'newc', '--quiet'], {
    cwd: tree,
    input: found,
    maxBuffer: 1 << 26,
  }).stdout;
  const expected = describe(tree);
  const listed = JSON.parse(
    mountroot(['ramdisk', 'list', '--json'], { input: bytes }).stdout.toString(),
  ) as { problems: unknown[]; members: { name: string }[] };
  t.same(listed.problems, []);
  t.same(
    listed.members.map(({ name }) => Buffer.from(name).toString('latin1')).sort(),
    ['.', ...Object.keys(expected)].sort(),
  );
  for (const [name, is] of [
    ['dev/initctl', { permissions: 'prw--w--w-' }],
    ['bin/sh', { permissions: '-r-sr-xr-x', links: 4 }],
    ['init', { kind: 'symlink', target: '/sbin/../bin/busybox' }],
    ...(root ? [['dev/nvme0n1', { node: '259:70000' }]] : []),
  ] as const)
    t.match(
      listed.members.find((one) => one.name === name),
      is,
    );
  const there = join(scratch(), 'there');
  const { status, stderr } = mountroot(['ramdisk', 'unpack', '-', there], { input: bytes });
  t.equal(status, 0, stderr);
  if (!root) delete expected['dev/initctl'];
  t.same(describe(there), expected);
});

/** The archive of a tree with a table, as `ramdisk pack` makes it. */
const packed = (top: string, table = '', options = {}): Promise<Buffer> => {
  const members = readTree(top, options);
  applyTable(table, 'devices', members, TIME);
  return collected(packCpio(membersInOrder(members).filter(({ name }) => name !== '.')));
};

t.test('the same tree gives the same bytes, in any order and at any time', async (t) => {
  const other = made({ time: TIME + 1_000_000, steps: [...STEPS].reverse() });
  t.not(describe(other)['empty'], describe(tree)['empty']);
  const [one, two] = [await packed(tree, '', { time: 0 }), await packed(other, '', { time: 0 })];
  t.ok(one.equals(two), 'with a fixed time');
  t.notOk((await packed(tree)).equals(await packed(other)), 'without it their own times are kept');
  t.ok(
    (await packed(tree, '', { latest: 5 })).equals(await packed(other, '', { latest: 5 })),
    'and with one that is the latest',
  );
  t.equal(one.length % 512, 0);
  const file = (name: string, time: string, env = {}): Buffer => {
    const out = join(scratch(), name);
    t.equal(
      mountroot(
        [
          'ramdisk',
          'pack',
          name === 'one' ? tree : other,
          '-o',
          out,
          ...(time === '' ? [] : ['--time', time]),
        ],
        { env },
      ).status,
      0,
    );
    return readFileSync(out);
  };
  t.ok(file('one', '7').equals(file('two', '7')), 'also as a compressed file');
  t.ok(
    file('one', '', { SOURCE_DATE_EPOCH: '7' }).equals(file('two', '', { SOURCE_DATE_EPOCH: '7' })),
  );
});

t.test(
  'names that are not UTF-8 are packed with their bytes, beside a name that looks the same',
  async (t) => {
    const top = scratch();
    const name = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${top}/`), bytes]);
    // An é in Latin-1, in UTF-8, and as the two bytes of the UTF-8 in a name that another byte
    // makes invalid.
    for (const bytes of [[0xe9], [0xc3, 0xa9], [0xc3, 0xa9, 0xff], [0xed, 0xb3, 0xa9]])
      writeFileSync(name(Buffer.from(bytes)), Buffer.from(bytes));
    mkdirSync(name(Buffer.from([0xfe])));
    mkdirSync(name(Buffer.from([0xff])));
    for (const folder of [0xfe, 0xff])
      writeFileSync(name(Buffer.from([folder, 0x2f, 0x61])), 'inside');
    const there = scratch();
    through('cpio', ['-idm', '--quiet', '-D', there], await packed(top));
    t.same(describe(there, { times: 'files' }), describe(top, { times: 'files' }));
    t.equal(Object.keys(describe(top)).length, 8);
  },
);

/** GNU cpio's report of each member: name → `mode uid gid numbers`. */
function told(bytes: Buffer): Record<string, string> {
  const rows = through('cpio', ['-tvn', '--quiet'], bytes).toString().trimEnd().split('\n');
  return Object.fromEntries(
    rows
      .map((row) => /^(\S+) +\d+ +(\d+) +(\d+) +(\d+(?:, +\d+)?) .* \d\d\d\d (.*)$/.exec(row)!)
      .map(([, mode, uid, gid, size, name]): [string, string] => [
        name!,
        `${mode} ${uid}:${gid}${size!.includes(',') ? ` ${size!.replace(/ /g, '')}` : ''}`,
      ]),
  );
}

t.test('a table gives owners, modes and device nodes without root', async (t) => {
  const top = scratch();
  for (const folder of ['bin', 'dev', 'etc', 'etc/init.d']) mkdirSync(join(top, folder));
  for (const file of ['bin/busybox', 'etc/shadow', 'etc/init.d/rcS'])
    writeFileSync(join(top, file), file, { mode: 0o644 });
  linkSync(join(top, 'bin/busybox'), join(top, 'bin/ash'));
  symlinkSync('shadow', join(top, 'etc/link'));
  const table = [
    '# name type mode uid gid major minor start inc count',
    '',
    '/etc r 640 1 2 - - - - -  # with a remark',
    '/etc/shadow f 0600 0 42',
    '/bin/busybox f 4755 0 0 - - - - -',
    '/etc/missing F 600 0 0 - - - - -',
    '/dev d 755 0 0 - - - - -',
    '/dev/tty c 666 0 5 5 0 - - -',
    '/dev/tty c 620 0 5 4 0 0 1 2\r',
    '/dev/mtdblock b 640 0 0 31 8 4 2 2',
    '/dev/initctl p 600 0 0 - - - - -',
    '/run/ d 1777 3 4 - - - - -',
    '/run/log s 666 0 0 - - - - -',
  ];
  const bytes = await packed(top, table.join('\n'), { owner: { uid: 9, gid: 9 }, time: TIME });
  t.same(told(bytes), {
    bin: 'drwxr-xr-x 9:9',
    // Both are one file, and the kernel applies the last attributes.
    'bin/ash': '-rwsr-xr-x 0:0',
    'bin/busybox': '-rwsr-xr-x 0:0',
    dev: 'drwxr-xr-x 0:0',
    'dev/initctl': 'prw------- 0:0',
    'dev/mtdblock4': 'brw-r----- 0:0 31,8',
    'dev/mtdblock5': 'brw-r----- 0:0 31,10',
    'dev/tty': 'crw-rw-rw- 0:5 5,0',
    'dev/tty0': 'crw--w---- 0:5 4,0',
    'dev/tty1': 'crw--w---- 0:5 4,1',
    etc: 'drwxr-x--- 1:2',
    'etc/init.d': 'drwxr-x--- 1:2',
    'etc/init.d/rcS': '-rw-r----- 1:2',
    'etc/link -> shadow': 'lrwxrwxrwx 1:2',
    'etc/shadow': '-rw------- 0:42',
    run: 'drwxrwxrwt 3:4',
    'run/log': 'srw-rw-rw- 0:0',
  });
  const again = applied(top, '/dev/console c 600 0 0 5 1 - - -\n/dev/console c 640 0 0 5 2 - - -');
  t.match(
    again.get('dev/console'),
    { mode: 0o640, major: 5, minor: 2 },
    'of two lines for one name the last holds',
  );
});

function applied(top: string, table: string): ReturnType<typeof readTree> {
  const members = readTree(top);
  applyTable(table, 'devices.txt', members, TIME);
  return members;
}

t.test('each unusable line of a table is refused in one sentence, with its number', async (t) => {
  const top = scratch();
  mkdirSync(join(top, 'dev'));
  mkdirSync(join(top, 'dev/null1'));
  writeFileSync(join(top, 'file'), '');
  const cases: [string, RegExp][] = [
    ['/file f 644 0', /it has fewer than five words; a line is `name type mode uid gid/],
    ['/file f 644 0 0 - - - - - -', /it has 11 words, which is more than ten/],
    ['file f 644 0 0', /"file" is no absolute path/],
    ['/dev/../../x d 755 0 0', /"\/dev\/..\/..\/x" is no absolute path/],
    ['/file x 644 0 0', /"x" is no type; there are f F d r c b p s/],
    ['/file constructor 644 0 0', /"constructor" is no type/],
    ['/file f 888 0 0', /the mode "888" is no number up to 7777/],
    ['/file f 10000 0 0', /the mode "10000" is no number/],
    ['/file f - 0 0', /a mode is needed/],
    ['/file f 644 root 0', /the owner "root" is no number up to 4294967294/],
    ['/file f 644 0 4294967295', /the group "4294967295" is no number/],
    ['/file f 644 -2 0', /the owner "-2"/],
    ['/file f -2 0 0', /the mode "-2" is no number up to 7777/],
    ['/dev/x c -1 0 0 1 3', /\/dev\/x is new, so it has no mode that could stay/],
    ['/dev/x c 600 0 0 4 1048575 0 1 2', /its last minor number is more than 1048575/],
    ['|xattr cap_net_raw+ep', /\|xattr stands before any file/],
    ['|xattr', /\|xattr has one word behind it/],
    ['/dev/x c 600 0 0 4096 0 - - -', /the major number "4096" is no number up to 4095/],
    ['/dev/x c 600 0 0 1 1048576 - - -', /the minor number "1048576"/],
    ['/dev/x c 600 0 0', /a device node needs a major and a minor number/],
    ['/dev/x b 600 0 0 31 - - - -', /a device node needs a major and a minor number/],
    ['/dev/x c 600 0 0 4 0 0 1 10001', /count "10001" is no number up to 10000/],
    ['/dev/x c 600 0 0 4 0 a 1 1', /start "a"/],
    ['/dev/x c 600 0 0 4 0 0 1.5 1', /inc "1.5"/],
    ['/gone f 644 0 0', /there is no file \/gone in the tree; use F/],
    ['/gone r 644 0 0', /\/gone is no directory of the tree/],
    ['/file d 755 0 0', /\/file is a file in the tree, and no directory/],
    ['/dev/null c 666 0 0 1 3 0 1 2', /\/dev\/null1 is a directory in the tree, and no character/],
    ['/gone/x c 600 0 0 1 3', /\/gone\/x has no directory to be in; add a line `\/gone d 755/],
    ['/file/x c 600 0 0 1 3', /\/file\/x has no directory to be in/],
  ];
  for (const [line, says] of cases) {
    t.throws(
      () => applied(top, `# first\n\n${line}\n`),
      { name: 'TableError', message: says },
      line,
    );
    t.throws(
      () => applied(top, `# first\n\n${line}\n`),
      { message: /^devices\.txt, line 3: [^\n]+$/ },
      line,
    );
  }
});

t.test('files that change during packing are refused', async (t) => {
  const top = scratch();
  writeFileSync(join(top, 'log'), 'four');
  for (const text of ['longer', 'x']) {
    const members = membersInOrder(readTree(top)).filter(({ name }) => name !== '.');
    writeFileSync(join(top, 'log'), text);
    await t.rejects(collected(packCpio(members)), {
      name: 'TreeError',
      message: /^cannot pack \S+\/log: it has changed from \d bytes while it was read/,
    });
  }
});
