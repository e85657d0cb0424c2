import t from 'tap';
import { readLabels, SUPERBLOCK_BYTES } from '../../../src/volumes/labels.js';
import { ext4, f2fs } from '../../fixtures/superblocks.js';

t.test('a superblock gives its label and UUID; other data give none', async (t) => {
  t.same(readLabels(ext4('settings')), {
    label: 'settings',
    uuid: '01234567-89ab-cdef-0123-456789abcdef',
  });
  t.same(readLabels(f2fs('größe')), {
    label: 'größe',
    uuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  });
  t.equal(readLabels(Buffer.alloc(0x900)), null);
  t.equal(readLabels(ext4('x').subarray(0, 0x450)), null);
});

t.test('the longest superblock is read completely', async (t) => {
  t.equal(SUPERBLOCK_BYTES, 0x87c);
});
