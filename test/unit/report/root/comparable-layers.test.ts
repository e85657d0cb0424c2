import t from 'tap';
import { parseMountinfo } from '../../../../src/facts/mountinfo.js';
import { comparable, troubleWords } from '../../../../src/report/root/comparable-layers.js';
import { BOARD_STARTED } from '../../../fixtures/captures.js';

const ROM = '20 1 31:2 / /rom ro - squashfs /dev/root ro\n21 1 31:3 / /overlay rw - jffs2 m rw\n';
const look = (text: string): ReturnType<typeof comparable> => comparable(parseMountinfo(text));
const overlay = (source: string, options: string): string =>
  `30 1 0:20 / / rw - overlay ${source} rw,${options}\n`;

t.test('layers are compared only where paths lead to them', async (t) => {
  t.match(look(BOARD_STARTED), { upper: '/overlay/upper', rom: '/rom' });
  for (const [code, text] of [
    ['root-not-seen', ''],
    ['no-overlay', '1 1 8:1 / / rw - ext4 /dev/sda1 rw\n'],
    ['no-upper', overlay('overlay', 'lowerdir=/a:/b')],
    ['upper-out-of-reach', overlay('overlay', 'lowerdir=/lower,upperdir=/upper/data')],
    [
      'image-out-of-reach',
      `${overlay('x', 'lowerdir=/lower,upperdir=/overlay/u')}${ROM.slice(45)}`,
    ],
    ['several-lowers', ROM + overlay('overlay', 'lowerdir=/overlay/a:/rom,upperdir=/overlay/u')],
  ] as const) {
    const found = look(text);
    t.match(found, { trouble: { code } });
    if ('trouble' in found) t.match(troubleWords(found.trouble), /^[^.]+$/);
  }
});

t.test('only our root in memory has settings as a lower layer', async (t) => {
  t.match(
    look(ROM + overlay('overlayfs:/tmp/root', 'lowerdir=/overlay/upper:/,upperdir=/overlay/x')),
    { kept: ['/overlay/upper'], rom: '/rom' },
  );
});
