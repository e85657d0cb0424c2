/** The programs that make an initramfs, and how our part is recognised in one. */
import type { Initramfs } from './enable-checks.js';
import { INITRAMFS_PART } from './switch-places.js';

/** A program that makes an initramfs, and one that lists the files of one. */
interface Maker {
  make: string;
  list: string;
  /** Whether `make` replaces the file by a whole one. Otherwise it writes where it is told to. */
  replaces: boolean;
  argumentsFor: (release: string, file: string) => string[];
  /** The file in a line of the list. */
  nameIn: (line: string) => string;
  isPart: (name: string) => boolean;
}

export const MAKERS: readonly Maker[] = [
  {
    make: 'update-initramfs',
    list: 'lsinitramfs',
    replaces: true,
    argumentsFor: (release) => ['-u', '-k', release],
    nameIn: (line) => line,
    isPart: (name) => name === INITRAMFS_PART,
  },
  {
    make: 'dracut',
    list: 'lsinitrd',
    replaces: false,
    argumentsFor: (release, file) => ['-q', '--force', file, release],
    // Its lines are those of `ls -l`.
    nameIn: (line) =>
      line
        .replace(/ -> .*/, '')
        .split(' ')
        .at(-1)!,
    // Its hooks moved from lib/ to var/lib/.
    isPart: (name) => /\/dracut\/hooks\/pre-pivot\/\d+-mountroot\.sh$/.test(name),
  },
];

/** Whether the list of an initramfs has an init and our part. */
export function isWhole({ nameIn, isPart }: Maker, list: string): boolean {
  const names = list.split('\n').map(nameIn);
  return names.includes('init') && names.some(isPart);
}

/** As Debian and Fedora name it. */
const NAMES = [/^initrd\.img-([\w.+~-]+)$/, /^initramfs-(?!0-rescue-)([\w.+~-]+)\.img$/];

/** Names that initramfs-tools, dpkg and `enable` give to former ones. */
const FORMER = /\.(?:bak|dpkg-bak|old|old-dkms|new|before-mountroot)$/;

/** The release of the kernel whose initramfs has this name; null for any other file. */
export function releaseOf(name: string): Initramfs['release'] | null {
  if (FORMER.test(name)) return null;
  const [release] = NAMES.flatMap((pattern) => pattern.exec(name)?.[1] ?? []);
  return release ?? null;
}
