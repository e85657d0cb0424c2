/**
 * C, TypeScript and shell each write down these constants, because no build step joins them: the
 * copies must be equal.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { launcherDefinitions } from '../../../scripts/agent/launcher.js';
import { checkout } from '../../../scripts/lib/report.js';
import { FIRST_IS_SCRIPT, HOME } from '../../../src/facts/installation.js';
import { FIRST_SCRIPT, SETTINGS_FILE } from '../../../src/facts/places.js';
import { BOOT_VERBS } from '../../../src/plan/root-verbs.js';
import { errnoName } from '../../../src/system/errno.js';
import {
  MNT_DETACH,
  MOUNT_FLAGS,
  NODE_TYPES,
  RENAME_EXCHANGE,
  RENAME_WHITEOUT,
} from '../../../src/system/flags.js';

const source = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const words = (list: string): string[] =>
  list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** libffi's name for the type of a C parameter. */
function ffiType(declared: string): string {
  const type = declared.replace(/\bconst\b/g, '').trim();
  if (/^char \*\s*\w*$/.test(type)) return 'string';
  return /[*[]/.test(type) ? 'pointer' : type.split(' ')[0]!.replace(/_t$/, '');
}

/** The exported functions of a C source: `name(result, parameters)`. */
const exported = (path: string): Map<string, string[]> =>
  new Map(
    [...source(path).matchAll(/^EXPORT ([\w ]+\*?)\b(\w+)\(([^)]*)\)/gm)].map(
      ([, result, name, list]) => [
        name!,
        [`${result!.trim()} x`, ...(list === 'void' ? [] : words(list!))].map(ffiType),
      ],
    ),
  );

/** The same as a TypeScript source passes them to ffi-napi. */
const called = (path: string): [name: string, types: string[]][] =>
  [...source(path).matchAll(/^\s+(\w+): \[\s*'(\w+)',\s*\[([^\]]*)\],?\s*\]/gm)].map(
    ([, name, result, list]) => [
      name!,
      [result!, ...words(list!).map((word) => word.slice(1, -1))],
    ],
  );

/** A pointer may replace a string: the bytes of a name are passed unchanged. */
const asBytes = (types: readonly string[]): string[] =>
  types.map((type) => (type === 'string' ? 'pointer' : type));

for (const [typescript, c] of [
  ['src/system/ffi.ts', 'native/mountroot.c'],
  ['src/system/tree-library.ts', 'native/tree.c'],
  ['src/system/archive-ffi.ts', 'native/tree-import.h'],
  ['src/layer/diff/attributes.ts', 'native/mountroot.c'],
  ['src/ramdisk/codec-native.ts', 'native/codecs.c'],
  ['src/ramdisk/ext2.ts', 'native/ext2.c'],
] as const)
  t.test(`${typescript} calls the functions of ${c} as they are declared`, async (t) => {
    const functions = exported(c);
    const calls = called(typescript);
    t.ok(calls.length >= 2, `${calls.length} functions`);
    for (const [name, types] of calls)
      t.same(asBytes(types), asBytes(functions.get(name) ?? []), name);
  });

t.test('every function of the shims is called', async (t) => {
  for (const [typescript, c] of [
    ['src/system/ffi.ts', 'native/mountroot.c'],
    ['src/system/tree-library.ts', 'native/tree.c'],
    ['src/system/archive-ffi.ts', 'native/tree-import.h'],
  ] as const) {
    const names = new Set(called(typescript).map(([name]) => name));
    t.same(
      [...exported(c).keys()].filter((name) => !names.has(name)),
      [],
      c,
    );
  }
});

/** The number that a source gives a name, in C or in TypeScript. */
const numberOf = (path: string, name: string): number => {
  const text = source(path).replace(/(?<=\d)_(?=\d)/g, '');
  return Number(new RegExp(`^(?:#define|const) ${name} (?:= )?(\\d+);?$`, 'm').exec(text)?.[1]);
};

t.test('C and TypeScript mean the same by ordinary entries of an archive', async (t) => {
  for (const [name, c, typescript] of [
    ['TEXT_AT', 'native/tree-import.h', 'src/system/archive-ffi.ts'],
    ['TEXT_ROOM', 'native/tree-import.h', 'src/system/archive-ffi.ts'],
    ['GIVEN', 'native/tree-import.h', 'src/system/archive-ffi.ts'],
    ['HOLE', 'native/tree-import.h', 'src/layer/archive/unpack-layer.ts'],
    ['LARGEST_SMALL', 'native/tree-member.h', 'src/layer/archive/unpack-layer.ts'],
  ] as const)
    t.equal(numberOf(c, name), numberOf(typescript, name), name);
});

