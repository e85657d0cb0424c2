/**
 * Runs as root in its own mount namespace: layers of every kind through an archive and back, by us
 * and by GNU tar; prints the results.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { checkArchive, prepare } from '../../../../src/layer/archive/import-archive.js';
import { layerTar } from '../../../../src/layer/archive/tar-writer.js';
import { archiveDoor } from '../../../../src/system/archive-ffi.js';
import { system } from '../../../../src/system/ffi.js';
import type { FileContent, TreeDoor } from '../../../../src/system/tree-door.js';
import {
  CAPABILITY,
  at,
  entryByEntry,
  exported,
  imported,
  listing,
  report,
  work,
} from './round-trip-layers.js';
import { property } from './round-trip-property.js';

/** A layer with one of each. */
function sample(top: string): void {
  system.mkdir(top, 0o755);
  for (const folder of [
    'etc',
    'etc/config',
    'opt',
    'n'.repeat(120),
    `${'n'.repeat(120)}/${'m'.repeat(150)}`,
  ])
    system.mkdir(`${top}/${folder}`, 0o750);
  fs.writeFileSync(`${top}/etc/shadow`, 'secret\n', { mode: 0 });
  fs.chmodSync(`${top}/etc/shadow`, 0);
  fs.writeFileSync(`${top}/etc/ping`, 'program');
  system.setAttribute(`${top}/etc/ping`, 'security.capability', CAPABILITY);
  system.setAttribute(`${top}/etc/config`, 'trusted.note', Buffer.from([0, 0xff, 0x0a, 0x3d]));
  fs.writeFileSync(`${top}/${'n'.repeat(120)}/${'m'.repeat(150)}/${'l'.repeat(90)}`, 'far away');
  fs.writeFileSync(`${top}/.hidden ü`, '.');
  system.link(`${top}/etc/ping`, `${top}/opt/ping`);
  system.symlink('../é'.repeat(40), `${top}/etc/link`);
  system.makeNode(`${top}/opt/fifo`, 'fifo', 0o640, '');
  system.makeNode(`${top}/opt/sda`, 'block', 0o660, '8:300');
  system.makeNode(`${top}/etc/gone`, 'character', 0, '0:0');
  system.setAttribute(`${top}/opt`, 'trusted.overlay.opaque', Buffer.from('y'));
  system.setOwner(`${top}/.hidden ü`, 3_000_000, 4);
  system.setModified(`${top}/etc/shadow`, -1_876_543_211n);
  system.setModified(`${top}/.hidden ü`, 7_258_118_400_000_000_001n);
}

const TAR = ['--xattrs', '--xattrs-include=*', '--numeric-owner'];

async function withGnuTar(): Promise<object> {
  sample(at('sample'));
  const archive = await exported(at('sample'));
  fs.writeFileSync(at('ours.tar'), archive);
  const listed = spawnSync('tar', [...TAR, '-tvf', at('ours.tar')], { encoding: 'utf8' });
  system.mkdir(at('gnu'), 0o755);
  const extracted = spawnSync('tar', [...TAR, '-xpf', at('ours.tar'), '-C', at('gnu')], {
    encoding: 'utf8',
  });
  // GNU tar knows no whiteouts, so they are files there.
  const theirs = listing(at('gnu')).filter((line) => !/(^|\/)\.wh\./.test(line.split(' ')[0]!));
  const mine = listing(at('sample'), { opaque: false }).filter(
    (line) => !line.endsWith(' whiteout'),
  );
  const marks = spawnSync('find', [at('gnu'), '-name', '.wh.*', '-printf', '%P %s\n'], {
    encoding: 'utf8',
  })
    .stdout.trim()
    .split('\n')
    .sort();

  // The other way: GNU tar's archive of that tree, in each format that can hold it, is the layer
  // again.
  const back: Record<string, string> = {};
  for (const [name, words] of Object.entries({
    pax: ['--format=pax'],
    compressed: ['--format=pax', '-z'],
  })) {
    execFileSync('tar', [...TAR, ...words, '-cf', at('theirs.tar'), '-C', at('gnu'), '.']);
    const warnings = await imported(fs.readFileSync(at('theirs.tar')), at('back'));
    back[name] = [
      ...warnings,
      listing(at('back')).join('\n') === listing(at('sample')).join('\n') ? 'same' : 'different',
    ].join();
    system.removeTree(at('back'));
  }
  execFileSync('tar', [
    '--format=gnu',
    '--numeric-owner',
    '-cf',
    at('theirs.tar'),
    '-C',
    at('gnu'),
    '.',
  ]);
  await imported(fs.readFileSync(at('theirs.tar')), at('back'));
  back['gnu'] = fs.readFileSync(
    `${at('back')}/${'n'.repeat(120)}/${'m'.repeat(150)}/${'l'.repeat(90)}`,
    'utf8',
  );
  system.removeTree(at('back'));
  // The attributes of the upper directory itself, with its whiteouts in overlay's form.
  execFileSync('tar', [...TAR, '--format=pax', '-cf', at('raw.tar'), '-C', at('sample'), '.']);
  await imported(fs.readFileSync(at('raw.tar')), at('back'));
  back['raw'] =
    listing(at('back')).join('\n') === listing(at('sample')).join('\n') ? 'same' : 'different';
  return {
    listed: listed.status,
    lines: listed.stdout.split('\n').length - 1,
    extracted: extracted.status,
    said: extracted.stderr.replace(/^tar: .*(implausibly old|in the future).*\n/gm, ''),
    same:
      theirs.join('\n') === mine.join('\n')
        ? 'same'
        : `${theirs.join('\n')}\n---\n${mine.join('\n')}`,
    marks,
    back,
    repeated: (await exported(at('sample'))).equals(archive),
  };
}

