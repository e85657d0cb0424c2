/** OpenWrt's /etc/config/fstab, read as fstools' `block` reads it. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { fstabRequest, requestIn, uciNumber } from '../../../src/facts/fstab.js';
import { imageUuid } from '../../../src/facts/image-uuid.js';
import { md5Words } from '../../../src/facts/md5.js';
import { parseUci, UCI_LIMITS, UciRefused } from '../../../src/facts/uci.js';
import type { Reader } from '../../../src/system/port.js';
import type { FactsProblem } from '../../../src/text/problem-text.js';
import { mount } from '../../fixtures/facts.js';

const read = (text: string) => {
  const problems: FactsProblem[] = [];
  return { request: requestIn(text, 'fstab', problems), problems };
};

t.test('quotes, comments and abbreviations are read as libuci reads them', async (t) => {
  const [section] = parseUci(
    `# a comment\npackage fstab\nconfig mount 'extroot' # another\n` +
      `\toption target "/over\\"lay"\n\toption 'uuid' 'a\\b'c\n option label x\\ y;o device d\n`,
  );
  t.match(section, { type: 'mount', name: 'extroot', line: 3 });
  t.same(
    [...section!.options].map(([name, { value, line }]) => [name, value, line]),
    [
      ['target', '/over"lay', 4],
      ['uuid', 'a\\bc', 5],
      ['label', 'x y', 6],
      ['device', 'd', 6],
    ],
  );
});

t.test('a broken file is refused with the number of its line', async (t) => {
  for (const [text, line, why] of [
    ["config mount\noption target 'x", 2, /quote ' has no end/],
    ['config mount\nnonsense here', 2, /no command/],
    ['option a b', 1, /before any config/],
    ['config mount\n\noption a', 3, /a name and a value/],
    ['config', 1, /takes a type/],
    [`config mount\noption a ${'x'.repeat(UCI_LIMITS.text + 1)}`, 2, /characters/],
    ['config mount\n'.repeat(UCI_LIMITS.sections + 1), UCI_LIMITS.sections + 1, /sections/],
    ['#'.repeat(UCI_LIMITS.bytes + 1), 1, /bytes/],
    [`config mount\n${'list a b\n'.repeat(UCI_LIMITS.options + 1)}`, 2050, /options/],
  ] as const)
    t.throws(() => parseUci(text), Object.assign(new UciRefused(line, ''), { message: why, line }));
});

t.test('numbers are those of strtol(3)', async (t) => {
  for (const [text, value] of [
    ...([
      ['1', 1],
      ['0', 0],
      ['', 0],
      ['0x10', 16],
      ['010', 8],
      ['-1', -1],
    ] as const),
    ...([
      ['no', null],
      ['08', null],
      ['1x', null],
      [undefined, null],
    ] as const),
  ] as const)
    t.equal(uciNumber(text), value, text ?? 'nothing');
});

const EXTROOT = `config global
	option anon_mount '0'
	option delay_root '15'
	option check_fs '1'

config mount 'data'
	option target '/mnt/data'
	option uuid '1'

config mount 'extroot'
	option target '/overlay'
	option uuid 'AB-cd'
	option label 'ext'
	option device '/dev/sda1'
	option options 'rw,noatime,nodev,data=journal,sync'
	option enabled '1'
`;

t.test('the section for the root, and what is not heeded, with its line', async (t) => {
  const { request, problems } = read(EXTROOT);
  t.same(request, {
    file: 'fstab',
    line: 10,
    names: ['UUID=ab-cd', 'LABEL=ext', '/dev/sda1'],
    target: 'overlay',
    delay: 15,
    flags: ['MS_NOATIME', 'MS_NODEV'],
    data: 'data=journal',
  });
  t.match(problems, [
    { code: 'fstab-line', line: 4, what: /check_fs is not heeded/ },
    { code: 'fstab-line', line: 15, what: /sync are not heeded/ },
  ]);
});

t.test('which section counts', async (t) => {
  const section = (target: string, uuid: string, more = ''): string =>
    `config mount\noption target ${target}\noption uuid ${uuid}\n${more}\n`;
  const first = (text: string) => read(text).request?.names[0];
  t.equal(first(section('/overlay', 'a') + section('/', 'z')), 'UUID=z', '/ before /overlay');
  t.equal(first(section('/overlay', 'b') + section('/overlay', 'a')), 'UUID=a', 'in their order');
  t.equal(first(section('/overlay', 'a', 'option enabled 0')), undefined);
  t.equal(first(section('/overlay', 'a', 'option enabled no')), 'UUID=a', 'a word is no number');
  t.equal(first(section('/overlay/', 'a')), undefined, 'only the exact path');
  t.equal(first('config mount\noption target /overlay\n'), undefined, 'without a device');
  t.equal(first('config swap\noption target /overlay\noption uuid a\n'), undefined);
});

t.test('a broken file leaves the next one in force, and is told', async (t) => {
  const problems: FactsProblem[] = [];
  const files = [
    { file: 'missing', text: null },
    { file: 'broken', text: 'nonsense' },
    { file: 'usable', text: EXTROOT },
    { file: 'later', text: 'config mount\noption target /\noption uuid x\n' },
  ];
  t.equal(fstabRequest(files, problems)?.file, 'usable');
  t.match(problems[0], { code: 'fstab-broken', file: 'broken', why: /^line 1: / });
  t.equal(fstabRequest([{ file: 'x', text: 'config mount x\n' }, ...files], []), null);
});

t.test('random text is read or refused, never more', async (t) => {
  const parts = [
    'config ',
    'mount',
    'option ',
    'target ',
    "'",
    '"',
    '\\',
    '\n',
    '/overlay',
    ';',
    '#',
  ];
  let seed = 7;
  const next = (): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31);
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: next() % 30 }, () => parts[next() % parts.length]).join('');
    try {
      parseUci(text);
    } catch (error) {
      t.ok(error instanceof UciRefused, JSON.stringify(text));
    }
  }
});

t.test('an image has the UUID that fstools gives it', async (t) => {
  for (const length of [0, 1, 55, 56, 63, 64, 96, 200]) {
    const bytes = Buffer.alloc(length, 0xa5);
    const sum = createHash('md5').update(bytes).digest();
    t.same(
      md5Words(bytes),
      [0, 4, 8, 12].map((at) => sum.readUInt32LE(at)),
      `${length}`,
    );
  }
  const squashfs = Buffer.alloc(4096, 1);
  squashfs.writeUInt32LE(0x73717368, 0);
  const reader = {
    readText: () => 'MAJOR=31\nDEVNAME=mtdblock2\n',
    readBytes: (path: string, from: number, length: number) =>
      path === '/dev/mtdblock2' ? squashfs.subarray(from, from + length) : Buffer.alloc(0),
  } as unknown as Reader;
  const sum = createHash('md5').update(squashfs.subarray(0, 96)).digest();
  const words = [12, 8, 4, 0].map((at) => sum.readUInt32LE(at).toString(16).padStart(8, '0'));
  t.equal(imageUuid(reader, mount('/', { device: '31:2' })), words.join('-'));
  t.equal(imageUuid({} as Reader, mount('/')), null);
});
