/** Root believes a file in /tmp only if nobody else can have made it or can exchange it. */
import t from 'tap';
import type { Details } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { foreignIn, refuseForeign, whyNotRoots } from '../../../src/system/trust.js';

const FILE = '/tmp/mountroot/state.json';

type Made = Pick<Details, 'kind' | 'uid' | 'mode' | 'links'>;

const made = (kind: Made['kind'], mode: number, uid = 0, links = 1): Made => ({
  kind,
  mode,
  uid,
  links,
});

const SOUND: Readonly<Record<string, Made>> = {
  '/tmp': made('directory', 0o1777, 0, 3),
  '/tmp/mountroot': made('directory', 0o755, 0, 2),
  [FILE]: made('file', 0o644),
};

const machine = (changes: Record<string, Made | string>) => ({
  details: (path: string): Details => {
    const found = { ...SOUND, ...changes }[path] ?? 'ENOENT';
    if (typeof found === 'string')
      throw new SystemError({ what: 'examine', syscall: 'lstat', errno: found, path });
    return found as Details;
  },
});

const CASES: readonly [change: Record<string, Made | string>, why: string | null][] = [
  [{}, null],
  [{ [FILE]: 'ENOENT' }, null],
  [{ '/tmp/mountroot': 'ENOENT', [FILE]: 'ENOENT' }, null],
  [{ '/tmp': made('directory', 0o755) }, null],
  [{ '/tmp': made('directory', 0o777) }, 'others may write to /tmp (mode 0777)'],
  [{ '/tmp': made('directory', 0o1777, 1000) }, '/tmp belongs to user 1000'],
  [{ '/tmp': made('symlink', 0o777) }, '/tmp is a symlink and no directory'],
  [{ '/tmp/mountroot': made('directory', 0o755, 1000) }, '/tmp/mountroot belongs to user 1000'],
  [
    { '/tmp/mountroot': made('directory', 0o1777) },
    'others may write to /tmp/mountroot (mode 1777)',
  ],
  [
    { '/tmp/mountroot': made('directory', 0o775) },
    'others may write to /tmp/mountroot (mode 0775)',
  ],
  [{ '/tmp/mountroot': made('symlink', 0o777) }, '/tmp/mountroot is a symlink and no directory'],
  [{ '/tmp/mountroot': 'EACCES' }, '/tmp/mountroot cannot be examined (EACCES)'],
  [{ [FILE]: made('file', 0o644, 1000) }, `${FILE} belongs to user 1000`],
  [{ [FILE]: made('file', 0o646) }, `others may write to ${FILE} (mode 0646)`],
  [{ [FILE]: made('file', 0o644, 0, 2) }, `${FILE} has 2 names`],
  [{ [FILE]: made('symlink', 0o777) }, `${FILE} is a symlink`],
];

t.test('each way to make or to exchange a file is seen', async (t) => {
  for (const [change, why] of CASES) {
    t.equal(whyNotRoots(machine(change), FILE), why, JSON.stringify(change));
    const refuse = (): void =>
      refuseForeign(machine(change), FILE, { what: `lock ${FILE}`, syscall: 'flock', path: FILE });
    if (why === null || why.includes('1777')) t.doesNotThrow(refuse);
    else t.throws(refuse, { errno: 'EPERM', message: why });
  }
});

t.test('the part that somebody else made is named', async (t) => {
  const theirs = machine({ '/tmp/mountroot': made('directory', 0o755, 1000) });
  t.match(foreignIn(theirs, FILE), { at: '/tmp/mountroot' });
});
