/**
 * A Debian package of the agent for armhf, and the same files as an archive for boards without
 * dpkg. The same sources give the same bytes.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bashCompletion } from '../../src/cli/completion-bash.js';
import { zshCompletion } from '../../src/cli/completion-zsh.js';
import { AGENT_FILE, HOME as BOARD_HOME } from '../../src/facts/installation.js';
import { VERB_TABLE } from '../../src/cli/verb-table.js';
import { NATIVE_PARTS } from '../agent/agent.js';
import { bundleHeap } from '../agent/bundle-heap.js';
import { cliBeside, forBoard } from '../agent/bundle.js';
import { KEEP_HEAP } from '../agent/heap.js';
import { buildLauncher } from '../agent/launcher.js';
import { copyrightFile } from './licences.js';
import { manPage } from '../agent/man-page.js';
import { own } from '../lib/npm.js';
import { Failure, checkout } from '../lib/report.js';
import { run } from '../lib/run.js';

export interface PackageInput {
  /** The agent. */
  bundle: string;
  /** Folder with its native parts for the board. */
  native: string;
  /** Where the packages go. */
  to: string;
  /** Seconds since 1970: the time of every file, and the date of the man page. */
  epoch: number;
}

const HOME = BOARD_HOME.slice(1);
const DOC = 'usr/share/doc/mountroot';

/**
 * A package has a maintainer, and a checkout knows of nobody: who distributes it says so as to
 * Debian's other tools. The domain belongs to nobody (RFC 2606).
 */
const MAINTAINER =
  `${process.env['DEBFULLNAME'] || 'mountroot'} ` +
  `<${process.env['DEBEMAIL'] || 'mountroot@example.org'}>`;

const INSTALL = `mountroot without a package manager
====================================

The files of this archive lie below usr/. They go into the tree that the board's
read-only image is made from:

    tar -xzf mountroot-VERSION-linux-armhf.tar.gz -C TREE

or, to try it on a board whose root can be written, onto the board:

    tar -xzf mountroot-VERSION-linux-armhf.tar.gz -C /

The board needs Node.js 20 or later as \`node\` (Debian's 24 for armhf is what is
tested), glibc GLIBC or later, and libstdc++. Where /sbin is no link to usr/sbin,
link it for what expects OpenWrt's name there:

    ln -s ../usr/sbin/mount_root TREE/sbin/mount_root

Then, on the board:

    mountroot doctor

${DOC}/bring-up.md.gz goes on from there;
${DOC}/examples/preinit is an /etc/preinit to begin with.
`;

/** The pages of docs/ for those who have a board and no checkout. */
const PAGES = ['bring-up.md', 'verbs.md', 'configuration.md', 'how-it-fails.md'];

/**
 * The newest version of glibc that the native parts ask for: it is what the machine that compiled
 * them has, and a board may have an older one.
 */
async function needs(native: string): Promise<{ glibc: string; gcc: number }> {
  const text = (
    await Promise.all(
      NATIVE_PARTS.map((part) => run('readelf', ['-V', '--wide', join(native, part)])),
    )
  ).join('\n');
  const newest = (name: string): number[] =>
    [...text.matchAll(new RegExp(`Name: ${name}_([0-9.]+)`, 'g'))]
      .map(([, version]) => version!.split('.').map(Number))
      .sort((a, b) => a[0]! - b[0]! || (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0))
      .at(-1) ?? [];
  // Which GCC brought which GLIBCXX_3.4.N: https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html
  const minor = newest('GLIBCXX')[2] ?? 0;
  const [, gcc] = (
    [
      [21, 5],
      [24, 7],
      [25, 8],
      [28, 9],
      [29, 11],
      [30, 12],
      [32, 13],
      [33, 14],
      [34, 15],
    ] as const
  ).find(([most]) => minor <= most) ?? [0, 15];
  return { glibc: newest('GLIBC').join('.'), gcc };
}

/**
 * Fills a tree with the files of the package; `heap` is the folder of what a heap is kept of. Modes
 * are set, whatever umask this runs under.
 */
async function stage(
  tree: string,
  { bundle, native, epoch }: PackageInput,
  heap: string,
  { debian, extra }: { debian: boolean; extra: Record<string, string> },
): Promise<void> {
  const put = (path: string, content: string | Buffer, mode = 0o644): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
    chmodSync(join(tree, path), mode);
  };
  const copy = (from: string, path: string, mode: number): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    copyFileSync(from, join(tree, path));
    chmodSync(join(tree, path), mode);
  };
  const link = (to: string, path: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    symlinkSync(to, join(tree, path));
  };
  const packed = (text: string | Buffer): Buffer => gzipSync(text, { level: 9 });
  const date = new Date(epoch * 1000);

  put(`${HOME}/${AGENT_FILE}`, forBoard(readFileSync(bundle)), 0o755);
  copy(cliBeside(bundle), `${HOME}/mountroot-cli.cjs`, 0o755);
  for (const part of NATIVE_PARTS)
    copy(join(native, part), `${HOME}/native/linux-arm/${part}`, 0o644);
  copy(await buildLauncher(), `${HOME}/launch`, 0o755);
  for (const name of ['heap.js', 'warm-up.js']) copy(join(heap, name), `${HOME}/${name}`, 0o644);
  put(`${HOME}/keep-heap`, KEEP_HEAP, 0o755);
  link('../lib/mountroot/launch', 'usr/sbin/mountroot');
  link('mountroot', 'usr/sbin/mount_root');
  put(
    'usr/share/man/man8/mountroot.8.gz',
    packed(manPage(own.version, date.toISOString().slice(0, 10))),
  );
  link('mountroot.8.gz', 'usr/share/man/man8/mount_root.8.gz');
  put('usr/share/bash-completion/completions/mountroot', bashCompletion(VERB_TABLE, own.version));
  link('mountroot', 'usr/share/bash-completion/completions/mount_root');
  put('usr/share/zsh/vendor-completions/_mountroot', zshCompletion(VERB_TABLE, own.version));
  put(`${DOC}/copyright`, copyrightFile({ debian }));
  put(
    `${DOC}/changelog.gz`,
    packed(
      `mountroot (${own.version}) unstable; urgency=medium\n\n  * Made from the ` +
        `sources as they are.\n\n -- ${MAINTAINER}  ` +
        `${date.toUTCString().replace('GMT', '+0000')}\n`,
    ),
  );
  put(`${DOC}/README.gz`, packed(readFileSync(join(checkout, 'README.md'))));
  for (const page of PAGES)
    put(`${DOC}/${page}.gz`, packed(readFileSync(join(checkout, 'docs', page))));
  copy(join(checkout, 'board/vexpress-a9/rootfs/etc/preinit'), `${DOC}/examples/preinit`, 0o644);
  copy(join(checkout, 'board/vexpress-a9/rootfs/etc/init.d/rcS'), `${DOC}/examples/rcS`, 0o644);
  for (const [path, text] of Object.entries(extra)) put(path, text);
  settle(tree, epoch);
}

