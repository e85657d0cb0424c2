/**
 * With any content of NAND, the board comes up, reports its true rung, and keeps everything that
 * can be kept. One board walks through all rows.
 */
import t from 'tap';
import { random } from '../fixtures/random.js';
import {
  BLOCKS,
  NAND,
  PAGE,
  PEB,
  SETTINGS,
  dataAt,
  fastmapHeaders,
  nandImage,
  nandKernel,
  nandWords,
  pebOf,
  tableOf,
} from '../harness/nand.js';
import { walk, type SeenByAgent, type WalkStream } from '../harness/walk.js';

const chance = random(1);

interface Row {
  title: string;
  /** True if there are no settings yet: UBIFS has only made itself. */
  isNew?: true;
  /** Damages a copy of the chip, or lets bits fall when the chip has its content. */
  damage: ((chip: Buffer, stream: Pick<WalkStream, 'flip'>) => void) | 'as the boot before left it';
  rung: 'persistent' | 'volatile' | 'kept-read-only';
  reason?: string;
  /** Settings that may be lost or damaged, because nothing can read them. */
  lost?: string[];
}

/** Programmed half-way: some bits of the range have fallen, without their ECC. */
function scramble(chip: Buffer, at: number, length: number): void {
  for (let byte = at; byte < at + length; byte++) chip[byte] = chance(256);
}

/** The UBI headers of a block, and its erased rest. */
function emptied(chip: Buffer, peb: number): void {
  chip.fill(0xff, peb + PAGE, peb + PEB);
}

/** Two bits of one ECC step of 256 bytes, which Hamming code cannot correct. */
function uncorrectable(stream: Pick<WalkStream, 'flip'>, chip: Buffer, at: number): void {
  let found = 0;
  for (let byte = at; byte < at + 256 && found < 2; byte++)
    if (chip[byte]! & 1) {
      stream.flip(byte, 1);
      found++;
    }
}

/** UBIFS: the superblock, two copies of the master node, the log. */
const [SUPERBLOCK, MASTER, SECOND_MASTER, LOG] = [0, 1, 2, 3];

/** UBIFS begins to make itself with all else, and ends with these. */
function unfinished(chip: Buffer): void {
  for (const leb of [MASTER, SECOND_MASTER, LOG]) emptied(chip, pebOf(chip, 0, leb));
}

const ROWS: Row[] = [
  { title: 'sound', damage: () => {}, rung: 'persistent' },
  { title: 'the same at the next boot', damage: 'as the boot before left it', rung: 'persistent' },
  {
    title: 'one bit has fallen in many pages',
    damage: (chip, stream) => {
      for (const at of [0, pebOf(chip, 0, 3), pebOf(chip, 0, 5) + PAGE])
        for (let page = 0; page < 4; page++)
          for (let byte = at + page * PAGE; byte < at + page * PAGE + 256; byte++)
            if (chip[byte]! & 4) {
              stream.flip(byte, 4);
              break;
            }
    },
    rung: 'persistent',
  },
  {
    title: 'two bits have fallen in one file',
    damage: (chip, stream) =>
      uncorrectable(stream, chip, dataAt(chip, 'large\nlarge\nlarge') + 512),
    rung: 'persistent',
    lost: ['/upper/root/large'],
  },
  {
    title: 'the first copy of the table of volumes is gone',
    damage: (chip) => chip.fill(0xff, tableOf(chip, 0), tableOf(chip, 0) + PEB),
    rung: 'persistent',
  },
  {
    title: 'the second copy of the table of volumes is gone',
    damage: (chip) => chip.fill(0xff, tableOf(chip, 1), tableOf(chip, 1) + PEB),
    rung: 'persistent',
  },
  {
    title: 'the first copy of the table of volumes was being written',
    damage: (chip) => scramble(chip, tableOf(chip, 0) + PAGE + 300, 2000),
    rung: 'persistent',
  },
  {
    title: 'the first copy of the table of volumes cannot be corrected',
    damage: (chip, stream) => uncorrectable(stream, chip, tableOf(chip, 0) + PAGE),
    rung: 'persistent',
  },
  {
    title: 'both copies of the table of volumes are damaged',
    damage: (chip) => {
      for (const copy of [0, 1] as const) scramble(chip, tableOf(chip, copy) + PAGE, 20_000);
    },
    rung: 'volatile',
    reason: 'attach-failed',
  },
  {
    title: 'the second master node was being written',
    damage: (chip) => scramble(chip, pebOf(chip, 0, SECOND_MASTER) + PAGE + 100, 300),
    rung: 'persistent',
  },
  {
    // No cut does this: the first is written again only when the block of the second is full.
    title: 'the first master node alone is damaged',
    damage: (chip) => scramble(chip, pebOf(chip, 0, MASTER) + PAGE + 100, 300),
    rung: 'volatile',
    reason: 'mount-failed',
  },
  {
    title: 'the second master node was never written',
    damage: (chip) => emptied(chip, pebOf(chip, 0, SECOND_MASTER)),
    rung: 'persistent',
  },
  {
    title: 'both master nodes are damaged',
    damage: (chip) => {
      for (const leb of [MASTER, SECOND_MASTER])
        scramble(chip, pebOf(chip, 0, leb) + PAGE, 2 * PAGE);
    },
    rung: 'volatile',
    reason: 'mount-failed',
  },
  {
    // No cut does this: each is written over only while the other is whole.
    title: 'both master nodes of a used volume are missing',
    damage: (chip) => {
      for (const leb of [MASTER, SECOND_MASTER]) emptied(chip, pebOf(chip, 0, leb));
    },
    rung: 'volatile',
    reason: 'mount-failed',
  },
  {
    title: 'UBIFS was about to write its first master node',
    isNew: true,
    damage: unfinished,
    rung: 'persistent',
  },
  {
    title: 'UBIFS was writing its first master node',
    isNew: true,
    damage: (chip) => {
      unfinished(chip);
      scramble(chip, pebOf(chip, 0, MASTER) + PAGE, 700);
    },
    rung: 'persistent',
  },
  {
    title: 'the superblock is damaged',
    damage: (chip) => scramble(chip, pebOf(chip, 0, SUPERBLOCK) + PAGE, PAGE),
    rung: 'volatile',
    reason: 'unknown-content',
  },
  {
    title: 'some free blocks were being erased',
    damage: (chip) => {
      for (const block of [60, 70, 80]) scramble(chip, block * PEB, 3 * PAGE);
    },
    rung: 'persistent',
  },
  {
    title: 'a free block has its first header and half of the second',
    damage: (chip) => {
      chip.copy(chip, 60 * PEB, 0, 64);
      scramble(chip, 60 * PEB + 512, 20);
    },
    rung: 'persistent',
  },
  {
    // UBIFS marks its master node before it writes anything else. So no cut does this.
    title: 'the log of a volume that was unmounted has garbage',
    damage: (chip) => scramble(chip, pebOf(chip, 0, LOG) + 40 * PAGE, PAGE),
    rung: 'volatile',
    reason: 'mount-failed',
  },
  {
    title: 'a fastmap was being written',
    damage: (chip) => fastmapHeaders(chip, 50 * PEB),
    rung: 'persistent',
  },
  {
    title: 'a fastmap is damaged',
    damage: (chip) => {
      fastmapHeaders(chip, 50 * PEB);
      scramble(chip, 50 * PEB + PAGE, 4 * PAGE);
    },
    rung: 'persistent',
  },
];

