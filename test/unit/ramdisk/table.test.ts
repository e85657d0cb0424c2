import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { Member } from '../../../src/ramdisk/member.js';
import { readTree } from '../../../src/ramdisk/source-tree.js';
import { applyTable } from '../../../src/ramdisk/table.js';

const TIME = 1_700_000_000;

interface Outcome {
  /** `mode uid:gid major:minor` of each file. */
  files: Record<string, string>;
  warnings: string[];
}

function describe({ mode, uid, gid, major, minor }: Member): string {
  const node = major === undefined ? '' : ` ${major}:${minor}`;
  return `${mode.toString(8)} ${uid}:${gid}${node}`;
}

/** The tree of a board, with a merged /usr. */
function tree(top: string): string {
  for (const folder of ['dev', 'etc', 'usr', 'usr/bin', 'run'])
    mkdirSync(join(top, folder), { mode: 0o755 });
  const files = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n',
    'etc/group': 'root:x:0:\nwww-data:x:34:\n',
    'etc/shadow': '',
    'usr/bin/ping': '',
    'usr/bin/su': '',
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(top, name), text, { mode: 0o644 });
  linkSync(join(top, 'usr/bin/su'), join(top, 'usr/bin/sudo'));
  symlinkSync('usr/bin', join(top, 'bin'));
  symlinkSync('/usr/bin/su', join(top, 'etc/su'));
  symlinkSync('nowhere', join(top, 'etc/broken'));
  symlinkSync('loop', join(top, 'etc/loop'));
  return top;
}

function after(top: string, ...lines: string[]): Outcome {
  const members = readTree(top, { owner: { uid: 9, gid: 9 }, time: TIME });
  const warnings = applyTable(lines.join('\n'), 'table', members, TIME);
  return {
    files: Object.fromEntries([...members].map(([name, member]) => [name, describe(member)])),
    warnings,
  };
}

t.test('-1 keeps the mode, the owner or the group', (t) => {
  const top = tree(t.testdir());
  t.equal(after(top, '/etc/shadow f 600 -1 0').files['etc/shadow'], '600 9:0');
  t.equal(after(top, '/etc/shadow f 600 0 -1').files['etc/shadow'], '600 0:9');
  t.equal(after(top, '/etc/shadow f -1 1 2').files['etc/shadow'], '644 1:2');
  const { files } = after(top, '/usr r -1 5 -1 - - - - -');
  t.same(
    [files['usr'], files['usr/bin'], files['usr/bin/ping']],
    ['755 5:9', '755 5:9', '644 5:9'],
  );
  t.end();
});

t.test('users and groups are numbers, or names that the tree knows', (t) => {
  const top = tree(t.testdir());
  t.equal(after(top, '/etc/shadow f 600 www-data www-data').files['etc/shadow'], '600 33:34');
  for (const [line, says] of [
    [
      '/etc/shadow f 600 nobody 0',
      /the owner "nobody" is no number .* in \/etc\/passwd of the tree/,
    ],
    ['/etc/shadow f 600 0 nobody', /the group "nobody" .* in \/etc\/group of the tree/],
    ['/etc/shadow f 600 - 0', /the owner "-" is no number/],
  ] as const)
    t.throws(() => after(top, line), { name: 'TableError', message: says });
  t.end();
});

t.test('directories that are missing above a directory are made', (t) => {
  const { files, warnings } = after(tree(t.testdir()), '/var/www/html d 750 33 33 - - - - -');
  t.match(files, { var: '777 0:0', 'var/www': '777 0:0', 'var/www/html': '750 33:33' });
  t.match(warnings, [/line 1: makes \/var too, with mode 777/, /makes \/var\/www too/]);
  t.same(after(t.testdirName, '/new d -1 -1 -1').files['new'], '777 0:0');
  t.end();
});

