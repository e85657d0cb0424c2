import t from 'tap';
import { putOnBench } from '../harness/board.js';

/**
 * Ordinary uses of a root, on files and directories from the image. Each works on an ordinary file
 * system.
 */
const OPERATIONS = [
  'mv /etc/hostname /etc/hostname.old && test ! -e /etc/hostname && test "$(cat ' +
    '/etc/hostname.old)" = board',
  'rm -r /usr/share && test ! -e /usr/share',
  'mkdir /usr/share && test -z "$(ls -A /usr/share)"',
  'mv /usr/share /usr/renamed && test ! -e /usr/share && test -d /usr/renamed',
  'rm /etc/group && mkdir /etc/group && touch /etc/group/file && mv /etc/group /etc/moved && ' +
    'test -e /etc/moved/file && test ! -e /etc/group',
  'ln -s target /etc/link && mv /etc/link /etc/os-release && test "$(readlink ' +
    '/etc/os-release)" = target',
  'mv /etc/passwd /tmp/passwd && mv /tmp/passwd /etc/passwd && grep -q ^root: /etc/passwd',
  'mkdir -p /root/a/b && mv /root/a /srv && test -d /srv/b',
  'rm -r /root && mkdir /root && touch /root/new && test "$(ls -A /root)" = new',
];

const AFTERWARDS = [
  'test ! -e /etc/hostname && test "$(cat /etc/hostname.old)" = board',
  'test ! -e /usr/share && test -d /usr/renamed && test -z "$(ls -A /usr/renamed)"',
  'test -e /etc/moved/file && test ! -e /etc/group && test "$(readlink /etc/os-release)" = ' +
    'target && grep -q ^root: /etc/passwd',
  'test -d /srv/b && test "$(ls -A /root)" = new',
];

t.test(
  'files of the image can be renamed, removed and replaced, also across a power cut',
  async (t) => {
    const bench = await putOnBench(t);
    const first = await bench.bootToInit();
    t.notMatch(first.console, /upper fs does not support RENAME_WHITEOUT/);
    for (const operation of OPERATIONS)
      t.match(await first.run(`(${operation}) 2>&1`), { status: 0, output: '' }, operation);
    await first.output('sync');
    await first.kill();

    const second = await bench.bootToInit();
    for (const check of AFTERWARDS) t.match(await second.run(check), { status: 0 }, check);
    await second.powerOff();
  },
);
