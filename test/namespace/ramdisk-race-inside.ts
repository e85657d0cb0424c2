/**
 * As root in a mount namespace: unpacks and packs for some seconds in a directory that a user owns,
 * while he swaps what is in it (ramdisk-race.c). Prints what happened to the files of root.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { readRamdisk } from '../../src/ramdisk/kernel-reader.js';
import { packCpio } from '../../src/ramdisk/pack.js';
import { membersInOrder, readTree } from '../../src/ramdisk/source-tree.js';
import { ByteSource } from '../../src/ramdisk/source.js';
import { Unpacker } from '../../src/ramdisk/unpack.js';
import { archive, directory, member, symlink } from '../unit/ramdisk/archives.js';

const [place, attacker, seconds] = process.argv.slice(2) as [string, string, string];
/** Any number that is no user of this machine. */
const USER = 54_321;
const SECRET = 'nobody but root reads this';

const home = join(place, 'home');
const tree = join(home, 'tree');
const outside = join(place, 'outside');

/** All that tells whether somebody has changed a file. */
function described(folder: string): string[] {
  return ['', ...fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })]
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { mode, uid, gid, size, nlink, mtimeNs, ctimeNs } = fs.lstatSync(path, {
        bigint: true,
      });
      return [name, mode, uid, gid, size, nlink, mtimeNs, ctimeNs].join(' ');
    });
}

/** The user's swaps while `work` runs. */
async function against(kind: 'unpack' | 'pack', work: () => Promise<unknown>): Promise<number> {
  const user = spawn(attacker, [kind, tree, outside], { uid: USER, gid: USER });
  let said = '';
  user.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await once(user.stdout, 'data');
  await work();
  await ended(user);
  return said.split('s').length - 1;
}

async function ended(user: ChildProcess): Promise<void> {
  user.stdin!.end();
  if (user.exitCode === null && user.signalCode === null) await once(user, 'exit');
}

function fresh(): void {
  fs.rmSync(tree, { recursive: true, force: true });
  fs.mkdirSync(tree);
  fs.chownSync(tree, USER, USER);
}

const evil = { data: 'evil', mode: 0o104755, uid: 0, gid: 0 };
/** Directories with programs of root's, files, symlinks and hard links that are written twice. */
const members = Array.from({ length: 40 }, (_, index) => {
  const linked = { ...evil, inode: 1000 + index, links: 2 };
  return [
    directory(`d${index}`, { uid: USER, gid: USER }),
    member(`d${index}/secret`, evil),
    member(`d${index}/more`, evil),
    member(`f${index}`, evil),
    symlink(`l${index}`, 'f', { uid: USER, gid: USER }),
    member(`h${index}`, { ...linked, data: '' }),
    directory(`e${index}`),
    member(`i${index}`, linked),
    member(`f${index}`, { ...evil, uid: USER, gid: USER }),
  ];
}).flat();
const ramdisk = archive(...members);

async function unpack(): Promise<string> {
  const refused = (error: unknown): string => {
    if ((error as Error).name !== 'UnpackError') throw error;
    return 'refused';
  };
  const options = { limit: 1 << 20, privileged: true, makeNode: null };
  const unpacker = new Unpacker(tree, options);
  let outcome = 'whole';
  try {
    await readRamdisk(ByteSource.fromBuffer(ramdisk), unpacker);
  } catch (error) {
    outcome = refused(error);
  }
  try {
    unpacker.end();
  } catch (error) {
    outcome = refused(error);
  }
  return outcome;
}

function plant(): void {
  fresh();
  for (let index = 0; index < 20; index++) {
    fs.mkdirSync(join(tree, `d${index}`));
    for (const name of ['secret', 'more']) fs.writeFileSync(join(tree, `d${index}`, name), 'his');
    fs.writeFileSync(join(tree, `f${index}`), SECRET.replace(/./g, '-'));
  }
  for (const name of fs.readdirSync(tree, { recursive: true, encoding: 'utf8' }))
    fs.chownSync(join(tree, name), USER, USER);
}

async function pack(found: Buffer[]): Promise<string> {
  try {
    const listed = membersInOrder(readTree(tree)).filter(({ name }) => name !== '.');
    for await (const bytes of packCpio(listed)) found.push(bytes);
    return 'whole';
  } catch (error) {
    if ((error as Error).name !== 'TreeError') throw error;
    return 'refused';
  }
}

fs.mkdirSync(home);
fs.chownSync(home, USER, USER);
fs.mkdirSync(join(outside, 'folder'), { recursive: true });
for (const name of ['secret', 'more', 'folder/file'])
  fs.writeFileSync(join(outside, name), SECRET, { mode: 0o600 });
const before = described(outside);

/** The lines that are not the same as before. */
function harm(): string[] {
  const after = described(outside);
  return [
    ...after.filter((line) => !before.includes(line)),
    ...before.filter((line) => !after.includes(line)),
  ];
}

const result = {
  swaps: { unpack: 0, pack: 0 },
  harmed: [] as string[],
  read: 0,
  outcomes: {} as Record<string, number>,
};
const count = (outcome: string): void =>
  void (result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1);

const until = (): (() => boolean) => {
  const end = Date.now() + Number(seconds) * 1000;
  return () => Date.now() < end;
};

async function race(): Promise<void> {
  for (const more = until(); more() && result.harmed.length === 0;) {
    fresh();
    result.swaps.unpack += await against('unpack', async () => count(`unpack ${await unpack()}`));
    result.harmed = harm();
  }
  for (const more = until(); more() && result.harmed.length === 0 && result.read === 0;) {
    plant();
    result.swaps.pack += await against('pack', async () => {
      for (let again = 0; again < 20; again++) {
        const found: Buffer[] = [];
        count(`pack ${await pack(found)}`);
        if (Buffer.concat(found).includes(SECRET)) result.read++;
      }
    });
    result.harmed = harm();
  }
  process.stdout.write(JSON.stringify(result));
}

void race();
