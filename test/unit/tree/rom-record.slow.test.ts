import * as fs from 'node:fs';
import t, { type Test } from 'tap';
import { findRecord } from '../../../src/layer/diff/newer.js';
import { BASELINE_BUDGET } from '../../../src/tree/rom-baseline.js';
import { MANIFEST_BUDGET } from '../../../src/tree/rom-files.js';
import { writeRomRecord } from '../../../src/tree/rom-record.js';
import { isBefore, walk } from '../../../src/tree/rom-walk.js';
import { identityOf } from '../../../src/facts/rom-identity.js';
import { decodeManifest, type RomManifest } from '../../../src/facts/rom-manifest.js';
import { reader, writer } from '../../../src/system/files.js';
import type { System } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { nodeDoor } from '../../fixtures/node-door.js';

const system = { ...reader, ...writer, tree: nodeDoor } as System;
const MOMENT = { start: null, now: 0, uptime: 0 };

interface Place {
  at: string;
  run: (on?: System, ms?: () => number) => ReturnType<typeof writeRomRecord>;
  write: (path: string, content: string, time?: number) => void;
  manifest: () => RomManifest;
  noted: (path: string) => number | undefined;
}

/** A data volume with an image below it, in a folder of this machine. */
function place(t: Test, files: Record<string, string>): Place {
  const at = fs.realpathSync(
    t.testdir({ data: { '.mountroot': {}, upper: {} }, rom: { etc: {} } }),
  );
  const action = {
    kind: 'record-rom',
    at: `${at}/data`,
    upper: `${at}/data/upper`,
    rom: `${at}/rom`,
    fstype: 'squashfs',
    device: '',
  } as const;
  const write = (path: string, content: string, time = 1): void => {
    fs.mkdirSync(`${at}/${path.slice(0, path.lastIndexOf('/'))}`, { recursive: true });
    fs.writeFileSync(`${at}/${path}`, content);
    fs.utimesSync(`${at}/${path}`, time, time);
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
  return {
    at,
    run: (on = system, ms = () => 0) => writeRomRecord(on, action, { ms, moment: MOMENT }),
    write,
    manifest: () =>
      decodeManifest(fs.readFileSync(`${at}/data/.mountroot/rom-manifest`, 'utf8')) as RomManifest,
    noted: (path) => findRecord(`${at}/data`).record?.baseline.get(path)?.rom.size,
  };
}

/** Replaces the image by another one. */
const upgrade = ({ write }: Place, release: string, files: Record<string, string>): void => {
  write('rom/etc/openwrt_release', release);
  for (const [path, content] of Object.entries(files)) write(`rom/${path}`, content);
};

t.test('the first done records the image, and the next one writes nothing', async (t) => {
  const there = place(t, {
    'rom/etc/config/x': 'rom',
    'rom/usr/bin/tool': 'elf',
    'rom/etc/big': 'b'.repeat(70_000),
    'data/upper/etc/config/x': 'mine',
    'data/upper/etc/own': 'mine',
  });
  t.same(there.run(), { changed: true, warnings: [] });
  const { files, complete } = there.manifest();
  t.ok(complete);
  t.match(files.get('etc/config/x'), { size: 3, mtime: 1, crc: /^[0-9a-f]{8}$/ });
  t.same(files.get('etc/big'), { size: 70_000, mtime: 1, crc: null }, 'what is big is not read');
  t.same(
    files.get('usr/bin/tool'),
    { size: 3, mtime: 1, crc: null },
    'nor what people seldom change',
  );
  t.equal(there.noted('etc/config/x'), 3);
  t.equal(there.noted('etc/own'), undefined, 'what the image does not have is before nothing');
  t.same(there.run(), { changed: false, warnings: [] });
});

t.test(
  'after an upgrade a setting is still recorded with the file that it was made from',
  async (t) => {
    const there = place(t, {
      'rom/etc/config/x': 'old',
      'rom/etc/config/y': 'old',
      'data/upper/etc/config/x': 'mine',
    });
    there.run();
    // After the last done of the old image.
    there.write('data/upper/etc/config/y', 'also mine', 2);
    upgrade(there, 'two', { 'etc/config/x': 'newer', 'etc/config/y': 'newer' });
    t.same(there.run(), { changed: true, warnings: [] });
    t.equal(there.noted('etc/config/x'), 3);
    t.equal(there.noted('etc/config/y'), 3, 'by the manifest of the image before');
    t.equal(
      there.manifest().files.get('etc/config/x')?.size,
      5,
      "and the manifest is the new image's",
    );
    there.write('data/upper/etc/config/x', 'taken over', 3);
    there.run();
    t.equal(there.noted('etc/config/x'), 5, 'until it is written again');
    fs.rmSync(`${there.at}/data/upper/etc/config/x`);
    there.run();
    t.equal(there.noted('etc/config/x'), undefined);
  },
);

t.test(
  'a power cut between the two records loses nothing: the baseline is written first',
  async (t) => {
    const there = place(t, { 'rom/etc/x': 'old', 'data/upper/etc/x': 'mine' });
    there.run();
    there.write('data/upper/etc/x', 'mine again', 2);
    upgrade(there, 'two', { 'etc/x': 'newer' });
    const cut: System = {
      ...system,
      replace: (path, ...rest) => {
        if (path.endsWith('manifest'))
          throw new SystemError({ what: 'lose power', syscall: 'write', errno: 'EIO', path });
        system.replace(path, ...rest);
      },
    };
    t.throws(() => there.run(cut));
    there.run();
    t.equal(there.noted('etc/x'), 3);
  },
);

t.test('a damaged record is reported, and made anew', async (t) => {
  const there = place(t, { 'rom/etc/x': 'old', 'data/upper/etc/x': 'mine' });
  there.run();
  for (const name of ['rom-manifest', 'rom-baseline'])
    fs.appendFileSync(`${there.at}/data/.mountroot/${name}`, 'x');
  t.match(findRecord(`${there.at}/data`), {
    record: null,
    complaints: [/rom-baseline is damaged/, /rom-manifest is damaged/],
  });
  upgrade(there, 'two', {});
  t.match(there.run().warnings, [
    /rom-manifest is damaged and is made anew/,
    /rom-baseline is damaged and begins anew/,
  ]);
  t.match(findRecord(`${there.at}/data`), { complaints: [] });
  t.same(there.run(), { changed: false, warnings: [] });
});

t.test('an image that takes too long is recorded in slices, one per done', async (t) => {
  const many = Object.fromEntries(
    Array.from({ length: 450 }, (_, index) => [`rom/usr/f${String(index).padStart(3, '0')}`, 'x']),
  );
  const there = place(t, { ...many, 'rom/etc/x': 'old' });
  // Time passes.
  let now = 0;
  const sizes: number[] = [];
  for (let round = 0; round < 3; round++) {
    there.run(system, () => (now += 1000));
    sizes.push(there.manifest().files.size);
  }
  t.same(sizes, [MANIFEST_BUDGET.leastFiles, 2 * MANIFEST_BUDGET.leastFiles, 451]);
  t.ok(there.manifest().complete);
  t.ok(there.manifest().files.has('etc/x'), 'with /etc first');
});

t.test('an upper layer that takes too long keeps the records of the rest', async (t) => {
  const there = place(t, {
    'rom/etc/a': 'old',
    'rom/etc/b': 'old',
    'data/upper/etc/a': 'mine',
    'data/upper/etc/b': 'mine',
  });
  there.run();
  let now = 0;
  there.run(system, () => (now += 1000));
  t.same([there.noted('etc/a'), there.noted('etc/b')], [3, 3]);
});

t.test(
  'an upper layer that exceeds the time of one done is recorded in parts, and diff says ' +
    'so until it is complete',
  async (t) => {
    const count = 2 * BASELINE_BUDGET.leastFiles + 50;
    const names = Array.from(
      { length: count },
      (_, index) => `etc/d${String(index % 7)}/e/f${String(index).padStart(3, '0')}`,
    );
    const there = place(
      t,
      Object.fromEntries(
        names.flatMap((name) => [
          [`rom/${name}`, 'old'],
          [`data/upper/${name}`, 'mine'],
        ]),
      ),
    );
    let now = 0;
    const done = (): void => void there.run(system, () => (now += 1000));
    const sizes = (): number => names.filter((name) => there.noted(name) !== undefined).length;
    const gap = (): boolean =>
      findRecord(`${there.at}/data`).complaints.some((each) =>
        each.startsWith('not all of the upper layer is in the record so far'),
      );
    const seen: [number, boolean][] = [];
    for (let round = 0; round < 4 && (seen.length === 0 || gap()); round++) {
      done();
      seen.push([sizes(), gap()]);
    }
    t.equal(seen.at(-1)?.[0], count, JSON.stringify(seen));
    t.equal(seen.at(-1)?.[1], false);
    t.ok(seen.length > 2 && seen.slice(0, -1).every(([, open]) => open));
    // From here on the walk wraps around: it reaches new and removed files from any starting point.
    there.write('rom/etc/d0/e/new', 'old');
    there.write('data/upper/etc/d0/e/new', 'mine', 5);
    fs.rmSync(`${there.at}/data/upper/${names.at(-1)}`);
    fs.rmSync(`${there.at}/data/upper/etc/d3`, { recursive: true });
    for (let round = 0; round < 4; round++) done();
    t.equal(there.noted('etc/d0/e/new'), 3);
    t.same(
      names.filter((name) => there.noted(name) !== undefined),
      names.slice(0, -1).filter((name) => !name.startsWith('etc/d3/')),
    );
    there.run();
    there.run();
    t.same(there.run(), { changed: false, warnings: [] }, 'with time enough it comes to rest');
    t.notOk(fs.existsSync(`${there.at}/data/.mountroot/rom-cursor`));
    upgrade(there, 'two', {});
    done();
    t.ok(gap(), 'another image begins it anew');
  },
);

t.test('a walk resumed at any path reaches everything after it, and nothing twice', async (t) => {
  const there = place(
    t,
    Object.fromEntries(
      ['a', 'b/a', 'b/c/x', 'b/c/y', 'b/d', 'c/a/a/a', 'c/a/b', 'c-d/a', 'c/b', 'd'].map((path) => [
        `data/upper/${path}`,
        '',
      ]),
    ),
  );
  const from = (path: string): string[] =>
    [...walk(system, `${there.at}/data/upper`, () => true, path)].map((each) => each.path);
  const all = from('');
  t.equal(all.length, 16);
  for (const [index, path] of all.entries()) {
    t.same(from(path), all.slice(index), path);
    for (const [other, name] of all.entries())
      t.equal(isBefore(path, name), index < other, `${path} and ${name}`);
  }
  for (const gone of ['b/b', 'b/c/xx', 'b/c/z', 'c/a/a/a/a', 'bb', 'bb/x/y', 'z', '0'])
    t.same(
      from(gone),
      all.filter((path) => !isBefore(path, gone)),
      `${gone}, which is not there`,
    );
});

t.test(
  'a record never takes the last space of a volume, and a manifest of another image goes',
  async (t) => {
    const there = place(t, { 'rom/etc/x': 'old', 'data/upper/etc/x': 'mine' });
    const full: System = { ...system, space: (path) => ({ ...system.space(path), free: 500 }) };
    t.same(there.run(full), { changed: false, warnings: [] });
    t.same(fs.readdirSync(`${there.at}/data/.mountroot`), []);
    there.run();
    upgrade(there, 'two', { 'etc/x': 'newer' });
    t.same(there.run(full), { changed: true, warnings: [] });
    t.same(fs.readdirSync(`${there.at}/data/.mountroot`), ['rom-baseline']);
    t.equal(there.noted('etc/x'), 3);
  },
);

t.test(
  'unreadable files of the image are left out, and no symlink or mount is followed',
  async (t) => {
    const there = place(t, {
      'rom/etc/x': 'old',
      'rom/etc/y': 'old',
      'rom/dev/null': '',
      'outside/secret': 's',
      'data/upper/etc/x': 'mine',
    });
    fs.symlinkSync('../../outside', `${there.at}/rom/etc/link`);
    fs.symlinkSync('../../../outside', `${there.at}/data/upper/etc/link`);
    const broken: System = {
      ...system,
      readBytes: (path, ...rest) => {
        if (path.endsWith('/y'))
          throw new SystemError({ what: 'read', syscall: 'read', errno: 'EIO', path });
        return system.readBytes(path, ...rest);
      },
      tree: {
        ...nodeDoor,
        *entries(folder, attributes) {
          for (const entry of nodeDoor.entries(folder, attributes))
            yield { ...entry, ...(entry.name === 'dev' && { device: -1 }) };
        },
      },
    };
    t.same(there.run(broken), { changed: true, warnings: [] });
    t.same([...there.manifest().files.keys()], ['etc/x']);
  },
);

t.test('an image is identified by its superblock, and by its release', async (t) => {
  const superblock = Buffer.alloc(4096);
  superblock.write('hsqs');
  superblock.writeUInt32LE(1234, 4);
  superblock.writeUInt32LE(1_700_000_000, 8);
  superblock.writeBigUInt64LE(5_000_000n, 40);
  const rom = (bytes: Buffer | null, release = ''): string =>
    identityOf(
      {
        ...reader,
        readText: (path) =>
          path.endsWith('uevent') && bytes ? 'MAJOR=31\nDEVNAME=mtdblock2\n' : release,
        readBytes: (path) => (path === '/dev/mtdblock2' ? bytes! : Buffer.alloc(0)),
        kind: (path) =>
          release !== '' && path === '/rom/etc/openwrt_release' ? 'file' : 'missing',
        space: () => ({ total: 6_000_000, free: 0, type: 0 }),
      },
      { path: '/rom', fstype: 'squashfs', device: '31:2' },
    );
  t.match(
    rom(superblock),
    /^squashfs made 1700000000, 1234 inodes, 5000000 bytes, flags 0, superblock [0-9a-f]{8}, 6000000 in all$/,
  );
  const other = Buffer.from(superblock);
  other.writeUInt8(1, 64);
  t.not(rom(other), rom(superblock), 'a table that begins elsewhere is another image');
  t.not(rom(superblock, 'r1'), rom(superblock, 'r2'));
  t.equal(rom(null), 'squashfs, 6000000 in all', 'what cannot be read tells nothing apart');
  const ext4 = Buffer.alloc(4096);
  ext4.writeUInt16LE(0xef53, 0x438);
  ext4.fill(7, 0x468, 0x478);
  t.match(rom(ext4), /^squashfs 07070707-/);
});
