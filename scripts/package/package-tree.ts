/** Makes the tree of the package's files. */
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bashCompletion } from '../../src/cli/completion-bash.js';
import { zshCompletion } from '../../src/cli/completion-zsh.js';
import { VERB_TABLE } from '../../src/cli/verb-table.js';
import { DRACUT_MODULE, INITRAMFS_SOURCE } from '../../src/distribution/switch-places.js';
import { AGENT_FILE, HOME as BOARD_HOME, OTHER_NAMES } from '../../src/facts/installation.js';
import { NATIVE_PARTS } from '../agent/agent.js';
import { forBoard, filesBeside } from '../agent/bundle.js';
import { HEAP_SCRIPTS } from '../agent/bundle-heap.js';
import { KEEP_HEAP } from '../agent/heap.js';
import { buildLauncher } from '../agent/launcher.js';
import { TOOLS, type BoardTarget } from '../agent/compile.js';
import { manPage } from '../agent/man-page.js';
import { own } from '../lib/npm.js';
import { checkout } from '../lib/report.js';
import { copyrightFile } from './licences.js';

export interface PackageInput {
  /** The agent. */
  bundle: string;
  /** The folders with its native parts, for the processors for which packages are made. */
  natives: Partial<Record<BoardTarget, string>>;
  /** The folder for the packages. */
  to: string;
  /** Seconds since 1970: the time of every file, and the date of the man page. */
  epoch: number;
}

const HOME = BOARD_HOME.slice(1);
export const DOC = 'usr/share/doc/mountroot';

/**
 * Returns the maintainer, which every package must name. The distributor sets the variables that
 * Debian's other tools read. The default domain belongs to nobody (RFC 2606).
 */
export const MAINTAINER =
  `${process.env['DEBFULLNAME'] || 'mountroot'} ` +
  `<${process.env['DEBEMAIL'] || 'mountroot@example.org'}>`;

/** A preinit for every board. */
const PREINIT = 'board/vexpress-a9/rootfs/etc/preinit';

/** systemd-tmpfiles reads the files of this folder. */
const TMPFILES = 'usr/lib/tmpfiles.d/mountroot.conf';

/** Login shells of Debian and OpenWrt read the scripts of this folder. */
const NOTICE_SCRIPT = 'etc/profile.d/mountroot.sh';

/** The pages of docs/ for users who have a board and no checkout. */
const PAGES = [
  'bring-up.md',
  'verbs.md',
  'configuration.md',
  'how-it-fails.md',
  'kernels.md',
  'openwrt.md',
  'debian.md',
];

/** What one package is made from. */
export interface Stage {
  target: BoardTarget;
  /** The folder with the native parts for `target`. */
  native: string;
  /** The folder with what bundleHeap() makes. */
  heap: string;
  debian: boolean;
  /** Texts by their paths. */
  extra: Record<string, string>;
}

/** Fills a tree with the files of the package. It sets all modes, whatever the umask is. */
export async function stage(
  tree: string,
  { bundle, epoch }: PackageInput,
  { target, native, heap, debian, extra }: Stage,
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
  for (const file of filesBeside(bundle)) copy(file, `${HOME}/${basename(file)}`, 0o755);
  for (const part of NATIVE_PARTS)
    copy(join(native, part), `${HOME}/native/linux-${TOOLS[target].architecture}/${part}`, 0o644);
  copy(await buildLauncher(target), `${HOME}/launch`, 0o755);
  for (const name of HEAP_SCRIPTS) copy(join(heap, name), `${HOME}/${name}`, 0o644);
  put(`${HOME}/keep-heap`, KEEP_HEAP, 0o755);
  link('../lib/mountroot/launch', 'usr/sbin/mountroot');
  for (const name of OTHER_NAMES) link('mountroot', `usr/sbin/${name}`);
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
  copy(join(checkout, PREINIT), `${DOC}/examples/preinit`, 0o644);
  copy(join(checkout, 'board/vexpress-a9/rootfs/etc/init.d/rcS'), `${DOC}/examples/rcS`, 0o644);
  copy(join(checkout, 'board/vexpress-a9/rootfs', NOTICE_SCRIPT), NOTICE_SCRIPT, 0o644);
  // Each systemd clears /tmp, whatever package manager put it there.
  copy(join(checkout, 'scripts/package/debian/tmpfiles.conf'), TMPFILES, 0o644);
  if (debian) putDistribution(put, link);
  for (const [path, text] of Object.entries(extra)) put(path, text);
  settle(tree, epoch);
}

/** The files by which a distribution with systemd and initramfs-tools or dracut boots. */
const DISTRIBUTION: readonly [name: string, path: string, mode: number][] = [
  ['apt.conf', 'etc/apt/apt.conf.d/90mountroot', 0o644],
  ['warn-upgrade', `${HOME}/warn-upgrade`, 0o755],
  ['warn-upgrade', 'usr/share/initramfs-tools/hooks/mountroot', 0o755],
  ['init-bottom', INITRAMFS_SOURCE.slice(1), 0o755],
  ['dracut/module-setup.sh', `${DRACUT_MODULE.slice(1)}/module-setup.sh`, 0o755],
  ['dracut/mountroot.sh', `${DRACUT_MODULE.slice(1)}/mountroot.sh`, 0o755],
  ['generator', 'usr/lib/systemd/system-generators/mountroot-generator', 0o755],
  ['mountroot.service', 'usr/lib/systemd/system/mountroot.service', 0o644],
  ['remount-fs.conf', 'usr/lib/systemd/system/systemd-remount-fs.service.d/mountroot.conf', 0o644],
];

/** All of them do nothing in a boot in which mountroot makes no root. */
function putDistribution(
  put: (path: string, content: Buffer, mode: number) => void,
  link: (to: string, path: string) => void,
): void {
  // Ordinary users of Debian do not search /usr/sbin.
  link('../sbin/mountroot', 'usr/bin/mountroot');
  for (const [name, path, mode] of DISTRIBUTION)
    put(path, readFileSync(join(checkout, 'scripts/package/debian', name)), mode);
  put(`${HOME}/preinit`, readFileSync(join(checkout, PREINIT)), 0o755);
  link('preinit', `${HOME}/preinit-ram`);
  link('../mountroot.service', 'usr/lib/systemd/system/multi-user.target.wants/mountroot.service');
}

/** Gives all files the same time, and lets everybody enter directories. */
export function settle(tree: string, epoch: number): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(tree, 0o755);
  lutimesSync(tree, epoch, epoch);
}
