/** Trees that are deeper than a path can say, that others change, and that symlinks lead to. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { packCpio } from '../../../src/ramdisk/pack.js';
import { membersInOrder, readTree } from '../../../src/ramdisk/source-tree.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { Unpacker } from '../../../src/ramdisk/unpack.js';
import { mountroot } from './agent.js';
import { archive, directory, symlink } from './archives.js';
import { collected, through } from './streams.js';
import { root, scratch } from './trees.js';
import { MIB, Place, evil, unpacked } from './unpacking.js';

const needsRoot = { skip: root ? false : 'needs root' };
const USER = 54_321;

/** rm(1) goes by descriptor too, and Node's own rm does not. */
const removed = (path: string): void => void through('rm', ['-rf', path], Buffer.alloc(0));

const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;

t.test('a tree below a path of nearly 4096 bytes is unpacked and packed', async (t) => {
  const name = 'n'.repeat(200);
  const depth = 19;
  const names = Array.from({ length: depth }, (_, index) =>
    Array(index + 1)
      .fill(name)
      .join('/'),
  );
  const deepest = names.at(-1)!;
  const bytes = archive(...names.map((each) => directory(each)), evil(`${deepest}/file`));
  // The top itself is deep too: both together are longer than any path.
  const { target } = new Place();
  t.teardown(() => removed(target));
  const top = join(target, ...Array<string>(15).fill('t'.repeat(250)));
  t.ok(top.length + deepest.length > 2 * 3700);
  fs.mkdirSync(top, { recursive: true });
  const before = descriptors();
  const unpacker = new Unpacker(top, { limit: MIB, privileged: false, makeNode: null });
  t.equal(await readRamdisk(ByteSource.fromBuffer(bytes), unpacker), null);
  unpacker.end();
  t.same(unpacker.warnings, []);
  const members = readTree(top);
  t.same([members.size, members.get(`${deepest}/file`)?.size], [depth + 2, 4]);
  const packed = await collected(
    packCpio(membersInOrder(members).filter(({ name }) => name !== '.')),
  );
  t.ok(packed.includes('evil'));
  t.equal(descriptors(), before, 'and no descriptor stays open');
});

t.test(
  'a tree of thousands of directories in each other is unpacked through symlinks',
  async (t) => {
    // Each symlink leads to the end of what is there so far, so no name is long.
    const parts: Buffer[] = [directory('d')];
    let end = 'd';
    for (let step = 0; step < 10; step++) {
      const inner = Array<string>(100)
        .fill('x')
        .map((_, index, all) => all.slice(0, index + 1).join('/'));
      parts.push(...inner.map((each) => directory(`${end}/${each}`)));
      parts.push(symlink(`to${step}`, `${end}/${inner.at(-1)!}`));
      end = `to${step}`;
    }
    parts.push(evil(`${end}/file`), evil('near'));
    const place = new Place();
    t.teardown(() => removed(place.target));
    const outcome = new Unpacker(place.target, { limit: MIB, privileged: root, makeNode: null });
    let most = 0;
    await readRamdisk(ByteSource.fromBuffer(archive(...parts)), {
      member: (...words) => ((most = Math.max(most, descriptors())), outcome.member(...words)),
      data: (bytes) => outcome.data(bytes),
      complete: () => outcome.complete(),
      trailer: () => outcome.trailer(),
      passedOver: () => outcome.passedOver(),
    });
    outcome.end();
    t.same(outcome.warnings, []);
    t.equal(
      through('find', [place.target, '-name', 'file'], Buffer.alloc(0)).toString().split('/x')
        .length,
      1001,
    );
    t.ok(most < 100, `${most} descriptors are open at most`);
    t.same(place.harmed(), []);
  },
);