/** One time for all, and directories that everybody may enter. */
function settle(tree: string, epoch: number): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(tree, 0o755);
  lutimesSync(tree, epoch, epoch);
}

const filesIn = (tree: string): string[] =>
  readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .sort();

const control = (
  version: string,
  kibibytes: number,
  { glibc, gcc }: { glibc: string; gcc: number },
): string => `Package: mountroot
Version: ${version}
Architecture: armhf
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: nodejs (>= 20), libc6 (>= ${glibc}), libgcc-s1, libstdc++6 (>= ${gcc})
Section: admin
Priority: optional
Description: mounts the overlay root of an embedded Linux board
 Called from /etc/preinit in place of OpenWrt's mount_root, mountroot lays the
 settings of a jffs2, UBIFS, ext4 or f2fs volume over a read-only image, and
 pivots into the result. It shows beforehand what it will do, checks every step,
 takes everything back if one fails, and tells afterwards what it did and why.
`;

async function makeDeb(tree: string, version: string, input: PackageInput): Promise<string> {
  const files = filesIn(tree);
  const sums = files
    .filter((path) => !lstatSync(join(tree, path)).isSymbolicLink())
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, path)))
          .digest('hex')}  ${path}\n`,
    );
  // As dpkg-gencontrol counts: each file in whole KiB, and one for each link and directory.
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  const size = entries.reduce(
    (sum, entry) =>
      sum +
      (entry.isFile() ? Math.ceil(lstatSync(join(entry.parentPath, entry.name)).size / 1024) : 1),
    0,
  );
  const folder = join(tree, 'DEBIAN');
  mkdirSync(folder);
  writeFileSync(join(folder, 'control'), control(version, size, await needs(input.native)));
  writeFileSync(join(folder, 'md5sums'), sums.join(''));
  for (const name of ['control', 'md5sums']) chmodSync(join(folder, name), 0o644);
  settle(tree, input.epoch);
  const deb = join(input.to, `mountroot_${version}_armhf.deb`);
  // One thread: how xz cuts its work up would otherwise depend on the machine.
  await run('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, deb], {
    env: { SOURCE_DATE_EPOCH: String(input.epoch), DPKG_DEB_THREADS_MAX: '1' },
  });
  rmSync(folder, { recursive: true });
  return deb;
}

/**
 * Files and links only: an entry for a directory would put another one in the place of a link such
 * as /usr/sbin may be.
 */
async function makeArchive(
  tree: string,
  version: string,
  { to, epoch }: PackageInput,
): Promise<string> {
  const archive = join(to, `mountroot-${version}-linux-armhf.tar.gz`);
  const plain = `${archive}.tar`;
  try {
    await run(
      'tar',
      [
        '--create',
        '--format=ustar',
        '--owner=root:0',
        '--group=root:0',
        `--mtime=@${epoch}`,
        '--no-recursion',
        '--file',
        plain,
        '--directory',
        tree,
        '--verbatim-files-from',
        '--files-from=-',
      ],
      {
        input: filesIn(tree)
          .map((path) => `${path}\n`)
          .join(''),
      },
    );
    writeFileSync(archive, gzipSync(readFileSync(plain), { level: 9 }));
  } finally {
    rmSync(plain, { force: true });
  }
  return archive;
}

/** Makes both, and SHA256SUMS. Returns their paths. */
export async function makePackages(input: PackageInput): Promise<string[]> {
  if (!Number.isInteger(input.epoch) || input.epoch < 0)
    throw new Failure(
      `SOURCE_DATE_EPOCH=${input.epoch} is no number of seconds; give a whole number, or ` +
        'leave it out',
    );
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
  };
  mkdirSync(input.to, { recursive: true });
  const work = join(input.to, `.stage-${process.pid}`);
  try {
    const { glibc } = await needs(input.native);
    const heap = join(work, 'heap');
    await bundleHeap(heap);
    await stage(join(work, 'deb'), input, heap, { debian: true, extra: {} });
    await stage(join(work, 'archive'), input, heap, {
      debian: false,
      extra: { [`${DOC}/INSTALL`]: INSTALL.replaceAll('VERSION', version).replace('GLIBC', glibc) },
    });
    const made = [
      await makeDeb(join(work, 'deb'), version, input),
      await makeArchive(join(work, 'archive'), version, input),
    ];
    const sums = join(input.to, 'SHA256SUMS');
    writeFileSync(
      sums,
      made
        .map(
          (file) =>
            `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`,
        )
        .join(''),
    );
    return [...made, sums];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
