import { crc32, deflateSync } from 'node:zlib';
import t from 'tap';
import { foreignFormat } from '../../../src/ramdisk/foreign.js';
import { archive, member } from './archives.js';
import { read, zeros } from './kernel-reading.js';
import { noise, packed, through } from './streams.js';

const ARCHIVE = archive(member('init', { data: noise(5000) }));

/** The one problem of a ramdisk. */
async function problemOf(bytes: Buffer): Promise<Awaited<ReturnType<typeof read>>['problems'][0]> {
  const { problems } = await read(bytes);
  t.equal(problems.length, 1);
  return problems[0]!;
}

t.test('a stream that the kernel has no decoder for is named with its cure', async (t) => {
  const cases: [what: string, bytes: Buffer, says: RegExp, means: RegExp][] = [
    [
      'lz4 in frames',
      through('lz4', ['-c'], ARCHIVE),
      /^invalid magic at start/,
      /lz4's frame format, and the kernel reads only the older one.*`lz4 -l`/,
    ],
    [
      'xz with CRC64',
      through('xz', ['-c'], ARCHIVE),
      /settings that are not supported/,
      /even if it is whole \(its checksum is another than CRC32.*`xz --check=crc32`/,
    ],
    [
      'xz with SHA-256',
      through('xz', ['-c', '--check=sha256'], ARCHIVE),
      /settings that are not supported/,
      /even if it is whole \(its checksum is another than CRC32/,
    ],
    [
      'xz with a delta filter',
      through('xz', ['-c', '--check=crc32', '--delta', '--lzma2'], ARCHIVE),
      /settings that are not supported/,
      /even if it is whole \(it uses a filter/,
    ],
    [
      'xz for 64-bit ARM',
      through('xz', ['-c', '--check=crc32', '--arm64', '--lzma2'], ARCHIVE),
      /settings that are not supported/,
      /the filter for 64-bit ARM code, which kernels before 6\.12 do not have/,
    ],
    [
      'xz with a great dictionary',
      through('xz', ['-c', '--check=crc32', '--lzma2=preset=0,dict=512MiB'], ARCHIVE),
      /^XZ decompressor ran out of memory/,
      /even if it is whole \(it needs a dictionary of 512 MiB/,
    ],
    [
      'lzma with other parameters',
      through('xz', ['-c', '--format=lzma', '--lzma1=lc=1,lp=2'], ARCHIVE),
      /^invalid magic at start/,
      /an lzma stream with other parameters than the usual ones/,
    ],
    [
      'lzop without checksums',
      through('lzop', ['-c', '-F'], ARCHIVE),
      /./,
      /even if it is whole \(its blocks have 0 checksums where the kernel expects one/,
    ],
    ['zlib', deflateSync(ARCHIVE), /^invalid magic at start/, /a zlib stream/],
    ['tar', tarOf('init'), /^invalid magic at start/, /a tar archive.*cpio -H newc/],
    ['old cpio', cpioBinary(), /^invalid magic at start/, /old binary kind.*cpio -H newc/],
  ];
  for (const [what, bytes, says, means] of cases) {
    const problem = await problemOf(bytes);
    t.match(problem.kernelSays, says, what);
    t.match(`${problem.means}; ${problem.cure}`, means, what);
    t.notMatch(problem.means, /damaged/, what);
  }
});

t.test('data behind the last archive are no damage, and the cure says where to cut', async (t) => {
  const zipped = await packed('gzip', ARCHIVE);
  for (const whole of [ARCHIVE, zipped, Buffer.concat([zipped, zeros(-zipped.length & 511)])]) {
    const erased = await problemOf(Buffer.concat([whole, Buffer.alloc(5000, 0xff)]));
    t.match(erased, {
      offset: whole.length,
      kernelSays: 'invalid magic at start of compressed archive',
      means: /behind the archive .* erased flash .* unpacks what is before it/,
      cure: new RegExp(`at byte ${whole.length},`),
    });
    t.match(await problemOf(Buffer.concat([whole, Buffer.from('AVBf')])), {
      means: /behind the archive stands something/,
    });
  }
  const cut = archive(member('a')).subarray(0, 112);
  t.match((await read(Buffer.concat([cut, Buffer.from('junk')]))).problems, [
    { means: /where a member should begin|no cpio archive/ },
  ]);
});

t.test('a window between the limits of the library and of memory is named', async (t) => {
  // A window of 192 MiB, and an empty last block.
  const stream = Buffer.from('28b52ffd008c010000', 'hex');
  t.match(await problemOf(stream), {
    kernelSays: /probably corrupt/,
    means: /even if it is whole \(its window is 201326592 bytes/,
  });
});

t.test('only what begins as a known format is named', (t) => {
  const known: [hex: string, code: string | null][] = [
    ['04224d18', 'lz4-frame'],
    ['502a4d18', 'skippable-frame'],
    ['5f2a4d18', 'skippable-frame'],
    ['602a4d18', null],
    ['1f9d90', 'compress'],
    ['504b0304', 'zip'],
    ['7f454c46', 'elf'],
    ['27051956', 'uimage'],
    ['6d00008000ffffffffffffffff', 'lzma-parameters'],
    ['5d00008000ffffffffffffffff', 'lzma-parameters'],
    ['6d12345678ffffffffffffffff', null],
    ['ff'.repeat(16), 'erased-flash'],
    ['ff'.repeat(15), null],
    ['', null],
    ['00', null],
  ];
  for (const [hex, code] of known) t.equal(foreignFormat(Buffer.from(hex, 'hex')), code, hex);
  t.end();
});

function tarOf(name: string): Buffer {
  const header = Buffer.alloc(1024);
  header.write(name);
  header.write('ustar', 257);
  return header;
}

function cpioBinary(): Buffer {
  const header = Buffer.alloc(100);
  header.writeUInt16LE(0o070707);
  header.writeUInt32LE(crc32('x'), 20);
  return header;
}