/** Asks the C compiler whether names have these values. */
function wrongInC(headers: readonly string[], values: Readonly<Record<string, number>>): string {
  const program = [
    '#define _GNU_SOURCE',
    ...headers.map((header) => `#include <${header}>`),
    ...Object.entries(values).map(
      ([name, value]) => `_Static_assert(${name} == ${value}, "${name}");`,
    ),
  ].join('\n');
  const { stderr } = spawnSync('gcc', ['-fsyntax-only', '-x', 'c', '-'], {
    input: program,
    encoding: 'utf8',
  });
  return stderr;
}

t.test('flags and error numbers are those of the C headers', async (t) => {
  const { fifo, character, block, socket } = NODE_TYPES;
  t.equal(
    wrongInC(['sys/mount.h', 'sys/stat.h', 'stdio.h'], {
      ...MOUNT_FLAGS,
      MNT_DETACH,
      RENAME_EXCHANGE,
      RENAME_WHITEOUT,
      S_IFIFO: fifo,
      S_IFCHR: character,
      S_IFBLK: block,
      S_IFSOCK: socket,
    }),
    '',
  );
  const numbers = Array.from({ length: 134 }, (_, index) => index);
  const named = numbers
    .map((number): [string, number] => [errnoName(number), number])
    .filter(([name]) => /^E/.test(name));
  t.ok(named.length > 35, `${named.length} errors`);
  t.equal(wrongInC(['errno.h'], Object.fromEntries(named)), '');
});

const enumOf = (first: string): string[] => {
  const [, list] = new RegExp(`enum \\{ (${first}\\b[^}]*) \\}`).exec(source('native/codecs.c'))!;
  return words(list!).map((word) => word.split(' ')[0]!);
};

t.test('the numbers of codecs, directions and faults are those of codecs.c', async (t) => {
  const codecs = source('native/codecs.c');
  t.match(codecs, /enum \{ COMPRESS, DECOMPRESS \}/);
  t.match(source('src/ramdisk/codec-native.ts'), /\{ compress: 0, decompress: 1 \}/);
  const faults = enumOf('MEMORY').map((name, index) => `${index + 1}: '${name.toLowerCase()}'`);
  t.equal(faults.pop(), "5: 'other'");
  t.ok(source('src/ramdisk/codec-native.ts').includes(`{ ${faults.join(', ')} }`));
  for (const [number, name] of enumOf('XZ').entries())
    t.match(
      source(`src/ramdisk/codec-${name.toLowerCase()}.ts`),
      new RegExp(`\\b(?:NATIVE =|native:) ${number}\\b`),
      name,
    );
});

t.test(
  '/etc/preinit looks for the script under the same name as the agent and the build',
  async (t) => {
    const preinit = source('board/vexpress-a9/rootfs/etc/preinit');
    t.ok(preinit.includes(`*'${FIRST_IS_SCRIPT}'*`), FIRST_IS_SCRIPT);
    t.ok(preinit.includes(`script=${FIRST_SCRIPT}`), FIRST_SCRIPT);
    t.ok(preinit.includes(`<${SETTINGS_FILE}`), SETTINGS_FILE);
  },
);

t.test('the scripts of a boot call only boot verbs', async (t) => {
  const etc = 'board/vexpress-a9/rootfs/etc';
  const scripts = [`${etc}/preinit`, `${etc}/init.d/rcS`, `${etc}/init.d/shutdown`].map(source);
  const text = scripts.join('\n');
  // preinit calls the verb that it chose: `verb=start`.
  const verbs = [...text.matchAll(/(?:\b600 mount_?root |\bverb=)(\w+)/g)].map(([, verb]) => verb!);
  t.ok(verbs.length >= 3, verbs.join(' '));
  t.same(
    verbs.filter((verb) => !BOOT_VERBS.some((known) => known === verb)),
    [],
  );
});

t.test('the launcher gets every constant that it does not define itself', async (t) => {
  const defined = launcherDefinitions(HOME, '/usr/bin/node').map(
    (definition) => /^-D(\w+)=/.exec(definition)![1]!,
  );
  const [, named] = /launcher\.ts defines ([^]*?), from/.exec(source('native/launch.c'))!;
  t.same(
    named!
      .replace(/\n \*/g, '')
      .split(/, | and /)
      .sort(),
    defined.sort(),
  );
});
