/** A power cut may tear the erasing of the block that holds the order to erase. */
import { crc32 } from 'node:zlib';
import t from 'tap';
import { erase } from '../../../src/steps/erase.js';
import type { System } from '../../../src/system/port.js';
import { identify } from '../../../src/volumes/identify.js';

const BLOCK = 4096;
const BLOCKS = 8;
const MARKER = Buffer.from('deadc0de', 'hex');

interface Flash {
  content: Buffer;
  calls: string[];
  execute: () => void;
}

/** Flash that behaves as the mtd driver's. `fails` is true for a write that fails. */
function flashOf(writeSize: number | null, fails = false): Flash {
  const content = Buffer.alloc(BLOCK * BLOCKS, 0x11);
  MARKER.copy(content);
  const calls: string[] = [];
  const system: Partial<System> = {
    during: () => {},
    readText: () => {
      if (writeSize === null) throw new Error('no sysfs');
      return `${writeSize}\n`;
    },
    readBytes: (_, at, length) => content.subarray(at, at + length),
    eraseBlock: (_, at, length) => {
      calls.push(`erase ${at / BLOCK}`);
      content.fill(0xff, at, at + length);
      return true;
    },
    writeFlash: (_, at, bytes) => {
      calls.push(`write ${at / BLOCK}, ${bytes.length}`);
      if (fails) throw new Error('EIO');
      content.set(bytes, at);
    },
  };
  const action = { device: '/dev/mtd3', size: content.length, eraseBlock: BLOCK };
  return { content, calls, execute: () => void erase.execute(action, system as System) };
}

t.test('the second block gets a node of jffs2 before the first is erased', async (t) => {
  const { content, calls, execute } = flashOf(null);
  execute();
  t.same(calls, [
    ...[7, 6, 5, 4, 3, 2, 1].map((block) => `erase ${block}`),
    'write 1, 46',
    'erase 0',
  ]);
  // The first block in any state of its erasing.
  for (const torn of [Buffer.alloc(BLOCK), Buffer.alloc(BLOCK, 0xa5), Buffer.alloc(BLOCK, 0xff)]) {
    torn.copy(content);
    t.match(
      identify((block) => content.subarray(block * BLOCK), BLOCKS),
      { kind: 'jffs2' },
    );
  }
});

t.test('the node is one that jffs2 believes', async (t) => {
  /** The kernel's crc32(0, …), which inverts neither before nor after. */
  const kernelCrc = (bytes: Buffer): number => ~crc32(bytes, 0xffffffff) >>> 0;
  const { content, execute } = flashOf(null);
  execute();
  const node = content.subarray(BLOCK, BLOCK + 46);
  const little = node[0] === 0x85;
  const u32 = (at: number): number => (little ? node.readUInt32LE(at) : node.readUInt32BE(at));
  t.equal(u32(4), node.length, 'totlen');
  t.equal(u32(8), kernelCrc(node.subarray(0, 8)), 'hdr_crc');
  t.equal(u32(12), 1, 'pino is the root');
  t.equal(u32(20), 0, 'ino of a name that is removed');
  t.equal(u32(32), kernelCrc(node.subarray(0, 32)), 'node_crc');
  t.equal(u32(36), kernelCrc(node.subarray(40)), 'name_crc');
  t.equal(node[28], node.length - 40, 'nsize');
});

t.test('it is written as whole pages', async (t) => {
  const { calls, execute } = flashOf(2048);
  execute();
  t.ok(calls.includes('write 1, 2048'));
});

t.test('flash that does not take it is erased all the same', async (t) => {
  const { content, execute } = flashOf(null, true);
  execute();
  t.ok(content.every((byte) => byte === 0xff));
});
