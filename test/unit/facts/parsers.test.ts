import t from 'tap';
import { nameOf, pathOf } from '../../../src/system/names.js';
import { problemSentence, type FactsProblem } from '../../../src/text/problem-text.js';
import { parseCommandLine } from '../../../src/facts/cmdline.js';
import { parseFilesystems } from '../../../src/facts/filesystems.js';
import {
  childrenOf,
  hiddenMounts,
  parseMountinfo,
  visibleAt,
} from '../../../src/facts/mountinfo.js';
import { parseMtd } from '../../../src/facts/mtd.js';

t.test('the kernel command line is split as the kernel splits it', async (t) => {
  const parse = (text: string): Record<string, string> =>
    Object.fromEntries(parseCommandLine(text));
  t.same(parse('console=ttyAMA0,115200 ro root=/dev/mtdblock2\n'), {
    console: 'ttyAMA0,115200',
    ro: '',
    root: '/dev/mtdblock2',
  });
  t.same(parse('a="two words" "b=more of them" c'), { a: 'two words', b: 'more of them', c: '' });
  t.same(parse('root=first root=last'), { root: 'last' }, 'of a repeated name the last counts');
  t.same(parse('a=1 -- b=2'), { a: '1' }, 'what follows -- belongs to init');
  t.same(parse('mtdparts=40000000.flash:512k(u-boot),-(data)'), {
    mtdparts: '40000000.flash:512k(u-boot),-(data)',
  });
  t.same(parse(''), {});
  t.same(parse('a="never closed'), { a: 'never closed' });
});

t.test('a file system matches only by its whole name', async (t) => {
  const types = parseFilesystems('nodev\tsysfs\nnodev\toverlayfs\n\tsquashfs\n\tjffs2\n');
  t.same(types, ['sysfs', 'overlayfs', 'squashfs', 'jffs2']);
  t.notOk(types.includes('overlay'), 'overlayfs is not overlay');
  t.same(parseFilesystems(''), []);
});

t.test('/proc/mtd is read with any characters in names, and bad lines are reported', async (t) => {
  const problems: FactsProblem[] = [];
  const text =
    'dev:    size   erasesize  name\nmtd0: 00080000 00040000 "u-boot"\nmtd12: 04000000 ' +
    '00020000 "a "b" c"\nmtd1: zz 00040000 "x"\n';
  t.same(parseMtd(text, problems), [
    { index: 0, name: 'u-boot', size: 0x80000, eraseBlock: 0x40000 },
    { index: 12, name: 'a "b" c', size: 0x4000000, eraseBlock: 0x20000 },
  ]);
  t.equal(problems.length, 1);
  t.match(
    problemSentence(problems[0]!),
    /^\/proc\/mtd has a line that is not understood.*mtd1: zz/,
  );
});

t.test('mountinfo is read with escapes, optional fields and a mountpoint named "-"', async (t) => {
  const problems: FactsProblem[] = [];
  const [root, blank, dash, utf8] = parseMountinfo(
    [
      '21 1 0:15 / / rw,noatime shared:5 master:2 propagate_from:3 - overlay ' +
        'overlayfs:/overlay rw,lowerdir=/,upperdir=/overlay/upper',
      '22 21 8:1 /sub\\040dir /mnt/my\\040disk\\134 ro unbindable - ext4 /dev/sda1 ro',
      '23 21 0:3 / - rw - tmpfs - rw',
      '24 21 0:4 / /m\\303\\274ll rw - tmpfs tmpfs rw',
      'not a line of it',
      '25 21 0:4 / /cut rw',
      '',
    ].join('\n'),
    problems,
  );
  t.match(root, {
    id: 21,
    parent: 1,
    device: '0:15',
    mountpoint: '/',
    shared: 5,
    master: 2,
    fstype: 'overlay',
    source: 'overlayfs:/overlay',
    superOptions: ['rw', 'lowerdir=/', 'upperdir=/overlay/upper'],
  });
  t.match(blank, {
    root: '/sub dir',
    mountpoint: '/mnt/my disk\\',
    options: ['ro'],
    unbindable: true,
  });
  t.equal(blank?.shared, undefined);
  t.match(dash, { mountpoint: '-', fstype: 'tmpfs', source: '-' });
  t.equal(utf8?.mountpoint, '/müll');
  t.equal(problems.length, 2);
});

t.test(
  'the visible one of stacked mounts is found, and mounts on a mount are listed once',
  async (t) => {
    const mounts = parseMountinfo(
      '1 0 8:1 / / rw - ext4 a rw\n2 1 0:2 / /tmp rw - tmpfs below rw\n3 2 0:3 / /tmp rw ' +
        '- tmpfs above rw\n4 1 0:4 / /dev rw - devtmpfs d rw\n5 4 0:5 / /dev/pts rw - ' +
        'devpts p rw\n',
    );
    t.equal(visibleAt(mounts, '/tmp')?.source, 'above');
    t.equal(visibleAt(mounts, '/nothing'), undefined);
    t.same([...hiddenMounts(mounts)], [2]);
    t.same(childrenOf(mounts, mounts[0]!), ['/tmp', '/dev']);
  },
);

t.test('no parser throws on any input', async (t) => {
  // xorshift32: the same thousand inputs in every run.
  let state = 0x9e3779b9;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const pieces = [
    'mtd',
    '0',
    ':',
    ' ',
    '"',
    '\n',
    '-',
    '\\040',
    '\\9',
    '1:2',
    '/',
    'rw',
    'shared:',
    '\t',
    'nodev',
    '=',
    '\0',
    'é',
    '--',
  ];
  for (let round = 0; round < 1000; round++) {
    const text = Array.from({ length: random(40) }, () => pieces[random(pieces.length)]).join('');
    for (const parse of [parseCommandLine, parseFilesystems, parseMtd, parseMountinfo])
      t.doesNotThrow(() => parse(text), { text });
    t.doesNotThrow(() => visibleAt(parseMountinfo(text), '/'));
  }
});

t.test('a mountpoint is bytes, escaped or not, and need not be UTF-8', async (t) => {
  const every = Buffer.from(Array.from({ length: 255 }, (_, at) => at + 1));
  const escaped = every
    .toString('latin1')
    .replace(/[ \t\n\\#]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);
  const file = Buffer.concat([
    Buffer.from('7 1 0:9 / /mnt/'),
    Buffer.from(escaped, 'latin1'),
    Buffer.from(' rw - tmpfs odd rw\n'),
  ]);
  const [mount] = parseMountinfo(nameOf(file));
  t.same(Buffer.from(pathOf(mount!.mountpoint)), Buffer.concat([Buffer.from('/mnt/'), every]));
});
