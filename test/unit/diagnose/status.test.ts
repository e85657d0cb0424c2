import t from 'tap';
import { lastStart } from '../../../src/diagnose/read-journal.js';
import { renderStatus, status } from '../../../src/diagnose/status.js';
import { parseMountinfo } from '../../../src/facts/mountinfo.js';

const ROM = '13 21 31:2 / /rom ro - squashfs /dev/root ro\n';
const overlay = (upper: string, options = 'rw'): string => `21 1 0:15 / / ${options},noatime - overlay overlayfs:/overlay ${options},lowerdir=/,upperdir=${upper},workdir=/overlay/work\n`;
const JFFS2 = '18 21 31:3 / /overlay rw,noatime - jffs2 /dev/mtdblock3 rw\n';
const TMPFS = '18 21 0:18 / /tmp rw - tmpfs tmpfs rw\n';
const space = (): { total: number; free: number } => ({ total: 64 << 20, free: 60 << 20 });
const of = (mountinfo: string, journal = ''): ReturnType<typeof status> => status({ mounts: parseMountinfo(mountinfo), journal: lastStart(journal), space });

t.test('a root is persistent where its upper layer takes writes and outlives a power-off, and only there', async (t) => {
  t.equal(of(overlay('/overlay/upper') + ROM + JFFS2).persistent, true);
  t.equal(of(overlay('/tmp/root/upper') + ROM + TMPFS).persistent, false, 'a RAM overlay');
  t.equal(of(overlay('/overlay/upper', 'ro') + ROM + JFFS2).persistent, false, 'an overlay the kernel made read-only');
  t.equal(of(overlay('/overlay/upper') + ROM + JFFS2.replace(/rw/g, 'ro')).persistent, false, 'flash mounted read-only');
  t.equal(of('1 0 31:2 / / ro - squashfs /dev/root ro\n').persistent, false, 'the bare image');
  t.equal(of('1 0 8:1 / / rw - ext4 /dev/sda1 rw\n').persistent, true, 'an ordinary disk');
  t.equal(of('').persistent, false);
});

t.test('the report says what / is, in words and within 80 columns', async (t) => {
  const text = renderStatus(of(overlay('/overlay/upper') + ROM + JFFS2));
  t.match(text, /^root      an overlay, its changes on jffs2 \/dev\/mtdblock3; what is changed on it\n          is kept\n/);
  t.match(text, /^data      \/overlay: 60\.0 MiB free of 64\.0 MiB$/m);
  for (const line of text.split('\n')) t.ok(line.length <= 80);
});

t.test('the last start is read from the journal, also when a cut left half a line', async (t) => {
  const journal = [
    '{"type":"begin","at":1000,"verb":"start"}',
    '{"type":"end","ok":true,"at":1100,"ms":100,"exit":0,"warnings":[]}',
    '{"type":"begin","at":2000,"verb":"start"}',
    '{"type":"decision","summary":"an overlay","at":2010}',
    '{"type":"step","number":1,"id":"private","result":"done","at":2020,"ms":1.5}',
    '{"type":"step","number":2,"id":"sta',
  ].join('\n');
  t.match(of('', journal).start, { at: 2000, ok: null, summary: 'an overlay', steps: [{ id: 'private', ms: 1.5 }] });
  t.equal(of('', journal).start?.steps.length, 1);
  t.match(renderStatus(of('', journal)), /was cut off, 2\.00 s after the kernel started/);
  t.equal(of('', 'null\n[]\n7\n{"type":"step"}\n').start, null);
});
