/**
 * The options that OpenWrt's preinit gives to `mount_root start`, for the data volume. Options
 * that every file system has are left out: a start decides about them itself.
 */

/** Options that change nothing here: a start mounts writable, with noatime. */
const AS_IT_IS = ['defaults', 'rw', 'noatime'];

/** Options for mount(8), which are flags of mount(2). No file system knows them. */
const FLAGS = [
  ...['ro', 'sync', 'async', 'dirsync', 'mand', 'nomand', 'atime', 'nodiratime', 'diratime'],
  ...['dev', 'nodev', 'exec', 'noexec', 'suid', 'nosuid', 'relatime', 'norelatime'],
  ...['strictatime', 'lazytime', 'remount', 'auto', 'noauto', 'user', 'nouser'],
];

/** mount(2) takes one page. Nobody needs so much. */
const MOST = 255;

export interface GivenOptions {
  /** For the file system; null without any. */
  data: string | null;
  /** What is not heeded. */
  ignored: string[];
}

export function givenOptions(words: readonly string[]): GivenOptions {
  const options = words
    .flatMap((word) => word.split(','))
    .map((option) => option.trim())
    .filter((option) => option !== '' && !AS_IT_IS.includes(option));
  const isOdd = (option: string): boolean => !/^[!-~]+$/.test(option) || FLAGS.includes(option);
  const data = options.filter((option) => !isOdd(option)).join(',');
  if (data.length > MOST) return { data: null, ignored: options };
  return { data: data === '' ? null : data, ignored: options.filter(isOdd) };
}