interface Chip {
  title: string;
  /** Words for the kernel. */
  words: string;
  /** Blocks that the factory marked as bad. */
  bad?: readonly number[];
  rows: readonly Row[];
}

/** A page of each block, which cannot be written. */
const weakPages = (blocks: readonly number[], page: number): string =>
  `nandsim.weakpages=${blocks.map((block) => `${block * (PEB / PAGE) + page}:0`).join(',')}`;

/** UBI keeps 20 blocks of 1024 of the whole chip in reserve, which are 10. */
const MORE_THAN_THE_RESERVE = [1, 5, 9, 17, 20, 25, 30, 35, 40, 45, 55];

const CHIPS: Chip[] = [
  { title: 'a sound chip', words: '', rows: ROWS },
  { title: 'a chip with a fastmap', words: 'ubi.fm_autoconvert=1', rows: ROWS },
  { title: 'a chip with bad blocks', words: '', bad: [1, 5, 17, BLOCKS - 1], rows: ROWS },
  {
    title: 'a chip on which blocks go bad',
    // Two blocks cannot be erased. In others the first page of data cannot be written.
    words: `nandsim.weakblocks=90:0,100:0 ${weakPages([16, 32, 48, 64, 80, 96, 112], 1)}`,
    rows: ROWS.slice(0, 4),
  },
  {
    title: 'a chip on which a block goes bad and cannot be marked',
    words: weakPages([110], 0),
    rows: [{ ...ROWS[0]!, rung: 'kept-read-only', reason: 'write-protected' }],
  },
  {
    title: 'a chip with more bad blocks than the reserve',
    words: '',
    bad: MORE_THAN_THE_RESERVE,
    rows: ROWS.slice(0, 4),
  },
  {
    title: 'a chip without a reserve, on which a block goes bad',
    words: 'nandsim.weakblocks=110:0',
    bad: MORE_THAN_THE_RESERVE,
    rows: [{ ...ROWS[0]!, rung: 'kept-read-only', reason: 'write-protected' }],
  },
];

const keptOf = (seen: SeenByAgent): string[] =>
  Object.keys(SETTINGS).filter((path) => {
    const what = seen.listing.get(path);
    return what !== undefined && !what.includes('errno=');
  });

for (const { title, words, bad = [], rows } of CHIPS)
  t.test(`with any content of NAND the board comes up: ${title}`, async (t) => {
    const whole = nandImage(t.testdir({}), bad, SETTINGS);
    const made = nandImage(t.testdir({}), bad, {});
    const badWords = bad.length === 0 ? '' : ` nandsim.badblocks=${bad.join(',')}`;
    const { agents } = await walk(
      NAND,
      { zImage: await nandKernel(), append: nandWords(words + badWords) },
      (stream) => {
        for (const [id, { damage, isNew }] of rows.entries()) {
          if (damage === 'as the boot before left it') stream.keep();
          else {
            const chip = Buffer.from(isNew ? made : whole);
            damage(chip, stream);
            stream.write(0, chip);
          }
          stream.check(id, 'agent');
        }
      },
    );
    for (const [id, { title, rung, reason = null, lost = [], isNew }] of rows.entries()) {
      const seen = agents[id]!;
      t.match(seen.state, { rung, reason }, title, { because: seen.state?.because });
      if (rung !== 'volatile' && !isNew)
        t.strictSame(
          Object.keys(SETTINGS).filter(
            (path) => !keptOf(seen).includes(path) && !lost.includes(path),
          ),
          [],
          `${title}: the settings are there`,
        );
    }
  });
