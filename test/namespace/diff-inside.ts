/**
 * Runs inside a private mount namespace. It makes changes of every kind through a real overlay, and
 * prints diff's report on its upper layer as one JSON value.
 */
import * as fs from 'node:fs';
import { openAttributes, type Attributes } from '../../src/layer/diff/attributes.js';
import type { DiffEntry } from '../../src/layer/diff/diff-entry.js';
import { eachOf } from '../../src/layer/diff/diff-entry.js';
import { walk } from '../../src/layer/diff/walk.js';
import { system } from '../../src/system/ffi.js';
import { random } from '../fixtures/random.js';
import { asView, viewDiff } from '../fixtures/view-diff.js';

export interface DiffReport {
  /** The deliberate changes as `kind path`, in the order of the report. */
  every: string[];
  problems: string[];
  seeds: number;
  /** The random changes for which diff's report differs from a comparison of both trees. */
  wrong: { seed: number; expected: string[]; told: string[] }[];
  /** Layers of which whole directories and single files are told differently. */
  unlike: { seed: number; whole: string; single: string }[];
}

const top = process.argv[2]!;
const seeds = Number(process.argv[3]);

interface Layers {
  rom: string;
  upper: string;
  view: string;
}

function layers(name: string, options: string, fill: (rom: string) => void): Layers {
  const at = `${top}/${name}`;
  for (const folder of ['', '/rom', '/upper', '/work', '/view']) fs.mkdirSync(`${at}${folder}`);
  fill(`${at}/rom`);
  system.mount(
    'overlay',
    `${at}/view`,
    'overlay',
    [],
    `lowerdir=${at}/rom,upperdir=${at}/upper,workdir=${at}/work${options}`,
  );
  return { rom: `${at}/rom`, upper: `${at}/upper`, view: `${at}/view` };
}

function put(path: string, content: string): void {
  fs.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  fs.writeFileSync(path, content);
}

async function everyKind(): Promise<Pick<DiffReport, 'every' | 'problems'>> {
  const { rom, upper, view } = layers('every', ',redirect_dir=on,metacopy=on', (at) => {
    for (const name of [
      'etc/changed',
      'etc/mode',
      'etc/gone',
      'etc/touched',
      'lib/d/one',
      'lib/d/two',
      'lib/d/sub/three',
      'old/in',
      'old/sub/deep',
      'file',
      'folder/in',
      'removed/a/b',
      'moved',
    ])
      put(`${at}/${name}`, name);
    fs.symlinkSync('a', `${at}/etc/link`);
    fs.mkdirSync(`${at}/permissions`);
    fs.writeFileSync(`${at}/capable`, 'x');
    system.setAttribute(`${at}/capable`, 'user.note', Buffer.from('one'));
  });
  fs.appendFileSync(`${view}/etc/changed`, '!');
  fs.chmodSync(`${view}/etc/mode`, 0o600);
  fs.rmSync(`${view}/etc/gone`);
  fs.writeFileSync(`${view}/etc/touched`, 'etc/touched');
  fs.rmSync(`${view}/etc/link`);
  fs.symlinkSync('b', `${view}/etc/link`);
  fs.rmSync(`${view}/lib/d`, { recursive: true });
  put(`${view}/lib/d/one`, 'other');
  put(`${view}/lib/d/sub/new`, 'n');
  fs.renameSync(`${view}/old`, `${view}/new`);
  fs.appendFileSync(`${view}/new/in`, '!');
  fs.rmSync(`${view}/file`);
  put(`${view}/file/below`, 'x');
  fs.rmSync(`${view}/folder`, { recursive: true });
  fs.writeFileSync(`${view}/folder`, 'f');
  fs.rmSync(`${view}/removed`, { recursive: true });
  fs.chmodSync(`${view}/moved`, 0o4755);
  fs.renameSync(`${view}/moved`, `${view}/moved-on`);
  fs.chmodSync(`${view}/permissions`, 0o700);
  system.setAttribute(`${view}/capable`, 'user.note', Buffer.from('two'));
  system.makeNode(`${view}/device`, 'character', 0o600, '1:3');
  system.makeNode(`${view}/fifo`, 'fifo', 0o600, '');
  fs.mkdirSync(`${upper}/mounted`);
  system.mount('tmpfs', `${upper}/mounted`, 'tmpfs', [], null);
  put(`${upper}/mounted/inside`, 'x');
  const found = [...walk({ upper, lower: rom, attributes: await openAttributes() })];
  const told = found.flatMap(eachOf).filter((each) => each !== null);
  return {
    every: told.flatMap((each) =>
      'problem' in each
        ? []
        : [`${each.kind} ${each.path}${each.from === undefined ? '' : ` from ${each.from}`}`],
    ),
    problems: told.flatMap((each) =>
      'problem' in each ? [`${each.problem.path}: ${each.problem.error}`] : [],
    ),
  };
}

