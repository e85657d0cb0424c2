import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { crcOf } from '../../../src/text/crc.js';

t.test('the checksum is that of gzip, for few bytes and for many', async (t) => {
  let bytes = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096, size: 'max' }), (content) => {
      bytes += content.length;
      return parseInt(crcOf(content), 16) === crc32(content);
    }),
    { numRuns: 300 },
  );
  t.ok(bytes > 131_072, 'zlib took over');
  t.equal(crcOf(Buffer.from('123456789')), 'cbf43926');
  t.equal(crcOf(Buffer.alloc(0)), '00000000');
});