t.test('what is no longer what was made there ends the unpacking', needsRoot, async (t) => {
  const swaps: Record<string, (target: string, canary: string) => void> = {
    'a symlink in place of a directory': (target, canary) => {
      fs.renameSync(join(target, 'd'), join(target, 'aside'));
      fs.symlinkSync(canary, join(target, 'd'));
    },
    'another directory in its place': (target) => {
      fs.renameSync(join(target, 'd'), join(target, 'aside'));
      fs.mkdirSync(join(target, 'd'));
    },
    'a symlink in place of a file that is written again': (target, canary) => {
      fs.unlinkSync(join(target, 'f'));
      fs.symlinkSync(join(canary, 'file'), join(target, 'f'));
    },
    'a hard link to another file in its place': (target, canary) => {
      fs.unlinkSync(join(target, 'f'));
      fs.linkSync(join(canary, 'folder/shadow'), join(target, 'f'));
    },
    'nothing in place of a directory': (target) => fs.rmdirSync(join(target, 'd')),
  };
  for (const [what, swap] of Object.entries(swaps)) {
    const place = new Place();
    const canary = join(place.top, 'other');
    fs.mkdirSync(join(canary, 'folder'), { recursive: true });
    for (const name of ['file', 'folder/shadow']) fs.writeFileSync(join(canary, name), 'theirs');
    const unpacker = new Unpacker(place.target, { limit: MIB, privileged: true, makeNode: null });
    const first = archive(directory('d'), evil('f'));
    await readRamdisk(ByteSource.fromBuffer(first), unpacker);
    swap(place.target, canary);
    const second = archive(evil('f', { mode: 0o104755 }), evil('d/x', { mode: 0o104755 }));
    await t.rejects(
      readRamdisk(ByteSource.fromBuffer(second), unpacker),
      { name: 'UnpackError', message: /^\/[df] is not what was made there: somebody else changes/ },
      what,
    );
    for (const name of ['file', 'folder/shadow']) {
      t.equal(fs.readFileSync(join(canary, name), 'utf8'), 'theirs', what);
      t.equal(fs.statSync(join(canary, name)).mode & 0o7777, 0o644, what);
    }
    t.same(fs.readdirSync(canary).sort(), ['file', 'folder'], what);
    try {
      unpacker.end();
    } catch (error) {
      t.match(error, { name: 'UnpackError' }, what);
    }
  }
});

t.test(
  'a directory is closed to others until all is there, and bits come last',
  needsRoot,
  async (t) => {
    const place = new Place();
    const unpacker = new Unpacker(place.target, { limit: MIB, privileged: true, makeNode: null });
    const given = { uid: USER, gid: USER };
    await readRamdisk(
      ByteSource.fromBuffer(
        archive(
          directory('d', { mode: 0o042777, ...given }),
          evil('d/x', { mode: 0o106755, ...given }),
        ),
      ),
      unpacker,
    );
    const before = fs.statSync(join(place.target, 'd'));
    t.same([before.mode & 0o7777, before.uid], [0o700, 0]);
    unpacker.end();
    const after = fs.statSync(join(place.target, 'd'));
    t.same([after.mode & 0o7777, after.uid], [0o2777, USER]);
    const file = fs.statSync(join(place.target, 'd/x'));
    t.same([file.mode & 0o7777, file.uid], [0o6755, USER]);
  },
);

t.test('a file that is not the one that was listed is not packed', async (t) => {
  const swaps: Record<string, (tree: string) => void> = {
    'another file': (tree) => {
      fs.renameSync(join(tree, 'd/x'), join(tree, 'd/was'));
      fs.writeFileSync(join(tree, 'd/x'), 'more');
    },
    'a symlink': (tree) => {
      fs.unlinkSync(join(tree, 'd/x'));
      fs.symlinkSync('../secret', join(tree, 'd/x'));
    },
    'a FIFO': (tree) => {
      fs.unlinkSync(join(tree, 'd/x'));
      through('mkfifo', [join(tree, 'd/x')], Buffer.alloc(0));
    },
    'another directory': (tree) => {
      fs.renameSync(join(tree, 'd'), join(tree, 'e'));
      fs.symlinkSync('e', join(tree, 'd'));
    },
    'another top': (tree) => {
      fs.renameSync(tree, `${tree}.aside`);
      fs.cpSync(`${tree}.aside`, tree, { recursive: true });
    },
  };
  for (const [what, swap] of Object.entries(swaps)) {
    const tree = join(scratch(), 'tree');
    fs.mkdirSync(join(tree, 'd'), { recursive: true });
    for (const name of ['d/x', 'secret']) fs.writeFileSync(join(tree, name), 'four');
    const members = membersInOrder(readTree(tree)).filter(({ name }) => name !== '.');
    swap(tree);
    await t.rejects(
      collected(packCpio(members)),
      { name: 'TreeError', message: /^cannot pack \S+tree(\/d(\/x)?)?: somebody else changed it/ },
      what,
    );
  }
});

