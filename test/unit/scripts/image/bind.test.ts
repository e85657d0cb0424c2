/**
 * A real library for the board and two real programs, compiled here; the linker's output is
 * compared with the bound result.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bindOwn } from '../../../../scripts/image/bind.js';
import { DynamicFile } from '../../../../scripts/image/elf-dynamic.js';

const GCC = 'arm-linux-gnueabihf-gcc';
const skip =
  spawnSync(GCC, ['--version']).status === 0
    ? false
    : 'needs the cross compiler of the full set-up';
const SOURCE = `
int answer(void) { return 42; }
int other(void) { return answer() + 1; }
int taken(void) { return 7; }
static int hidden(void) { return 1; }
int (*table[])(void) = { answer, other, taken, hidden };
int numbers[2];
int *second = &numbers[1];
extern int elsewhere(void);
int asks(void) { return elsewhere() + taken(); }
`;

t.test('a library bound to itself', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-bind-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('own.c'), SOURCE);
  writeFileSync(
    file('first.c'),
    'int taken(void) { return 8; }\nint elsewhere(void) { return 3; }\n',
  );
  const link = (name: string, source: string, ...more: string[]): Buffer => {
    execFileSync(
      GCC,
      [
        '-shared',
        '-fPIC',
        '-O1',
        '-nostdlib',
        `-Wl,-soname,${name}`,
        '-o',
        file(name),
        file(source),
        ...more,
      ],
      { stdio: 'pipe' },
    );
    return readFileSync(file(name));
  };
  const scopes = [['program', 'libfirst.so', 'libown.so']];
  const build = (...more: string[]): Map<string, Buffer> =>
    new Map([
      ['libfirst.so', link('libfirst.so', 'first.c')],
      ['libown.so', link('libown.so', 'own.c', ...more)],
    ]);
  const symbolic = (bytes: Buffer): string[] => {
    writeFileSync(file('bound.so'), bytes);
    return execFileSync('arm-linux-gnueabihf-readelf', ['-rW', file('bound.so')], {
      encoding: 'utf8',
    })
      .split('\n')
      .flatMap(
        (line) => /R_ARM_(?:ABS32|GLOB_DAT|JUMP_SLOT)\s+[0-9a-f]+\s+(\w+)/.exec(line)?.[1] ?? [],
      )
      .sort();
  };

  await t.test(
    'leaves symbols that another file defines first to the dynamic linker',
    async (t) => {
      const files = build('-Wl,-z,now');
      const before = Buffer.from(files.get('libown.so')!);
      const [first, own] = bindOwn(files, scopes, () => false);
      t.equal(first!.file, 'libfirst.so');
      t.ok(own!.bound >= 4, `${own!.bound} bound`);
      t.same([...new Set(symbolic(files.get('libown.so')!))], ['elsewhere', 'taken']);
      t.equal(files.get('libown.so')!.length, before.length);
    },
  );

  await t.test('writes what the dynamic linker would write, minus the load address', async (t) => {
    const files = build('-Wl,-z,now');
    const before = new DynamicFile(Buffer.from(files.get('libown.so')!), 'before');
    bindOwn(files, scopes, () => false);
    const after = new DynamicFile(files.get('libown.so')!, 'after');
    const value = (name: string): number =>
      before.symbols.find((each) => each.name === name)!.value;
    t.equal(after.read(value('table')), value('answer'));
    t.equal(after.read(value('table') + 4), value('other'));
    t.equal(after.read(value('second')), value('numbers') + 4, 'an addend counts');
    const types = [after.relocations, after.pltRelocations].map((table) =>
      Array.from({ length: table?.count ?? 0 }, (_, index) => after.relocation(table!, index).type),
    );
    const relative = types[0]!.findLastIndex((type) => type === 23) + 1;
    t.ok(
      types[0]!.slice(0, relative).every((type) => type === 23),
      'relative ones come first',
    );
  });

  await t.test(
    'leaves lazily bound references, whose type the dynamic linker requires',
    async (t) => {
      const files = build('-Wl,-z,lazy');
      bindOwn(files, scopes, () => false);
      const after = new DynamicFile(files.get('libown.so')!, 'after');
      t.equal(after.bindsNow, false);
      t.ok(after.pltRelocations!.count > 0);
      for (let index = 0; index < after.pltRelocations!.count; index++)
        t.equal(after.relocation(after.pltRelocations!, index).type, 22);
    },
  );

  await t.test('is left alone if it is excluded, or if no program loads it', async (t) => {
    for (const [which, untouched] of [
      [scopes, () => true],
      [[['program']], () => false],
    ] as const) {
      const files = build('-Wl,-z,now');
      const before = Buffer.from(files.get('libown.so')!);
      bindOwn(files, which, untouched);
      t.ok(files.get('libown.so')!.equals(before));
    }
  });

  await t.test('a file that is cut short or is not ELF is refused in one sentence', async (t) => {
    const whole = build('-Wl,-z,now').get('libown.so')!;
    for (const length of [0, 40, 52, 100, 300, 600])
      t.throws(
        () => new DynamicFile(Buffer.from(whole.subarray(0, length)), 'lib'),
        {
          message:
            /^lib is (not a 32-bit little-endian ELF file|an ELF file that is cut short or damaged: .+)$/,
        },
        `${length} bytes`,
      );
  });
});