const NAMES = ['a', 'b', 'c', 'd'];

/**
 * Makes one change at a random path, as programs make them. Most changes are possible. The others
 * change nothing.
 */
function change(view: string, next: (below: number) => number): void {
  const path = (): string =>
    `${view}/${Array.from({ length: 1 + next(3) }, () => NAMES[next(NAMES.length)]).join('/')}`;
  const [one, other] = [path(), path()];
  const changes: (() => void)[] = [
    () => fs.writeFileSync(one, ['x', 'y', 'zz'][next(3)]!),
    () => fs.appendFileSync(one, '!'),
    () => fs.mkdirSync(one),
    () => fs.rmSync(one, { recursive: true }),
    () => fs.rmSync(one, { recursive: true }),
    () => fs.chmodSync(one, 0o600 + next(8)),
    () => fs.lchownSync(one, next(3), next(3)),
    () => fs.lutimesSync(one, next(3), next(3)),
    () => fs.renameSync(one, other),
    () => fs.linkSync(one, other),
    () => fs.symlinkSync(NAMES[next(NAMES.length)]!, one),
    () => {
      fs.rmSync(one, { recursive: true });
      fs.mkdirSync(one);
    },
  ];
  try {
    changes[next(changes.length)]!();
  } catch {
    // The file is missing, or another one is in the way.
  }
}

/** The walk reads whole directories, and each file by its path. Both must tell the same. */
function bothWays(upper: string, lower: string, attributes: Attributes): [string, string] {
  const told = (of: Attributes): string =>
    JSON.stringify([...walk({ upper, lower, attributes: of })].flatMap(eachOf));
  const byPath: Attributes = {
    names: (path) => attributes.names(path),
    value: (path, name) => attributes.value(path, name),
  };
  return [told(attributes), told(byPath)];
}

/** Files that only the upper layer has: more than one run, and such as are in none. */
function loneFiles(upper: string): void {
  for (let at = 0; at < 100; at++) put(`${upper}/new/${String(at).repeat(120)}`, 'long');
  for (let at = 0; at < 600; at++) put(`${upper}/new/short/${at}`, 'x'.repeat(at * 11));
  for (const name of ['vmlinuz', 'boot/vmlinuz', 'boot/below/x', '.hidden', 'new/.x', 'new/empty'])
    put(`${upper}/${name}`, name.endsWith('empty') ? '' : name);
  fs.linkSync(`${upper}/vmlinuz`, `${upper}/new/second-name`);
  fs.mkdirSync(`${upper}/new/nothing`);
  fs.writeFileSync(Buffer.from(`${upper}/new/\xff\n\\`, 'latin1'), 'x');
}

async function byChance(): Promise<Pick<DiffReport, 'seeds' | 'wrong' | 'unlike'>> {
  const attributes = await openAttributes();
  const wrong: DiffReport['wrong'] = [];
  const unlike: DiffReport['unlike'] = [];
  const compare = (seed: number, upper: string, lower: string): void => {
    const [whole, single] = bothWays(upper, lower, attributes);
    if (whole !== single) unlike.push({ seed, whole, single });
  };
  compare(0, `${top}/every/upper`, `${top}/every/rom`);
  // More than one call gives.
  for (let at = 0; at < 3000; at++)
    for (const layer of at % 3 === 0 ? ['upper'] : ['upper', 'rom'])
      put(`${top}/many/${layer}/file-${at}`, at % 2 === 0 ? 'one' : layer);
  loneFiles(`${top}/many/upper`);
  compare(-1, `${top}/many/upper`, `${top}/many/rom`);
  for (let seed = 1; seed <= seeds; seed++) {
    const next = random(seed);
    const { rom, upper, view } = layers(`seed-${seed}`, ',redirect_dir=off,metacopy=off', (at) => {
      for (let count = 0; count < 20; count++) change(at, next);
    });
    for (let count = 0; count < 25; count++) change(view, next);
    const expected = viewDiff(rom, view);
    const told = asView(
      [...walk({ upper, lower: rom, attributes })]
        .flatMap(eachOf)
        .filter((each): each is DiffEntry => each !== null && !('problem' in each)),
    );
    if (expected.join('\n') !== told.join('\n')) wrong.push({ seed, expected, told });
    compare(seed, upper, rom);
    system.umount(view);
  }
  return { seeds, wrong, unlike };
}

async function main(): Promise<void> {
  system.mount('tmpfs', top, 'tmpfs', [], null);
  process.stdout.write(
    JSON.stringify({ ...(await everyKind()), ...(await byChance()) } satisfies DiffReport),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