/** A file that grows, shrinks and goes while it is read. */
async function live(): Promise<object> {
  const told = report();
  system.mkdir(at('live'), 0o755);
  for (const file of ['a-shrinks', 'b-grows', 'c-stays'])
    fs.writeFileSync(at('live', file), Buffer.alloc(300_000, file));
  for (const file of ['d-small', 'e-exchanged']) fs.writeFileSync(at('live', file), 'little');
  // What small files hold comes with their entries, so changes of those are told by the door.
  const small: Record<string, Partial<FileContent>> = {
    'd-small': { same: false },
    'e-exchanged': { errno: 'ESTALE' },
  };
  const walk: TreeDoor['walk'] = function* (folder, purpose) {
    for (const entry of system.tree.walk(folder, purpose)) {
      const path = at('live', entry.name);
      if (entry.name === 'a-shrinks') fs.truncateSync(path, 1000);
      if (entry.name === 'b-grows') fs.appendFileSync(path, 'more');
      const { content } = entry;
      yield content === null ? entry : { ...entry, content: { ...content, ...small[entry.name] } };
    }
  };
  const changing = { ...system, tree: { ...entryByEntry().tree, walk } };
  const chunks: Buffer[] = [];
  for await (const chunk of layerTar(changing, at('live'), told)) chunks.push(chunk);
  fs.writeFileSync(at('live.tar'), Buffer.concat(chunks));
  const sizes = spawnSync('tar', ['-tvf', at('live.tar')], { encoding: 'utf8' });
  return {
    problems: told.problems.map(({ path }) => path),
    valid: sizes.status,
    lines: sizes.stdout.split('\n').length - 1,
  };
}

/** What is just ordinary, and just not, in C (native/tree-tar.h). */
async function borders(): Promise<object> {
  const top = at('borders');
  system.mkdir(top, 0o755);
  for (const length of [98, 99, 100, 101, 250]) {
    fs.writeFileSync(`${top}/${'f'.repeat(length)}`, 'x'.repeat(length));
    system.mkdir(`${top}/${'d'.repeat(length)}`, 0o1777);
    fs.writeFileSync(`${top}/${'d'.repeat(length)}/${'g'.repeat(2)}`, '');
    system.symlink('t'.repeat(length), `${top}/link-${length}`);
  }
  for (const size of [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 200_000])
    fs.writeFileSync(`${top}/size-${size}`, Buffer.alloc(size, 'content'));
  for (const id of [0o777777, 0o1000000, 0xffff_fffe]) {
    fs.writeFileSync(`${top}/id-${id}`, '');
    system.setOwner(`${top}/id-${id}`, id, 0);
    fs.writeFileSync(`${top}/group-${id}`, '');
    system.setOwner(`${top}/group-${id}`, 0, id);
  }
  const second = 1_000_000_000n;
  const last = 0x7fff_ffffn * second;
  for (const time of [-1n, 0n, 1n, 100n, second, second + 500_000_000n, last, last + second - 1n])
    for (const more of [0n, second]) {
      fs.writeFileSync(`${top}/time-${time + more}`, '');
      system.setModified(`${top}/time-${time + more}`, time + more);
    }
  for (const name of [
    '.dot',
    '.wh.x',
    'tab\tin',
    'ü',
    'a b',
    '~',
    'del\x7f',
    '.wh.folder/in',
    '.d/in',
  ]) {
    if (name.includes('/')) system.mkdir(`${top}/${name.split('/')[0]}`, 0o755);
    fs.writeFileSync(`${top}/${name}`, name);
  }
  system.symlink('(overlay-whiteout)', `${top}/like-a-whiteout`);
  system.symlink('(overlay-whiteout)', `${top}/whiteout`);
  system.setAttribute(`${top}/whiteout`, 'trusted.overlay.whiteout', Buffer.from('y'));
  fs.writeFileSync(`${top}/several`, 'names');
  system.link(`${top}/several`, `${top}/names`);
  const told = report();
  const archive = await exported(top, told);
  const back = await imported(archive, at('borders-back'));
  return { told, back, large: archive.length > 400_000 };
}