t.test('root follows no symlink that a user may have put on its way', needsRoot, (t) => {
  const top = scratch();
  fs.chmodSync(top, 0o755);
  const [home, safe] = [join(top, 'home'), join(top, 'safe')];
  for (const folder of [home, safe]) fs.mkdirSync(folder);
  fs.mkdirSync(join(safe, 'empty'));
  fs.writeFileSync(join(safe, 'file'), 'theirs');
  fs.chownSync(home, USER, USER);
  fs.symlinkSync(safe, join(home, 'way'));
  fs.symlinkSync(join(safe, 'file'), join(home, 'out'));
  // A symlink of root's is followed.
  fs.symlinkSync(safe, join(top, 'link'));
  const [ramdisk, tree] = [join(top, 'ramdisk'), join(top, 'tree')];
  fs.writeFileSync(ramdisk, archive(evil('x')));
  fs.mkdirSync(tree);
  for (const words of [
    ['unpack', ramdisk, join(home, 'way/empty')],
    ['unpack', ramdisk, join(home, 'way/new')],
    ['unpack', ramdisk, join(top, 'fine'), '--table', join(home, 'way/table')],
    ['pack', join(home, 'way'), '-o', join(top, 'one')],
    ['pack', tree, '-o', join(home, 'way/two')],
    ['pack', tree, '-o', join(home, 'out')],
    ['pack', tree, '-o', join(home, 'way/ext2'), '--format', 'ext2'],
  ]) {
    const { status, stderr } = mountroot(['ramdisk', ...words]);
    t.not(status, 0, words.join(' '));
    t.match(stderr, /^mountroot: [^\n]*is a symlink that another user may have put there[^\n]*\n$/);
  }
  t.same(fs.readdirSync(safe).sort(), ['empty', 'file']);
  t.equal(fs.readFileSync(join(safe, 'file'), 'utf8'), 'theirs');
  t.equal(mountroot(['ramdisk', 'unpack', ramdisk, join(top, 'link/empty')]).status, 0);
  t.same(fs.readdirSync(join(safe, 'empty')), ['x']);
  t.equal(mountroot(['ramdisk', 'pack', tree, '-o', join(top, 'link/file')]).status, 0);
  t.not(fs.readFileSync(join(safe, 'file'), 'utf8'), 'theirs');
  t.end();
});

t.test('a ramdisk is written in a directory of its own, under no foreseeable name', (t) => {
  const [top, out] = [scratch(), scratch()];
  fs.writeFileSync(join(top, 'init'), '', { mode: 0o755 });
  const victim = join(scratch(), 'victim');
  fs.writeFileSync(victim, 'theirs');
  for (const what of ['next', 'image', 'wrapped'])
    for (let pid = process.pid; pid < process.pid + 300; pid++)
      fs.symlinkSync(victim, join(out, `r.img.${what}-${pid}`));
  const before = fs.readdirSync(out).length;
  for (const more of [
    ['--format', 'ext2'],
    ['--uimage', 'x'],
  ])
    t.equal(
      mountroot(['ramdisk', 'pack', top, '-o', join(out, 'r.img'), ...more]).status,
      0,
      more.join(' '),
    );
  t.equal(fs.readdirSync(out).length, before + 1, 'nothing else is made or removed');
  t.equal(fs.readFileSync(victim, 'utf8'), 'theirs');
  t.end();
});

t.test('an archive may not make each member cost more than the last', async (t) => {
  // A chain of symlinks makes each of the following names expensive to look up.
  const deep = Array.from({ length: 400 }, (_, index) =>
    Array(index + 1)
      .fill('x')
      .join('/'),
  );
  const long = symlink('l', `${deep.at(-1)!}/${'../x/'.repeat(600)}`);
  const many = Array.from({ length: 4000 }, () => evil('l/y'));
  const { error } = await unpacked(archive(...deep.map((each) => directory(each)), long, ...many));
  t.match(error, { name: 'UnpackError', message: /than any ramdisk/ });
});
