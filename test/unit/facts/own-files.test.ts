import t from 'tap';
import { ownText, recordFile, recordFolder } from '../../../src/facts/own-files.js';
import { RUN_RECORDS, TMP_RECORDS } from '../../../src/facts/places.js';
import type { Details, Reader } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';

type Looks = Pick<Reader, 'details' | 'kind' | 'readText'>;

const ROOTS = ['/', '/run', '/tmp'];

/** A board with a mount of a type on /run, and these paths with their owners. */
function board(run: string | null, owners: Record<string, number> = {}): Looks {
  const all: Record<string, number> = {
    ...Object.fromEntries(ROOTS.map((path) => [path, 0])),
    ...owners,
  };
  const missing = (path: string): SystemError =>
    new SystemError({ what: `read ${path}`, syscall: 'open', errno: 'ENOENT', path });
  const isFile = (path: string): boolean => /\.\w+$/.test(path);
  return {
    kind: (path) => {
      if (all[path] === undefined) return 'missing';
      return isFile(path) ? 'file' : 'directory';
    },
    details: (path) => {
      if (all[path] === undefined) throw missing(path);
      const kind = isFile(path) ? 'file' : 'directory';
      const mode = path === '/tmp' ? 0o1777 : 0o755;
      return { kind, uid: all[path], mode, links: 1 } as Details;
    },
    readText: (path) => {
      if (path === '/proc/self/mountinfo')
        return (
          '1 0 0:1 / / rw - ext4 /dev/root rw\n' +
          (run === null ? '' : `2 1 0:2 / /run rw - ${run} runtime rw\n`)
        );
      if (all[path] === undefined) throw missing(path);
      return `text of ${path}`;
    },
  };
}

const RUN_HAS = { [RUN_RECORDS]: 0, [`${RUN_RECORDS}/journal.ndjson`]: 0 };
const TMP_HAS = { [TMP_RECORDS]: 0, [`${TMP_RECORDS}/journal.ndjson`]: 0 };

for (const [what, run, owners, expected] of [
  ['/run in memory takes them', 'tmpfs', {}, RUN_RECORDS],
  ['no mount on /run', null, {}, TMP_RECORDS],
  ['a /run that lasts is no place for them', 'ext4', {}, TMP_RECORDS],
  ['what a start left in /run', 'tmpfs', RUN_HAS, RUN_RECORDS],
  ['both, of a start in /run', 'tmpfs', { ...RUN_HAS, ...TMP_HAS }, RUN_RECORDS],
  ['a /run that was mounted after the start', 'tmpfs', TMP_HAS, TMP_RECORDS],
  ['only a mountpoint of ours in /tmp', 'tmpfs', { [TMP_RECORDS]: 0 }, RUN_RECORDS],
  [
    'the record of the script that went first',
    'tmpfs',
    { [TMP_RECORDS]: 0, [`${TMP_RECORDS}/script.log`]: 0 },
    TMP_RECORDS,
  ],
  [
    'a folder in /tmp that a user made',
    'tmpfs',
    { [TMP_RECORDS]: 1000, [`${TMP_RECORDS}/journal.ndjson`]: 1000 },
    RUN_RECORDS,
  ],
] as const)
  t.test(`the folder of this boot: ${what}`, (t) => {
    t.equal(recordFolder(board(run, owners)), expected);
    t.end();
  });

t.test('a board without /proc has its files in /tmp', (t) => {
  const blind = {
    ...board('tmpfs'),
    readText: () => {
      throw new Error('there is no /proc');
    },
  };
  t.equal(recordFile(blind, 'lock'), '/tmp/mountroot/lock');
  t.end();
});

t.test('a file is read where the start left it, and only if root made it', (t) => {
  t.equal(
    ownText(board('tmpfs', RUN_HAS), 'journal.ndjson'),
    `text of ${RUN_RECORDS}/journal.ndjson`,
  );
  t.equal(ownText(board(null, TMP_HAS), 'journal.ndjson'), `text of ${TMP_RECORDS}/journal.ndjson`);
  t.throws(
    () => ownText(board(null, { ...TMP_HAS, [TMP_RECORDS]: 1000 }), 'journal.ndjson'),
    /\/tmp\/mountroot belongs to user 1000, so \/tmp\/mountroot\/journal.ndjson is not believed/,
  );
  t.end();
});
