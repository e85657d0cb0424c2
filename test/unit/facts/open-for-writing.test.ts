import t from 'tap';
import { writersOn } from '../../../src/facts/open-for-writing.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Reader } from '../../../src/system/port.js';

t.test('a process with files open for writing on a mount is named, with the file', async (t) => {
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
