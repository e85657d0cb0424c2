/** Ramdisks that cost more than they are worth. */
import t from 'tap';
import { RootfsFiles } from '../../../src/explain/initrd/rootfs-files.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { decodeHeader, HEADER_BYTES } from '../../../src/ramdisk/cpio.js';
import { RootfsModel } from '../../../src/ramdisk/rootfs-model.js';
import { FILE_LIMITS, RAMDISK_LIMITS } from '../../../src/text/input-limits.js';

t.test('a member that is made again and again is counted each time', async (t) => {
  const files = new RootfsFiles('ramdisk');
  const header = { ...decodeHeader(Buffer.alloc(HEADER_BYTES, '0')), mode: 0o120777, links: 1 };
  const target = Buffer.alloc(4000, 'x');
  let count = 0;
  t.throws(
    () => {
      for (; count <= RAMDISK_LIMITS.members; count++)
        files.member(header, Buffer.from('a'), target);
    },
    { message: /more names, or longer ones/ },
  );
  t.ok(count < 20_000, 'their targets count too');
});

t.test('hard links of one name count', async (t) => {
  const model = new RootfsModel([], () => ({ kind: 'directory', mode: 0o755, target: '' }));
  const header = { ...decodeHeader(Buffer.alloc(HEADER_BYTES, '0')), links: 2 };
  const entry = { kind: 'file', mode: 0o644, target: '' } as const;
  for (let inode = 0; inode <= RAMDISK_LIMITS.members; inode++)
    model.earlier({ ...header, inode }, '/a', entry);
  t.ok(model.full);
});

t.test('of a console log with very many lines the last ones count', async (t) => {
  const log = `Linux version 1\n${'\n'.repeat(FILE_LIMITS.lines)}Linux version 2\nlast line`;
  const boots = parseConsole(log);
  t.same(
    boots.map(({ lines }) => lines.map(({ text }) => text)),
    [['Linux version 2', 'last line']],
  );
});
