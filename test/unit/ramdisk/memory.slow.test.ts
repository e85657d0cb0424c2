/**
 * Small archives that stand for very many names, parts, files or attributes: their cost in memory
 * is measured from outside, on the agent as it is shipped.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { END, entry } from '../layer/archive/tars.js';
import { mountroot } from './agent.js';
import { archive, end, member, symlink } from './archives.js';
import { scratch } from './trees.js';

const folder = scratch();
const file = (name: string, content: Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const hook = file(
  'hook.cjs',
  Buffer.from(
    `const { writeFileSync } = require('node:fs');
process.on('exit', () => {
  writeFileSync(process.env.SAID, String(process.resourceUsage().maxRSS));
});`,
  ),
);

interface Cost {
  status: number;
  stderr: string;
  /** The end of its output. */
  tail: string;
  mebibytes: number;
}

function cost(words: string[]): Cost {
  const [said, tail] = [join(folder, 'said'), join(folder, 'tail')];
  const { stderr } = mountroot(words, {
    node: ['--require', hook],
    env: { SAID: said, TAIL: tail },
    before: ['sh', '-c', '{ "$@"; echo $? >"$SAID.status"; } | tail -c 2000 >"$TAIL"', 'sh'],
  });
  return {
    status: Number(readFileSync(`${said}.status`, 'utf8')),
    stderr,
    tail: readFileSync(tail, 'utf8'),
    mebibytes: Math.round(Number(readFileSync(said, 'utf8')) / 1024),
  };
}

/** The memory of a command that finds next to nothing. */
const nothing = cost(['ramdisk', 'list', file('nothing', archive())]).mebibytes;
const within = (t: Test, { mebibytes, stderr }: Cost, more: number, what: string): void =>
  void t.ok(
    mebibytes < nothing + more,
    `${what}: ${mebibytes} MiB, and ${nothing} for nothing ${stderr.slice(0, 200)}`,
  );

/** Compressed piece by piece: the kernel and gzip accept several streams as one. */
const many = (count: number, each: (at: number) => Buffer): Buffer => {
  const streams: Buffer[] = [];
  for (let at = 0; at < count; at += 1000)
    streams.push(
      gzipSync(
        Buffer.concat([
          ...Array.from({ length: Math.min(1000, count - at) }, (_, more) => each(at + more)),
          end(),
        ]),
        { level: 1 },
      ),
    );
  return Buffer.concat(streams);
};
const long = (at: number): string => `${at}${'x'.repeat(3000)}`;

t.test(
  'a listing of many long names, as text and as data, takes no more memory than one of few',
  async (t) => {
    const names = file(
      'names',
      many(40_000, (at) => symlink(long(at), long(at))),
    );
    const text = cost(['ramdisk', 'list', names]);
    t.match(text, {
      status: 0,
      tail: /x\n\npart at byte 0: gzip, |part at byte \d+: gzip, \d+ bytes, \d+ unpacked, 1000 members\n$/,
    });
    within(t, text, 80, 'as text');
    const data = cost(['ramdisk', 'list', '--json', names]);
    t.match(data, { status: 0, tail: /"leftOut": \{\s+"parts": 0,\s+"problems": 0\s+\}\n\}\n$/ });
    within(t, data, 80, 'as data');
  },
);

t.test('a listing ends at a limit of members, and its output is still complete', async (t) => {
  const listed = file(
    'members',
    many(500_001, (at) => member(String(at))),
  );
  const { status, tail, ...rest } = cost(['ramdisk', 'list', '--json', listed]);
  t.equal(status, 4);
  t.match(tail, /it has more than 500000 members, as no ramdisk has/);
  t.match(tail, /\n\}\n$/);
  within(t, { status, tail, ...rest }, 80, 'half a million members');
});

t.test('a listing of many parts, each with a fault, reports the first faults', async (t) => {
  // The kernel does not notice a byte less than the trailer says; other programs do.
  const one = gzipSync(archive(), { level: 9 });
  one[one.length - 8]! ^= 1;
  const parts = cost([
    'ramdisk',
    'list',
    file('parts', Buffer.concat(Array.from({ length: 20_000 }, () => one))),
  ]);
  t.equal(parts.status, 4, parts.stderr);
  t.match(parts.tail, /and \d+ more problems\n$/);
  within(t, parts, 120, 'many parts');
});

t.test(
  'explain keeps only the header of each file, and refuses an endless number of names',
  async (t) => {
    const body = Buffer.alloc(4096, '#!/bin/sh and more\n');
    const scripts = cost([
      'explain',
      '--cmdline',
      'rdinit=/7',
      '--initrd',
      file(
        'scripts',
        many(100_000, (at) => member(String(at), { mode: 0o100755, data: body })),
      ),
    ]);
    t.match(scripts, { status: 4, tail: /\/7 needs \/bin\/sh, which\s+does not exist/ });
    within(t, scripts, 120, 'a hundred thousand scripts');
    const names = cost([
      'explain',
      '--cmdline',
      '',
      '--initrd',
      file(
        'names',
        many(40_000, (at) => symlink(long(at), long(at))),
      ),
    ]);
    t.match(names, {
      status: 1,
      tail: '',
      stderr: /^mountroot: cannot look into names: it has more names, or longer ones, [^\n]+\n$/,
    });
    within(t, names, 250, 'names without end');
  },
);

t.test('unpacking keeps no more names than a ramdisk can have', async (t) => {
  const unpacked = cost([
    'ramdisk',
    'unpack',
    file(
      'deep',
      many(40_000, (at) => symlink(`l${at}`, long(at))),
    ),
    join(folder, 'tree'),
  ]);
  t.match(unpacked, { status: 1, stderr: /it has more names, or longer ones, than any ramdisk/ });
  within(t, unpacked, 300, 'long targets');
});

t.test('checking an archive of a layer keeps only digests of the attributes', async (t) => {
  // Each has as much as one header may hold, and 300 of them are 290 MB.
  const pax = Array.from({ length: 16 }, (_, at): [string, Buffer] => [
    `SCHILY.xattr.user.${at}`,
    Buffer.alloc(60_000),
  ]);
  const layer = (type: string): Buffer =>
    Buffer.concat([
      ...Array.from({ length: 300 }, (_, at) =>
        gzipSync(entry({ name: `n${at}`, type, pax }), { level: 1 }),
      ),
      gzipSync(END),
    ]);
  const upper = join(folder, 'upper');
  mkdirSync(upper);
  const fifos = cost(['import', file('fifos', layer('6')), '--upper', upper, '--dry-run']);
  t.match(fifos.tail.replace(/\s+/g, ' '), /can be imported, .* 300 nodes/, fifos.stderr);
  within(t, fifos, 120, 'of fifos');
  const folders = cost(['import', file('folders', layer('5')), '--upper', upper, '--dry-run']);
  t.match(folders, {
    status: 1,
    stderr: /has more attributes of directories than any board's settings/,
  });
  within(t, folders, 120, 'of directories');
});
