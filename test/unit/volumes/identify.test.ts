import t from 'tap';
import { BYTES_LOOKED_AT, identify } from '../../../src/volumes/identify.js';

const erased = (): Uint8Array => new Uint8Array(BYTES_LOOKED_AT).fill(0xff);
const holding = (bytes: number[], offset = 0, fill = 0): Uint8Array => {
  const block = new Uint8Array(BYTES_LOOKED_AT).fill(fill);
  block.set(bytes, offset);
  return block;
};
const JFFS2 = holding([0x85, 0x19, 0x03, 0x20], 0, 0xff);
const GARBAGE = holding([1, 2, 3, 4]);

t.test('each signature is recognised by its bytes', async (t) => {
  const cases: [string, Uint8Array][] = [
    ['jffs2', JFFS2],
    ['jffs2', holding([0x19, 0x85, 0x20, 0x03])],
    ['erase-marker', holding([0xde, 0xad, 0xc0, 0xde], 0, 0xff)],
    ['ubi', holding([0x55, 0x42, 0x49, 0x23])],
    ['ubifs', holding([0x31, 0x18, 0x10, 0x06])],
    ['squashfs', holding([0x68, 0x73, 0x71, 0x73])],
    ['ext4', holding([0x53, 0xef], 0x438)],
    ['f2fs', holding([0x10, 0x20, 0xf5, 0xf2], 0x400)],
    ['unknown', GARBAGE],
    ['unknown', holding([])],
  ];
  for (const [kind, block] of cases) t.equal(identify(() => block, 1).kind, kind);
});

t.test('a healthy volume is recognised after one read', async (t) => {
  let reads = 0;
  identify(() => (reads++, JFFS2), 256);
  t.equal(reads, 1);
});

t.test('jffs2 and UBI are found after a damaged or erased first block', async (t) => {
  for (const first of [GARBAGE, erased()])
    for (const [kind, behind] of [
      ['jffs2', JFFS2],
      ['ubi', holding([0x55, 0x42, 0x49, 0x23])],
    ] as const) {
      const blocks = new Map([
        [0, first],
        [3, behind],
      ]);
      const content = identify((block) => blocks.get(block) ?? erased(), 256);
      t.equal(content.kind, kind);
      t.match(content.evidence, /erase block 3/);
      t.equal(content.behind, 3);
    }
});

t.test(
  'a volume is blank if every block read is erased, and unknown if any holds garbage',
  async (t) => {
    t.equal(identify(erased, 256).kind, 'blank');
    t.match(
      identify((block) => (block === 5 ? GARBAGE : erased()), 256),
      { kind: 'unknown', evidence: /erase block 5/ },
    );
  },
);

t.test('an order to erase counts only in the first block, where it is written', async (t) => {
  const marker = holding([0xde, 0xad, 0xc0, 0xde], 0, 0xff);
  t.match(
    identify((block) => (block === 2 ? marker : erased()), 8),
    { kind: 'unknown', evidence: /erase marker.*erase block 2/ },
  );
});

t.test('a block that was read only in part is judged by the bytes read', async (t) => {
  t.equal(identify(() => JFFS2.subarray(0, 2), 1).kind, 'jffs2');
  t.equal(identify(() => new Uint8Array(0), 1).kind, 'unreadable');
  t.equal(identify(erased, 0).kind, 'unreadable');
});

t.test('a block that cannot be read hides nothing behind it', async (t) => {
  const UBI = holding([0x55, 0x42, 0x49, 0x23]);
  const withErrors =
    (errors: number, behind: Uint8Array) =>
    (block: number): Uint8Array => {
      if (block < errors) throw new Error(`cannot read block ${block}: EBADMSG`);
      return block === errors ? behind : erased();
    };
  t.match(identify(withErrors(1, UBI), 256), {
    kind: 'ubi',
    behind: 1,
    evidence: /a block before it cannot be read \(cannot read block 0/,
  });
  t.match(identify(withErrors(2, JFFS2), 256), { kind: 'jffs2', behind: 2 });
  t.match(identify(withErrors(1, GARBAGE), 256), { kind: 'unreadable', evidence: /block 0/ });
  t.match(identify(withErrors(1, erased()), 256), { kind: 'unreadable', evidence: /block 0/ });
  let reads = 0;
  const failing = (): Uint8Array => {
    reads++;
    throw new Error('EIO');
  };
  t.match(identify(failing, 1024), { kind: 'unreadable', evidence: 'EIO' });
  t.equal(reads, 16, 'each read of a broken device may take long');
});