t.test('F passes over what is no file, and f does not', (t) => {
  const top = tree(t.testdir());
  for (const path of ['/gone', '/gone/further', '/run', '/etc/broken', '/etc/loop']) {
    t.same(after(top, `${path} F 600 0 0 - - - - -`).files, after(top).files, path);
    t.throws(() => after(top, `${path} f 600 0 0`), { name: 'TableError' }, path);
  }
  t.end();
});

t.test('names lead through symlinks of the tree, and to what one leads to', (t) => {
  const top = tree(t.testdir());
  const { files } = after(top, '/bin/ping f 4755 0 0 - - - - -');
  t.equal(files['usr/bin/ping'], '4755 0:0');
  const linked = after(top, '/etc/su f 4755 0 0').files;
  t.same([linked['usr/bin/su'], linked['usr/bin/sudo']], ['4755 0:0', '4755 0:0']);
  t.match(after(top, '/bin/node c 600 0 0 1 3').files['usr/bin/node'], '600 0:0 1:3');
  t.equal(after(top, '/bin r 700 1 1').files['bin'], '777 1:1', 'r changes the symlink itself');
  t.equal(after(top, '/bin r 700 1 1').files['usr/bin/su'], '644 9:9');
  t.equal(after(top, '/etc/shadow r 600 1 1').files['etc/shadow'], '600 1:1', 'r takes a file too');
  t.end();
});

t.test('a series of nodes has numbers; a series of one has none', (t) => {
  const { files } = after(
    tree(t.testdir()),
    '/dev/uio b 640 0 0 252 0 1 2 3',
    '/dev/uio b 640 0 0 252 1 6 2 2',
    '/dev/rtc c 640 0 0 254 0 0 1 1',
    '/dev/p p 640 0 0 - - 1 1 2',
  );
  const nodes = Object.entries(files).filter(([name]) => name.startsWith('dev/'));
  t.same(Object.fromEntries(nodes), {
    'dev/uio1': '640 0:0 252:0',
    'dev/uio2': '640 0:0 252:2',
    'dev/uio3': '640 0:0 252:4',
    'dev/uio6': '640 0:0 252:1',
    'dev/uio7': '640 0:0 252:3',
    'dev/rtc': '640 0:0 254:0',
    'dev/p1': '640 0:0',
    'dev/p2': '640 0:0',
  });
  t.end();
});

t.test('attributes are counted, for a ramdisk cannot hold them', (t) => {
  const { warnings } = after(
    tree(t.testdir()),
    '/bin/ping f 755 0 0 - - - - -',
    '  |xattr cap_net_raw+ep',
    '|xattr cap_net_admin+ep # and a remark',
  );
  t.match(warnings, [/^table has 2 lines of attributes \(\|xattr\), which a ramdisk cannot hold/]);
  t.end();
});

t.test('remarks stand at the beginning or behind the words; blank lines count for nothing', (t) => {
  const top = tree(t.testdir());
  writeFileSync(join(top, 'etc/a#b'), '');
  const { files } = after(
    top,
    '',
    '   ',
    '\t# x',
    '#/etc/shadow f 600 1 1',
    '/etc/a#b f 600 1 1 # x',
  );
  t.equal(files['etc/a#b'], '600 1:1');
  t.equal(files['etc/shadow'], '644 9:9');
  t.end();
});

t.test('any text is a table or an error in one sentence that names the line', (t) => {
  const top = tree(t.testdir());
  const word = fc.oneof(
    fc.constantFrom(
      '/etc',
      '/bin/su',
      '/new/er',
      '|xattr',
      '#',
      '-',
      '-1',
      '0',
      '777',
      '5',
      'root',
    ),
    fc.constantFrom('f', 'F', 'd', 'r', 'c', 'b', 'p', 's', 'x'),
    fc.string({ maxLength: 6 }),
  );
  const line = fc.array(word, { maxLength: 11 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      try {
        after(top, ...lines);
      } catch (error) {
        const { name, message } = error as Error;
        if (name !== 'TableError' || !/^table, line \d+: [^\n]+$/.test(message)) throw error;
      }
    }),
  );
  t.end();
});
