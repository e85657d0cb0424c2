import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseElf } from '../../../../scripts/image/elf.js';

interface Content {
  interpreter?: string;
  soname?: string;
  needed?: string[];
}

/**
 * The load address of the file, which differs from its offset, as in a program that is not
 * position-independent.
 */
const BASE = 0x10000;

/**
 * The smallest ELF file with these entries: header, three program headers, the dynamic section, and
 * the strings.
 */
function elf(wide: boolean, { interpreter, soname, needed = [] }: Content): Buffer {
  const word = wide ? 8 : 4;
  const header = wide ? 64 : 52;
  const segment = wide ? 56 : 32;
  let strings = '\0';
  const intern = (value: string): number => {
    const at = strings.length;
    strings += `${value}\0`;
    return at;
  };
  const entries: [tag: number, value: number][] = needed.map((name) => [1, intern(name)]);
  if (soname !== undefined) entries.push([14, intern(soname)]);
  const interpreterAt = interpreter === undefined ? null : intern(interpreter);
  const dynamic = header + 3 * segment;
  const table = dynamic + (entries.length + 2) * 2 * word;
  entries.push([5, BASE + table], [0, 0]);

  const file = Buffer.alloc(table + strings.length);
  const write = (at: number, value: number): unknown =>
    wide ? file.writeBigUInt64LE(BigInt(value), at) : file.writeUInt32LE(value, at);
  file.write('\x7fELF', 0, 'latin1');
  file[4] = wide ? 2 : 1;
  file[5] = 1;
  write(wide ? 32 : 28, header);
  file.writeUInt16LE(segment, wide ? 54 : 42);
  file.writeUInt16LE(3, wide ? 56 : 44);
  const describe = (index: number, type: number, offset: number, size: number): void => {
    const at = header + index * segment;
    file.writeUInt32LE(type, at);
    write(at + (wide ? 8 : 4), offset);
    write(at + (wide ? 16 : 8), BASE + offset);
    write(at + (wide ? 32 : 16), size);
  };
  describe(0, 1, 0, file.length);
  describe(1, 2, dynamic, entries.length * 2 * word);
  if (interpreterAt !== null) describe(2, 3, table + interpreterAt, interpreter!.length + 1);
  entries.forEach(([tag, value], index) => {
    write(dynamic + index * 2 * word, tag);
    write(dynamic + index * 2 * word + word, value);
  });
  file.write(strings, table, 'latin1');
  return file;
}

for (const [bits, wide] of [
  [32, false],
  [64, true],
] as const) {
  t.test(
    `a ${bits}-bit program gives its dynamic linker and the libraries it needs, in their ` +
      'order',
    async (t) => {
      const program = elf(wide, {
        interpreter: '/lib/ld-linux-armhf.so.3',
        needed: ['libnode.so.137', 'libc.so.6'],
      });
      t.strictSame(parseElf(program, 'node'), {
        interpreter: '/lib/ld-linux-armhf.so.3',
        soname: null,
        needed: ['libnode.so.137', 'libc.so.6'],
      });
    },
  );

  t.test(`a ${bits}-bit library gives its name and has no dynamic linker`, async (t) => {
    t.strictSame(parseElf(elf(wide, { soname: 'libc.so.6' }), 'libc'), {
      interpreter: null,
      soname: 'libc.so.6',
      needed: [],
    });
  });

  t.test(
    `a ${bits}-bit file that is cut short anywhere before its strings is refused in one sentence`,
    async (t) => {
      const program = elf(wide, { needed: ['libc.so.6'] });
      const strings = program.length - '\0libc.so.6\0'.length;
      for (let length = 0; length < strings; length++)
        t.throws(
          () => parseElf(program.subarray(0, length), 'node'),
          {
            message:
              /^node is (not a little-endian ELF file|an ELF file that is cut short or damaged: .+)$/,
          },
          `${length} bytes`,
        );
    },
  );
}

t.test('a file that is not ELF, or is big-endian, is refused by name', async (t) => {
  const big = elf(false, {});
  big[5] = 2;
  for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'.repeat(20)), big])
    t.throws(() => parseElf(bytes, 'bin/x'), { message: 'bin/x is not a little-endian ELF file' });
});

t.test('the program that runs this test is linked against a C library', async (t) => {
  const { needed } = parseElf(readFileSync(process.execPath), 'node');
  t.ok(
    needed.some((name) => /^(libc\.so|libnode\.so)/.test(name)),
    needed.join(' '),
  );
});
