/**
 * Reduces the image's libicudata to the data that a board needs. Debian's has some seven hundred
 * locales and takes a third of the root file system. This keeps English and the root locale, on
 * which all others are based. It also keeps data that belongs to no language, except the
 * dictionaries and the data that Node never asks for. A program that asks for another language gets
 * English.
 *
 * The benefit: the packed image becomes 11.9 MiB smaller, by two fifths.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamicFile } from './elf-dynamic.js';
import { parseElf } from './elf.js';
import { keepInIndex, readIcuData, writeIcuData, type Item } from './icu-data.js';
import { Failure, say } from '../lib/report.js';
import { run } from '../lib/run.js';

const GCC = 'arm-linux-gnueabihf-gcc';

/**
 * The converters that `new TextDecoder(label)` may ask for, by ICU's names: the converters for the
 * labels of the Encoding Standard, and those on which these are based. ICU has some converters as
 * code, not data; they are not listed.
 */
const CONVERTERS = new Set([
  ...[
    'ibm-866_P100-1995',
    'ibm-878_P100-1996',
    'ibm-1168_P100-2002',
    'macos-0_2-10.2',
    'macos-7_3-10.2',
    'windows-874-2000',
  ],
  ...[
    'ibm-912_P100-1995',
    'ibm-913_P100-2000',
    'ibm-914_P100-1995',
    'ibm-915_P100-1995',
    'ibm-1089_P100-1995',
    'ibm-9005_X110-2007',
    'ibm-5012_P100-1999',
  ],
  ...['iso-8859_10-1998', 'ibm-921_P100-1995', 'iso-8859_14-1998', 'ibm-923_P100-1998'],
  ...[
    'ibm-5346_P100-1998',
    'ibm-5347_P100-1998',
    'ibm-5348_P100-1997',
    'ibm-5349_P100-1998',
    'ibm-5350_P100-1998',
    'ibm-9447_P100-2002',
    'ibm-9448_X100-2005',
    'ibm-9449_P100-2002',
    'ibm-5354_P100-1998',
  ],
  ...[
    'windows-936-2000',
    'ibm-1386_P100-2001',
    'gb18030-2022',
    'windows-950-2000',
    'ibm-1373_P100-2002',
    'euc-jp-2007',
    'ibm-943_P15A-2003',
    'ibm-970_P110_P110-2006_U2',
    'jisx-212',
  ],
]);

/**
 * Node and V8 never ask for these: transliteration, Unicode's names of characters, look-alikes, and
 * the profiles of stringprep (RFC 3454).
 */
const UNUSED = /^(translit\/|unames\.icu$|confusables\.cfu$|.*\.spp$)/;
/**
 * Dictionaries of languages without spaces between words. Without them, `Intl.Segmenter` takes each
 * character for a word.
 */
const DICTIONARY = /\.dict$/;
/**
 * A language with an optional region or script. Data that belongs to no language has a longer name.
 */
const LOCALE = /^([a-z]{2,3})(_[A-Z0-9_]\w*)?$/;

const isKept = (locale: string): boolean => LOCALE.exec(locale)?.[1] === 'en';

/** @param name without the name of the package: `zone/en.res`. */
export function isNeeded(name: string): boolean {
  if (UNUSED.test(name) || DICTIONARY.test(name)) return false;
  const [, base, extension] = /([^/]+)\.(\w+)$/.exec(name) ?? [];
  if (extension === 'cnv') return CONVERTERS.has(base!);
  return extension !== 'res' || !LOCALE.test(base!) || isKept(base!);
}

/** Returns the item as the image has it, or nothing if the image leaves it out. */
function itemFor({ name, bytes }: Item): Item[] {
  const own = name.slice(name.indexOf('/') + 1);
  if (!isNeeded(own)) return [];
  return [{ name, bytes: /(^|\/)res_index\.res$/.test(own) ? keepInIndex(bytes, isKept) : bytes }];
}

/**
 * Replaces libicudata in a tree by a smaller one with the same name and the same symbol. A tree
 * without Node has no libicudata.
 */
export async function trimIcu(tree: string): Promise<void> {
  const libraries = readdirSync(join(tree, 'usr/lib'), {
    recursive: true,
    withFileTypes: true,
  }).filter((entry) => entry.isFile() && entry.name.startsWith('libicudata.so'));
  for (const { name, parentPath } of libraries) await trimLibrary(join(parentPath, name), name);
}

async function trimLibrary(path: string, name: string): Promise<void> {
  const library = readFileSync(path);
  const { soname } = parseElf(library, name);
  const file = new DynamicFile(library, name);
  const symbol = file.symbols.find((each) => /^icudt\d+_dat$/.test(each.name));
  if (soname === null || symbol === undefined)
    throw new Failure(
      `${name} has no symbol icudtNN_dat, so its data cannot be found; see whether Debian's ` +
        'ICU is packed in another way',
    );
  const data = readIcuData(library.subarray(file.offsetOf(symbol)), name);
  const items = data.items.flatMap(itemFor);
  const lost = [...CONVERTERS].filter(
    (converter) => !items.some((item) => item.name.endsWith(`/${converter}.cnv`)),
  );
  if (lost.length > 0)
    throw new Failure(
      `${name} has no converter ${lost.join(', ')}; see what ICU calls it now, and correct ` +
        'scripts/image/icu.ts',
    );
  const work = `${path}.work`;
  mkdirSync(work);
  try {
    const [packed, source] = [join(work, 'icu.dat'), join(work, 'icu.S')];
    writeFileSync(packed, writeIcuData({ ...data, items }));
    // The attribute says that arguments are in the VFP's registers. Without it, the dynamic linker
    // would skip the library.
    writeFileSync(
      source,
      [
        '.eabi_attribute Tag_ABI_VFP_args, 1',
        '.section .rodata',
        '.balign 4096',
        `.global ${symbol.name}`,
        `.type ${symbol.name}, %object`,
        `${symbol.name}:`,
        '.incbin "icu.dat"',
        `.size ${symbol.name}, . - ${symbol.name}`,
        '.section .note.GNU-stack, "", %progbits',
        '',
      ].join('\n'),
    );
    await run(
      GCC,
      [
        '-shared',
        '-nostdlib',
        '-s',
        `-Wl,-soname,${soname}`,
        '-Wl,--build-id=none',
        '-Wl,-z,max-page-size=65536',
        '-o',
        path,
        'icu.S',
      ],
      { cwd: work },
    );
  } finally {
    rmSync(work, { recursive: true });
  }
  say(
    `rootfs: ${items.length} of ${data.items.length} items of ${name} stay, ` +
      `${(readFileSync(path).length / 2 ** 20).toFixed(1)} of ` +
      `${(library.length / 2 ** 20).toFixed(1)} MiB`,
  );
}
