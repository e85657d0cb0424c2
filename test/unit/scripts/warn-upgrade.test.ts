/** The warning of the Debian package before an upgrade that would do nothing. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../../scripts/lib/report.js';

const SOURCE = readFileSync(join(checkout, 'scripts/package/debian/warn-upgrade'), 'utf8');
const EXT4 = '/dev/vda / ext4 ro,relatime 0 0\n';
const OURS = `${EXT4}overlayfs:/overlay / overlay rw 0 0\n/dev/vda /rom ext4 ro 0 0\n`;

t.test(
  'it warns only where mountroot made the root, and only of what the boot reads',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-warn-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const mounts = join(folder, 'mounts');
    const script = join(folder, 'warn-upgrade');
    writeFileSync(script, SOURCE.replaceAll('/proc/mounts', mounts));
    chmodSync(script, 0o755);
    const said = (table: string, words: string[], input = ''): string => {
      writeFileSync(mounts, table);
      const { status, stderr } = spawnSync(script, words, { encoding: 'utf8', input });
      t.equal(status, 0, 'it never stops anything');
      return stderr;
    };
    const archive = (...names: string[]): string =>
      names.map((name) => `/var/cache/apt/archives/${name}_1.2_armhf.deb\n`).join('');
    const kernel = archive('libc6', 'linux-image-6.12-armmp', 'initramfs-tools-core');
    t.match(
      said(OURS, ['apt'], kernel),
      /^mountroot: no boot loader reads what linux-image-6\.12-armmp initramfs-tools-core put into \/boot, .*use: mountroot maintain -- apt-get upgrade\n$/,
    );
    t.match(said(OURS.replace(':/overlay', ':/tmp/root'), ['apt'], kernel), /linux-image/);
    t.match(said(OURS, []), /no boot loader reads this initramfs/);
    t.equal(said(OURS, ['apt'], archive('libc6', 'linux-libc-dev')), '');
    t.equal(said(OURS, ['apt'], ''), '');
    t.equal(said(OURS, ['prereqs']), '');
    for (const [why, table] of [
      ['an ordinary root', EXT4],
      ['the root below, with maintain', '/dev/vda / ext4 rw 0 0\nproc /proc proc rw 0 0\n'],
      ['an overlay of somebody else', `${EXT4}overlayroot / overlay rw 0 0\n`],
      ['a /boot of its own', `${OURS}/dev/vda1 /boot ext4 rw 0 0\n`],
      ['no table', ''],
    ] as const)
      for (const words of [['apt'], []]) t.equal(said(table, words, kernel), '', why);
  },
);
