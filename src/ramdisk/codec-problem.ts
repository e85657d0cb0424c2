/** The faults of compressed data, and a sentence for each. */
import { codedSentence, type Coded } from '../text/coded.js';

const SENTENCES = {
  // Faults in any method.
  'cut-short': () => 'the data end before the stream does',
  damaged: () => 'the data are damaged',
  'damaged-or-unsupported': () => 'the data are damaged, or need what is not supported',
  'wrong-format': () => 'this is no such stream',
  'unsupported-variant': () => 'it is made in a way that is not supported',
  'dictionary-too-large': () =>
    'it needs a bigger dictionary than a 32-bit ARM kernel has memory for',
  'block-damaged': () => 'the block is damaged',

  'gzip-header': () => 'this is no gzip header with method deflate',
  'gzip-name-endless': () => 'the file name in its header does not end',
  'gzip-damaged': ({ kibibytes, fields }: { kibibytes: number; fields: boolean }) =>
    `the data here, or in the next ${kibibytes} KiB, are damaged` +
    (fields
      ? ', or its header has fields besides a file name, which the kernel takes for data: ' +
        'compress it with `gzip -n`'
      : ''),
  'gzip-trailer-cut': () => 'the data end within the eight bytes that close the stream',
  'gzip-trailer-differs': (of: { from: number; to: number; wrong: readonly string[] }) =>
    `the gzip stream from byte ${of.from} to ${of.to} has another ` +
    `${of.wrong.join(' and another ')} than its trailer says, so it is probably damaged`,

  'lz4-frame': () => 'this is no legacy lz4 stream; compress it with `lz4 -l`',
  'lz4-block-too-long': ({ bytes }: { bytes: number }) =>
    `a block of ${bytes} bytes would follow, which is longer than one can be; where other data ` +
    'follow lz4 data, the kernel takes them for a block',
  'lz4-block-cut': ({ missing }: { missing: number }) =>
    `the data end ${missing} bytes before the block does`,

  'lzma-first-byte': ({ offset }: { offset: number }) =>
    `the first byte of the lzma data at byte ${offset} is not 0`,

  'lzo-header': () => 'this is no lzop header',
  'lzo-block-too-long': ({ bytes }: { bytes: number }) =>
    `a block of ${bytes} bytes would follow, and 256 KiB is the most`,
  'lzo-sizes': ({ offset, plain, packed }: { offset: number; plain: number; packed: number }) =>
    `its block at byte ${offset} says that ${plain} bytes became ${packed}`,
  'lzo-checksums': ({ count }: { count: number }) =>
    `its blocks have ${count} checksums where the kernel expects one; compress it with \`lzop\` ` +
    'without -F and -C',
  'lzo-method': ({ number }: { number: number }) =>
    `its method is number ${number} of lzop, and the kernel has only LZO1X (1 to 3)`,
  'lzo-extra': () => 'its header has a field that the kernel takes for data',
  'lzo-checksum': ({ offset }: { offset: number }) =>
    `the lzo block at byte ${offset} has a wrong checksum`,

  'xz-checksum': () =>
    'its checksum is another than CRC32, the only one the kernel knows; compress it with ' +
    '`xz --check=crc32`',
  'xz-filter': () =>
    'it uses a filter that the kernel does not have; compress it with ' +
    '`xz --check=crc32 --lzma2`',

  'xz-filter-new': ({ machine }: { machine: string }) =>
    `it uses the filter for ${machine} code, which kernels before 6.12 do not have; compress it ` +
    'with `xz --check=crc32 --lzma2`',
  'xz-dictionary': ({ mebibytes }: { mebibytes: number }) =>
    `it needs a dictionary of ${mebibytes} MiB, more than a 32-bit ARM kernel has memory for; ` +
    'compress it with `xz --check=crc32 -6`, which needs 8 MiB',

  'zstd-header-cut': () => 'the data end within the header of the frame',
  'zstd-reserved': () => 'it is made in a way that is not known',
  'zstd-window': ({ bytes }: { bytes: number }) =>
    `its window is ${bytes} bytes, and the kernel takes 128 MiB at most; compress it without ` +
    '`--long`',

  'bzip2-randomised': () => 'its blocks are randomised, as only bzip2 before 0.9.5 made them',
};

export type CodecProblem = Coded<typeof SENTENCES>;

/** The kernel's behaviour at a fault that it does not report. */
const KERNEL_DOES: Partial<Record<CodecProblem['code'], string>> = {
  'gzip-trailer-cut': 'the kernel would not notice, and read on in the memory behind the archive',
  'gzip-trailer-differs': 'the kernel does not look at it',
  'lzma-first-byte': 'the kernel does not look at it',
  'lzo-checksum': 'the kernel does not look at it',
};

/** The faults that a whole stream may have too. All others are damage. */
const VERDICTS: Partial<Record<CodecProblem['code'], 'unsupported' | 'unclear'>> = {
  'damaged-or-unsupported': 'unclear',
  'unsupported-variant': 'unsupported',
  'dictionary-too-large': 'unsupported',
  'lz4-frame': 'unsupported',
  'lz4-block-too-long': 'unclear',
  'lzo-header': 'unclear',
  'lzo-block-too-long': 'unclear',
  'lzo-checksums': 'unsupported',
  'lzo-method': 'unsupported',
  'lzo-extra': 'unsupported',
  'xz-checksum': 'unsupported',
  'xz-filter': 'unsupported',
  'xz-filter-new': 'unsupported',
  'xz-dictionary': 'unsupported',
  'zstd-reserved': 'unclear',
  'zstd-window': 'unsupported',
  'bzip2-randomised': 'unsupported',
};

/** Whether a stream that is refused is damaged, or only of a form that is not read. */
export function codecVerdict(problem: CodecProblem): 'damaged' | 'unsupported' | 'unclear' {
  if (problem.code === 'gzip-damaged') return problem.fields ? 'unclear' : 'damaged';
  return VERDICTS[problem.code] ?? 'damaged';
}

/** The fault, for any reader of such data. */
export const codecSentence = (problem: CodecProblem): string => codedSentence(SENTENCES, problem);

/** The same for a ramdisk, with the kernel's behaviour. */
export function ramdiskSentence(problem: CodecProblem): string {
  const does = KERNEL_DOES[problem.code];
  return codecSentence(problem) + (does === undefined ? '' : `; ${does}`);
}
