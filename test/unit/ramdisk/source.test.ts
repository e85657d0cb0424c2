import { closeSync, openSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { ByteSource } from '../../../src/ramdisk/source.js';

async function* chunks(...texts: string[]): AsyncGenerator<Buffer, void> {
  for (const text of texts) yield Buffer.from(text);
}

t.test('bytes are read across chunks, with their offset', async (t) => {
  const source = ByteSource.from(chunks('ab', '', 'cdef', 'g'));
  t.equal((await source.peek(3)).toString(), 'abc');
  t.equal(source.offset, 0);
  t.equal((await source.read(3)).toString(), 'abc');
  t.equal(source.offset, 3);
  t.equal((await source.chunk(2))?.toString(), 'de');
  source.unread(Buffer.from('e'));
  t.equal(source.offset, 4);
  t.equal((await source.read(100)).toString(), 'efg');
  t.equal(source.offset, 7);
  t.equal((await source.peek(1)).length, 0);
  t.equal(await source.chunk(), null);
});

t.test(
  'reading, peeking and pushing back in any order gives the same as all bytes at once',
  async () => {
    const step = fc.record({
      what: fc.constantFrom('peek', 'read', 'chunk', 'unread'),
      length: fc.nat({ max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 20 })),
        fc.array(step),
        async (texts, steps) => {
          const all = Buffer.from(texts.join(''));
          const source = ByteSource.from(chunks(...texts));
          let at = 0;
          let last: Buffer = Buffer.alloc(0);
          for (const { what, length } of steps) {
            if (what === 'unread') {
              const back = last.subarray(Math.max(0, last.length - length));
              source.unread(back);
              at -= back.length;
              last = Buffer.alloc(0);
              continue;
            }
            const got =
              what === 'chunk'
                ? ((await source.chunk(length + 1)) ?? Buffer.alloc(0))
                : await source[what](length);
            const expected = all.subarray(at, at + (what === 'chunk' ? got.length : length));
            if (!got.equals(expected))
              throw new Error(`${what} ${length} at ${at} gave ${JSON.stringify(got.toString())}`);
            if (what === 'chunk' && got.length === 0 && at < all.length)
              throw new Error('an end before the end');
            if (what === 'peek') continue;
            at += got.length;
            last = got;
            if (source.offset !== at)
              throw new Error(`the offset is ${source.offset} in place of ${at}`);
          }
        },
      ),
    );
  },
);

t.test(
  'a file is read by name or from standard input, and an unreadable one gives one sentence',
  async (t) => {
    const folder = t.testdir({ file: '' });
    const path = join(folder, 'file');
    const bytes = Buffer.alloc(600_000, 'some bytes ');
    writeFileSync(path, bytes);
    const source = ByteSource.fromFile(path);
    t.ok((await source.read(1_000_000)).equals(bytes));
    await source.close();
    await t.rejects(ByteSource.fromFile(join(folder, 'none')).peek(1), {
      name: 'SystemError',
      errno: 'ENOENT',
      message: /^cannot read .*none: ENOENT/,
    });
    await t.rejects(ByteSource.fromFile(folder).chunk(), {
      name: 'SystemError',
      message: /EISDIR/,
    });
    const input = openSync(path, 'r');
    const module = new URL('../../../src/ramdisk/source.ts', import.meta.url).pathname;
    const program = `import { ByteSource } from ${JSON.stringify(module)};
const source = ByteSource.fromFile('-');
process.stdout.write(String((await source.read(1e6)).length));
await source.close();`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      { encoding: 'utf8', stdio: [input, 'pipe', 'pipe'] },
    );
    closeSync(input);
    t.equal(stdout, '600000', { stderr });
  },
);

t.test('closing a source ends it, and closes its file even before the end', async (t) => {
  const ended: string[] = [];
  async function* open(): AsyncGenerator<Buffer, void> {
    try {
      yield Buffer.from('first');
      yield Buffer.from('second');
    } finally {
      ended.push('closed');
    }
  }
  const source = ByteSource.from(open());
  await source.read(2);
  await source.close();
  t.same(ended, ['closed']);
  t.equal(await source.chunk(), null);
});
