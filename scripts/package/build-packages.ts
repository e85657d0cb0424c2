/**
 * Makes Debian packages of the agent for armhf and arm64, archives with the same files for boards
 * without dpkg, and a package's folder for OpenWrt's build. The same sources give the same bytes.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleHeap } from '../agent/bundle-heap.js';
import type { BoardTarget } from '../agent/compile.js';
import { own } from '../lib/npm.js';
import { Failure, checkout } from '../lib/report.js';
import { run } from '../lib/run.js';
import { fillFeed } from './openwrt-feed.js';
import { DOC, MAINTAINER, settle, stage, type PackageInput, type Stage } from './package-tree.js';
import { requirements } from './requirements.js';

const INSTALL = `mountroot without a package manager
====================================

The files of this archive lie below usr/. They go into the tree that the board's
read-only image is made from:

    tar -xzf mountroot-VERSION-linux-ARCHITECTURE.tar.gz -C TREE

or, to try it on a board whose root can be written, onto the board:

    tar -xzf mountroot-VERSION-linux-ARCHITECTURE.tar.gz -C /

The board needs Node.js 20 or later as \`node\` (Debian's 24 is tested), glibc GLIBC
or later, and libstdc++. Where /sbin is no link to usr/sbin,
link it for what expects OpenWrt's name there:

    ln -s ../usr/sbin/mount_root TREE/sbin/mount_root

Then, on the board:

    mountroot doctor

${DOC}/bring-up.md.gz goes on from there;
${DOC}/examples/preinit is an /etc/preinit to begin with.
`;

const filesIn = (tree: string): string[] =>
  readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .sort();

/** dpkg's names of the architectures. */
const ARCHITECTURES: Record<BoardTarget, string> = { arm: 'armhf', arm64: 'arm64' };
const TARGETS: readonly BoardTarget[] = ['arm', 'arm64'];

/** The processor by dpkg's name. */
export const targetOf = (architecture: string): BoardTarget =>
  TARGETS.find((target) => ARCHITECTURES[target] === architecture)!;

interface Made {
  target: BoardTarget;
  native: string;
  /** The tree of its files. */
  tree: string;
}

const control = (
  target: BoardTarget,
  kibibytes: number,
  { glibc, gcc }: { glibc: string; gcc: number },
): string => `Package: mountroot
Version: ${own.version}
Architecture: ${ARCHITECTURES[target]}
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: nodejs (>= 20.19), libc6 (>= ${glibc}), libgcc-s1, libstdc++6 (>= ${gcc}), mount
Section: admin
Priority: optional
Description: mounts the overlay root of an embedded Linux board
 Called from /etc/preinit in place of OpenWrt's mount_root, mountroot lays the
 settings of a jffs2, UBIFS, ext4 or f2fs volume over a read-only image, and
 pivots into the result. It shows beforehand what it will do, checks every step,
 takes everything back if one fails, and tells afterwards what it did and why.
`;

async function makeDeb({ target, native, tree }: Made, input: PackageInput): Promise<string> {
  const files = filesIn(tree);
  const sums = files
    .filter((path) => !lstatSync(join(tree, path)).isSymbolicLink())
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, path)))
          .digest('hex')}  ${path}\n`,
    );
  // This counts as dpkg-gencontrol does: each file in whole KiB, and 1 KiB for each link and
  // directory.
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  const size = entries.reduce(
    (sum, entry) =>
      sum +
      (entry.isFile() ? Math.ceil(lstatSync(join(entry.parentPath, entry.name)).size / 1024) : 1),
    0,
  );
  const folder = join(tree, 'DEBIAN');
  mkdirSync(folder);
  writeFileSync(join(folder, 'control'), control(target, size, await requirements(native)));
  writeFileSync(join(folder, 'md5sums'), sums.join(''));
  // initramfs-tools, where it is installed, makes the initramfs anew with our part in it.
  writeFileSync(join(folder, 'triggers'), 'activate-noawait update-initramfs\n');
  for (const name of ['control', 'md5sums', 'triggers']) chmodSync(join(folder, name), 0o644);
  copyFileSync(join(checkout, 'scripts/package/debian/preinst'), join(folder, 'preinst'));
  chmodSync(join(folder, 'preinst'), 0o755);
  settle(tree, input.epoch);
  const deb = join(input.to, `mountroot_${own.version}_${ARCHITECTURES[target]}.deb`);
  // One thread, because the number of threads decides how xz divides its work.
  await run('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, deb], {
    env: { SOURCE_DATE_EPOCH: String(input.epoch), DPKG_DEB_THREADS_MAX: '1' },
  });
  rmSync(folder, { recursive: true });
  return deb;
}

/**
 * Archives files and links only. An entry for a directory would replace a link, and /usr/sbin may
 * be a link.
 */
async function makeArchive(
  tree: string,
  name: string,
  { to, epoch }: PackageInput,
): Promise<string> {
  const archive = join(to, name);
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

/** Makes the archive of the package for OpenWrt's build. */
async function makeFeed(staged: string, input: PackageInput): Promise<string> {
  const folder = join(staged, '..', 'feed');
  fillFeed(join(folder, 'mountroot'), staged);
  settle(folder, input.epoch);
  return makeArchive(folder, `mountroot-${own.version}-openwrt.tar.gz`, input);
}

const entriesOf = (natives: PackageInput['natives']): [BoardTarget, string][] =>
  TARGETS.flatMap((target): [BoardTarget, string][] => {
    const native = natives[target];
    return native === undefined ? [] : [[target, native]];
  });

/** Makes the Debian package and the archive for one processor. */
async function makeBoth(
  of: Pick<Stage, 'target' | 'native' | 'heap'>,
  work: string,
  input: PackageInput,
): Promise<string[]> {
  const architecture = ARCHITECTURES[of.target];
  const { glibc } = await requirements(of.native);
  const install = INSTALL.replaceAll('VERSION', own.version)
    .replaceAll('ARCHITECTURE', architecture)
    .replace('GLIBC', glibc);
  const [deb, archive] = [join(work, 'deb'), join(work, 'archive')];
  await stage(deb, input, { ...of, debian: true, extra: {} });
  await stage(archive, input, { ...of, debian: false, extra: { [`${DOC}/INSTALL`]: install } });
  return [
    await makeDeb({ ...of, tree: deb }, input),
    await makeArchive(archive, `mountroot-${own.version}-linux-${architecture}.tar.gz`, input),
  ];
}

/**
 * Makes all packages and SHA256SUMS, those for the first processor before those for the next.
 * Returns their paths.
 */
export async function makePackages(input: PackageInput): Promise<string[]> {
  if (!Number.isInteger(input.epoch) || input.epoch < 0)
    throw new Failure(
      `SOURCE_DATE_EPOCH=${input.epoch} is no number of seconds; give a whole number, or ` +
        'leave it out',
    );
  mkdirSync(input.to, { recursive: true });
  const work = join(input.to, `.stage-${process.pid}`);
  try {
    const heap = join(work, 'heap');
    await bundleHeap(heap);
    const made: string[] = [];
    for (const [target, native] of entriesOf(input.natives))
      made.push(...(await makeBoth({ target, native, heap }, join(work, target), input)));
    const [first] = entriesOf(input.natives);
    if (first !== undefined) made.push(await makeFeed(join(work, first[0], 'archive'), input));
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