async function refusals(): Promise<object> {
  const outcome: Record<string, unknown> = {};
  const whole = async (top: string): Promise<string> => {
    let bytes = 0;
    try {
      for await (const chunk of layerTar(system, top, report())) bytes += chunk.length;
      return 'exported';
    } catch (error) {
      return `${bytes} bytes: ${(error as Error).message.replaceAll(work, '')}`;
    }
  };
  for (const mark of ['redirect', 'metacopy']) {
    system.mkdir(at(mark), 0o755);
    system.mkdir(at(mark, 'first'), 0o755);
    const odd = at(mark, 'odd');
    if (mark === 'redirect') system.mkdir(odd, 0o755);
    else fs.writeFileSync(odd, '');
    system.setAttribute(odd, `trusted.overlay.${mark}`, Buffer.from('/etc/old'));
    outcome[mark] = await whole(at(mark));
  }
  system.mkdir(at('odd'), 0o755);
  fs.writeFileSync(Buffer.concat([Buffer.from(at('odd', 'bad')), Buffer.from([0xff])]), '');
  fs.writeFileSync(at('odd', '.wh.mine'), '');
  system.makeNode(at('odd', 'socket'), 'socket', 0o600, '');
  fs.writeFileSync(at('odd', 'good'), '');
  system.mkdir(at('odd', '.mountroot'), 0o755);
  system.mkdir(at('odd', 'mounted'), 0o755);
  system.mount('tmpfs', at('odd', 'mounted'), 'tmpfs', [], null);
  const told = report();
  await exported(at('odd'), told);
  system.umount(at('odd', 'mounted'));
  outcome['left out'] = told.problems.map(({ path, why }) => `${path}: ${why}`);
  outcome['taken'] = told.entries;
  return outcome;
}

/** A hole of half a gigabyte, in little memory, and a hole again. */
async function sparse(): Promise<object> {
  system.mkdir(at('sparse'), 0o755);
  fs.writeFileSync(at('sparse', 'hole'), 'begin');
  fs.truncateSync(at('sparse', 'hole'), 128 << 20);
  fs.appendFileSync(at('sparse', 'hole'), 'end');
  const before = process.memoryUsage.rss();
  let [peak, bytes] = [0, 0];
  fs.rmSync(at('archive'), { force: true });
  const packed = (await import('../../../../src/ramdisk/compression.js')).compress(
    'gzip',
    layerTar(system, at('sparse'), report()),
  );
  for await (const chunk of packed) {
    fs.appendFileSync(at('archive'), chunk);
    bytes += chunk.length;
    peak = Math.max(peak, process.memoryUsage.rss() - before);
  }
  const job = {
    ...{ file: at('archive'), upper: null, merge: false, bytes: 1 << 28, privileged: true },
    ordinary: archiveDoor(),
  };
  await prepare(system, job, await checkArchive(system, job), at('sparse-back'));
  const { size, blocks } = fs.statSync(at('sparse-back', 'hole'));
  return { small: bytes < 1 << 20, little: peak < 80 << 20, size, holes: blocks * 512 < 1 << 20 };
}

/** Merged into a layer: the archive wins, and its hidden files of the layer are hidden. */
async function merged(): Promise<object> {
  const [old, add] = [at('old'), at('add')];
  for (const top of [old, add]) system.mkdir(top, 0o755);
  for (const folder of ['keep', 'hidden', 'becomes-file']) system.mkdir(join(old, folder), 0o755);
  for (const file of ['keep/a', 'keep/b', 'hidden/secret', 'becomes-file/x', 'becomes-directory'])
    fs.writeFileSync(join(old, file), 'old');
  system.makeNode(join(old, 'white'), 'character', 0, '0:0');
  for (const folder of ['keep', 'hidden', 'becomes-directory', 'white'])
    system.mkdir(join(add, folder), 0o700);
  for (const file of ['keep/b', 'becomes-file', 'hidden/new'])
    fs.writeFileSync(join(add, file), 'new');
  system.makeNode(join(add, 'keep', 'gone'), 'character', 0, '0:0');
  system.setAttribute(join(add, 'hidden'), 'trusted.overlay.opaque', Buffer.from('y'));
  const warnings = await imported(await exported(add), at('both'), { upper: old, merge: true });
  return {
    warnings,
    now: listing(at('both')).map((line) =>
      line.replace(/^(\S*) (\S+)( \d+)?.*?(trusted.overlay.opaque)?(=\w+)?$/, '$1 $2$3 $4'),
    ),
    content: ['keep/a', 'keep/b', 'becomes-file'].map((file) =>
      fs.readFileSync(at('both', file), 'utf8'),
    ),
    old: fs.readFileSync(join(old, 'hidden/secret'), 'utf8'),
  };
}

async function main(): Promise<void> {
  process.umask(0o022);
  system.mount('tmpfs', work, 'tmpfs', [], 'size=200m');
  system.mkdir(at('trees'), 0o755);
  process.stdout.write(
    JSON.stringify({
      property: await property(),
      gnu: await withGnuTar(),
      live: await live(),
      borders: await borders(),
      refusals: await refusals(),
      sparse: await sparse(),
      merged: await merged(),
    }),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
