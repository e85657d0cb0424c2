/** Words of others that each object of JavaScript answers to are words like any other. */
import t from 'tap';
import { requestIn } from '../../../src/facts/fstab.js';
import { lookInto } from '../../../src/facts/mounted-volume.js';
import { findContainer } from '../../../src/ramdisk/container/find-container.js';
import { bytesAtOf } from '../../../src/ramdisk/container/bytes-at.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import type { Reader } from '../../../src/system/port.js';
import type { FactsProblem } from '../../../src/text/problem-text.js';
import { keyed } from '../../../src/text/keyed.js';
import { isWritableType } from '../../../src/volumes/file-systems.js';
import { mount } from '../../fixtures/facts.js';
import { fit } from '../ramdisk/boot-images.js';

const WORDS = [...Object.getOwnPropertyNames(Object.prototype), 'caller', 'length'];

t.test('a table has its rows and nothing else', async (t) => {
  const table = keyed({ a: 1 });
  t.same(
    WORDS.filter((word) => table[word] !== undefined),
    [],
  );
  t.equal(table['a'], 1);
});

t.test('as mount options of a fstab they go to the file system', async (t) => {
  const problems: FactsProblem[] = [];
  const words = WORDS.join(',');
  const text = `config mount\n option device x\n option target /\n option options ro,${words}\n`;
  t.match(requestIn(text, 'f', problems), { flags: ['MS_NOATIME', 'MS_RDONLY'], data: words });
  t.same(problems, []);
});

t.test('as the state of a volume they are damage', async (t) => {
  for (const word of WORDS) {
    const reader = {
      kind: (path: string) => (path.endsWith('/.fs_state') ? 'symlink' : 'missing'),
      readLink: () => word,
    } as unknown as Reader;
    t.equal(lookInto(reader, mount('/tmp/overlay'), [])?.state, 'damaged', word);
  }
});

t.test('as the type of a file system they are not known', async (t) => {
  for (const word of WORDS) t.equal(isWritableType(word), false, word);
});

t.test('as the type of a piece they mean another one', async (t) => {
  for (const type of WORDS) {
    const bytes = fit({ a: { type, data: Buffer.from('a') } }, {});
    const source = ByteSource.fromBuffer(bytes);
    t.match(findContainer(await bytesAtOf(source))?.pieces, [{ role: 'other' }], type);
    await source.close();
  }
});
