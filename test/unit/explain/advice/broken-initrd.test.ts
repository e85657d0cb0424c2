import t from 'tap';
import { brokenInitrdCause } from '../../../../src/explain/advice/broken-initrd.js';

t.test('an initrd does not unpack because of memory, the kernel, or itself', async (t) => {
  const code = (reason: string | null): string => brokenInitrdCause(reason, { root: null }).code;
  for (const reason of ['write error', 'XZ decompressor ran out of memory', 'no space left'])
    t.equal(code(reason), 'initrd-no-space', reason);
  t.equal(code('compression method lz4 not configured'), 'no-decompressor');
  t.equal(
    code('Input was encoded with settings that are not supported by this XZ decoder'),
    'initrd-xz-settings',
  );
  for (const reason of ['junk in compressed archive', 'ZSTD-compressed data is truncated', null])
    t.equal(code(reason), 'initrd-broken', String(reason));
});
