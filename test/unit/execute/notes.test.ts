/**
 * What is noted for later: the journals of the last boots, the state and its notice, and who writes
 * where.
 */
import t from 'tap';
import { keepBoot } from '../../../src/steps/keep-journal.js';
import { noticeOf } from '../../../src/execute/state.js';
import { writersOn } from '../../../src/facts/open-for-writing.js';
import { lookBack } from '../../../src/facts/pstore.js';
import { makeBoard } from '../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../src/system/model/kernel.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Reader } from '../../../src/system/port.js';

/** A kernel with a data volume on /overlay, as after a start. */
function started(): Kernel {
  const kernel = powerOn(makeBoard());
  kernel.mount('/dev/mtdblock3', '/overlay', 'jffs2', [], null);
  kernel.mkdir('/overlay/.mountroot', 0o755);
  return kernel;
}
const FOLDER = '/overlay/.mountroot/boots';

t.test(
  'the journals of the last boots are kept, the oldest going first, and one boot is one file however often it is written',
  async (t) => {
    const kernel = started();
    for (let boot = 1; boot <= 5; boot++)
      for (const text of ['start\n', 'start\ndone\n'])
        keepBoot(kernel, { journal: text, id: `abcdef0${boot}-1234` }, 3);
    t.same(kernel.list(FOLDER), [
      '00000003-abcdef03.ndjson',
      '00000004-abcdef04.ndjson',
      '00000005-abcdef05.ndjson',
    ]);
    t.equal(kernel.readText(`${FOLDER}/00000005-abcdef05.ndjson`), 'start\ndone\n');
  },
);

t.test(
  'a journal that is too long is kept with its beginning and its end, in whole lines',
  async (t) => {
    const kernel = started();
    const lines = Array.from({ length: 20_000 }, (_, index) => `{"line":${index}}`);
    keepBoot(kernel, { journal: `${lines.join('\n')}\n`, id: 'aaaaaaaa-1' }, 3);
    const kept = kernel.readText(`${FOLDER}/00000001-aaaaaaaa.ndjson`).trim().split('\n');
    t.ok(kept.length > 1000 && kept.every((line) => lines.includes(line)));
    t.equal(kept[0], lines[0]);
    t.equal(kept.at(-1), lines.at(-1));
  },
);

t.test(
  'files of other names are left alone, and without our folder or with none to keep nothing is written',
  async (t) => {
    const kernel = started();
    kernel.mkdir(FOLDER, 0o755);
    kernel.create(`${FOLDER}/notes.txt`, 'mine', 0o644);
    keepBoot(kernel, { journal: 'x\n', id: 'aaaaaaaa-1' }, 1);
    t.same(kernel.list(FOLDER), ['00000001-aaaaaaaa.ndjson', 'notes.txt']);
    keepBoot(kernel, { journal: 'x\n', id: 'bbbbbbbb-1' }, 0);
    t.equal(kernel.list(FOLDER).length, 2);
    keepBoot(powerOn(makeBoard()), { journal: 'x\n', id: 'aaaaaaaa-1' }, 3);
  },
);

t.test(
  'whoever logs in is told in one line what does not hold, and nothing when all is well',
  async (t) => {
    t.equal(noticeOf({ rung: 'persistent', reason: null, because: null }), '');
    t.equal(
      noticeOf({ rung: 'volatile', reason: 'no-volume', because: 'there is\nnone\u001b[2J' }),
      'mountroot: the saved settings are NOT IN USE, and CHANGES ARE LOST at power-off (no-volume): there is none [2J\n',
    );
    t.match(
      noticeOf({ rung: 'persistent', reason: 'extroot-missing', because: 'x' }),
      /^mountroot: settings are kept \(extroot-missing\): x\n$/,
    );
  },
);

t.test(
  'what the boot before left in memory is its crash and its last words, and nothing where it left nothing',
  async (t) => {
    const machine = (files: Record<string, string>): Reader => ({
      ...dryRun(),
      kind: () => 'directory',
      list: () => Object.keys(files),
      readText: (path) => files[path.slice('/sys/fs/pstore/'.length)]!,
    });
    t.equal(lookBack(machine({})), null);
    const before = lookBack(
      machine({
        'dmesg-ramoops-0': 'Panic#1\n<0>Kernel panic - not syncing: x\n<4>more\n',
        'console-ramoops-0': Array.from({ length: 50 }, (_, line) => `line ${line}\u001b\n`).join(
          '',
        ),
      }),
    );
    t.same(before?.crash, ['<0>Kernel panic - not syncing: x']);
    t.equal(before?.last.length, 20);
    t.equal(before?.last.at(-1), 'line 49');
  },
);

t.test('who has files on a mount open for writing is named, with the file', async (t) => {
  const files: Record<string, string> = {
    '/proc/self/mountinfo': '21 1 0:5 / / rw - overlay o rw\n30 21 0:9 / /tmp rw - tmpfs t rw\n',
    '/proc/7/comm': 'syslogd\n',
    '/proc/7/fdinfo/3': 'pos:\t0\nflags:\t0100001\nmnt_id:\t21\n',
    '/proc/7/fdinfo/4': 'pos:\t0\nflags:\t0100000\nmnt_id:\t21\n',
    '/proc/7/fdinfo/5': 'pos:\t0\nflags:\t0100002\nmnt_id:\t30\n',
  };
  const reader: Reader = {
    ...dryRun(),
    readText: (path) => files[path] ?? '',
    readLink: () => '/var/log/messages',
    list: (path) => (path === '/proc' ? ['7', 'self', 'cpuinfo'] : ['3', '4', '5']),
  };
  t.equal(
    writersOn(reader, '/'),
    '/var/log/messages that process 7 (syslogd) has open for writing',
  );
  t.equal(writersOn(reader, '/run'), 'something on it that is open for writing');
});
