import t from 'tap';
import { spaceOf, spaceTrouble, type Space } from '../../../../src/report/status/space.js';
import { spaceTroubleWords, spaceWords } from '../../../../src/report/status/space-words.js';
import { parseMountinfo } from '../../../../src/facts/mountinfo.js';
import { parseMtd } from '../../../../src/facts/mtd.js';
import { BOARD, BOARD_STARTED } from '../../../fixtures/captures.js';
import { MIB } from '../../../fixtures/status.js';

const KIB = 1024;
const data = parseMountinfo(BOARD_STARTED).find(({ mountpoint }) => mountpoint === '/overlay')!;
const mtd = parseMtd(BOARD.mtd);

t.test('the usable space is less than df shows', async (t) => {
  const space = spaceOf(data, { total: 64 * MIB, free: 62 * MIB }, mtd);
  t.equal(space.writable, 62 * MIB - 256 * KIB - 671_088);
  t.match(
    spaceWords(space),
    /62\.0 MiB free of 64\.0 MiB; 61\.1 MiB of it can be written for sure.*8 erase blocks, 2\.0 MiB/,
  );
  t.equal(spaceOf(data, { total: 64 * MIB, free: 0.5 * MIB }, mtd).writable, 0);
});

t.test('the partition is found under any name in the mount', async (t) => {
  for (const [device, source] of [
    ['31:3', 'whatever'],
    ['0:1', '/dev/mtdblock3'],
    ['0:1', 'mtd3'],
    ['0:1', 'mtd:rootfs_data'],
  ] as const)
    t.equal(
      spaceOf({ ...data, device, source }, { total: 1, free: 1 }, mtd).jffs2?.eraseBlocks,
      256,
      source,
    );
  t.equal(
    spaceOf({ ...data, device: '0:1', source: 'mtd:gone' }, { total: 1, free: 1 }, mtd).jffs2,
    null,
  );
});

t.test("for other file systems the kernel's figures count, with their inodes", async (t) => {
  const ext4 = spaceOf(
    { ...data, fstype: 'ext4', device: '8:1', source: '/dev/sda1' },
    { total: 100 * MIB, free: 50 * MIB, inodes: { total: 1000, free: 400 } },
    mtd,
  );
  t.match(ext4, { writable: 50 * MIB, jffs2: null, inodes: { free: 400 } });
  t.match(spaceWords(ext4), /50\.0 MiB free of 100\.0 MiB, 400 of 1000 inodes free$/);
  t.match(spaceWords({ ...ext4, fstype: 'ubifs' }), /without compression/);
});

const said = (space: Space): string | null => {
  const short = spaceTrouble(space);
  return short === null ? null : spaceTroubleWords(short.trouble, space);
};

t.test('only shortages are reported', async (t) => {
  const jffs2 = (free: number) => said(spaceOf(data, { total: 64 * MIB, free }, mtd));
  t.equal(jffs2(62 * MIB), null);
  t.match(jffs2(3 * MIB), /nearly full: 2\.1 MiB/);
  t.match(jffs2(0.5 * MIB), /may be full: of the 512\.0 KiB that df shows/);
  t.match(jffs2(0), /is full.*room for deleting/);
  const ext4 = (free: number, total = 1000) =>
    said({
      ...spaceOf(data, { total: 64 * MIB, free: 60 * MIB, inodes: { total, free } }, []),
      jffs2: null,
    });
  t.match(ext4(0), /no inodes left/);
  t.match(ext4(1), /only 1 inode left of 1000/);
  t.equal(ext4(500), null);
});

t.test('each trouble has its rule, and the first match counts', async (t) => {
  const space: Space = {
    mountpoint: '/overlay',
    fstype: 'ext4',
    total: 1000,
    free: 500,
    inodes: { total: 1000, free: 500 },
    writable: 500,
    jffs2: null,
  };
  for (const [changes, trouble, severe] of [
    [{ writable: 0 }, 'uncollectable', true],
    [{ writable: 0, free: 0, inodes: { total: 9, free: 0 } }, 'full', true],
    [{ writable: 10, inodes: { total: 9, free: 0 } }, 'no-inodes', true],
    [{ writable: 49, inodes: { total: 100, free: 1 } }, 'nearly-full', false],
    [{ inodes: { total: 100, free: 4 } }, 'few-inodes', false],
  ] as const)
    t.match(spaceTrouble({ ...space, ...changes }), { trouble, severe }, trouble);
  t.equal(spaceTrouble(space), null);
});
