/** Lets our own C write beyond a buffer, which ASan must see (sanitized.slow.test.ts). */
import { bundled } from '../ramdisk/bundled.js';

const { openLibrary } = await bundled<typeof import('../../../src/system/native-library.js')>(
  'src/system/native-library.ts',
);
const codecs = openLibrary('libmountroot-codecs.so', {
  codecs_step: ['int32', ['int32', 'pointer', 'int32', 'pointer', 'int32', 'int32', 'pointer']],
});
const [input, room] = [Buffer.alloc(64), Buffer.alloc(64)];
/** Half of what two counts need. */
const counts = Buffer.allocUnsafeSlow(4);
codecs.codecs_step(-1, input, 64, room, 64, 0, counts);
