/**
 * What a bundle may carry: words, numbers and names that are on many boards. Everything else may be
 * a secret, so nothing here looks for secrets. A text of these forms has room for few random bits.
 */
import { constants } from 'node:os';
import { KERNEL_WORDS } from './kernel-words.js';
import { OUR_WORDS } from './our-words.js';
import { SYSTEM_WORDS } from './system-words.js';

const setOf = (...texts: string[]): Set<string> =>
  new Set(texts.flatMap((text) => text.trim().split(/\s+/)));

const WORDS = setOf(KERNEL_WORDS, OUR_WORDS);

/** Words with digits or odd capitals. They are compared in lower case. */
const TECHNICAL = setOf(
  SYSTEM_WORDS,
  `
  ext2 ext3 ext4 jffs2 f2fs 9p lz4 bzip2 cgroup2 ntfs3 exfat mib gib kib tib mb gb kb ms us ns mhz
  ghz khz hz usec msec v1 v2 v3 v7 v7l v8 arm64 aarch64 armv5tej armv6 armv7 armv7l armhf armel x86
  i386 amd64 mips32 mips64 riscv64 powerpc crc32 crc32c sha1 sha256 md5 ipv4 ipv6 utf8 iso8859 i2c
  spi0 4k 64k 2m sp804 pl011 pl110 pl111 pl180 pl181 pl030 pl031 pl050 pl061 gic v2p ca9 ca15 a5 a7
  a8 a9 a15 a53 mmci pl18x isp1760 smsc911x l2c 310 lan9118 wm8505 16550a 8250 uio nr0 raid6 raid0
  raid1 xz rawnand onenand spi nor sdhci sdio emmc dwmmc isn doesn couldn can didn wasn aren won
  wouldn hasn swapper armmpcore u-boot vexpress qemu mountroot openwrt xattr fdt of0 irq0 utc gmt
  pmu hw sw fw io r/w ncp ip1 tcp udp icmp arp nfs nfsv3 nfsv4 smp preempt dynamic rt pid ppid uid
  gid oom eof bios uefi efi mbr gpt e2fsck fsck init0 kb/s mb/s bootconfig fs0 lib64 lib32 be le
  bit32 bit64 eeprom mtd0ro
`,
);

/** Devices of a kernel that are numbered on every board alike. */
const DEVICE = new RegExp(
  '^(?:(?:mtd|mtdblock|mtdchar|ubi|ubiblock|loop|ram|zram|dm-|md|nbd|sr|fd|rtc|watchdog|i2c-|spi|' +
    'gpiochip|eth|wlan|usb|lan|wan|br|bond|can|phy|mmc|sd|input|event|card|fb|video|cpu|hwmon|' +
    'thermal_zone|iio|tty|ttyS|ttyAMA|ttyUSB|ttyACM|ttyO|ttymxc|hvc|pts|irq|uart|rd)\\d{1,3}|' +
    '(?:mtd\\d{1,3}ro|ubi(?:block)?\\d{1,2}_\\d{1,3})|' +
    '(?:[shvx]d|xvd|vd)[a-z]{1,2}\\d{0,2}|mmcblk\\d{1,2}(?:p\\d{1,3}|boot\\d|rpmb)?|' +
    'nvme\\d{1,2}(?:n\\d{1,2}(?:p\\d{1,3})?)?)$',
);

const UNIT =
  '(?:[kKMGTP](?:i?[bB])?|[kmMG]?(?:Hz|bit|bps)|B|[num]?[sSVAW]|bits?|bytes?|sec|min|h|d|x|X|%|' +
  'th|st|nd|rd|C|-?way|mA|mV|uV|mm|pages?|blocks?|sectors?)';
const NUMBER = new RegExp(`^[-+~<>≤≥]{0,2}(\\d{1,7})(?:\\.(\\d{1,6}))?${UNIT}?$`);
/** Nanoseconds and masks have many digits. */
const NANOSECONDS = /^\d{1,20}(?:ns)$/;
const HEXADECIMAL = /^(?:0[xX]|@)([0-9a-fA-F]{1,16})$/;
const ADDRESS = /^[0-9a-f]{3,6}00$/;
const VERSION = /^v?\d{1,4}(?:\.\d{1,4}){1,2}(?:-rc\d{1,2})?$/;

/** Whole texts of forms that have few values. */
const WHOLE: readonly RegExp[] = [
  /^(?:19|20)\d\d[-/][01]\d[-/][0-3]\d$/,
  /^[012]?\d:[0-5]\d(?::[0-5]\d)?(?:\.\d{1,6})?Z?$/,
  /^(?:19|20)\d\d-[01]\d-[0-3]\dT[012]\d:[0-5]\d:[0-5]\d(?:\.\d{1,3})?Z?$/,
  // A device by its number, and a device of a bus.
  /^\d{1,4}:\d{1,4}$/,
  /^\d{1,2}-\d(?:\.\d){0,4}(?::\d\.\d)?$/,
  /^0000:\d\d:\d\d\.\d$/,
  // A boot's journal on the data volume.
  /^\d{8}-[\da-f]{8}\.ndjson$/,
  // Years of a copyright, and memory that is free of all.
  /^(?:19|20)\d\d-(?:19|20)\d\d$/,
  /^\d{1,8}[kKMG]\/\d{1,8}[kKMG]$/,
  // A serial line's speed, and an option of the kernel.
  /^\d{4,7}[neo]8?$/,
  /^=[ymn]$/,
];

/** What was withheld and only has its shape left. */
const MARK = /^‹\d{1,8}#[0-9a-f]{6}›$/;
export const isMark = (text: string): boolean => MARK.test(text);

const isErrno = (text: string): boolean =>
  /^(?:E[A-Z\d]{2,15}|SIG[A-Z\d]{2,8})$/.test(text) &&
  (Object.hasOwn(constants.errno, text) || Object.hasOwn(constants.signals, text));

/** `rootfs`, `Rootfs` or `ROOTFS`, but not `rOoTfS`: the case of letters must tell nothing. */
const isPlainCase = (text: string): boolean => /^(?:[A-Z]?[a-z]*|[A-Z]+s?)$/.test(text);

/** A word of messages: of the kernel's, or of our own. */
function isWord(text: string): boolean {
  if (text.length < 2) return false;
  const lower = text.toLowerCase();
  if (isPlainCase(text)) return WORDS.has(lower) || TECHNICAL.has(lower);
  return (
    TECHNICAL.has(lower) ||
    // superOptions
    (/^(?=.{6})[a-z]+(?:[A-Z][a-z]+){1,3}$/.test(text) &&
      text.split(/(?=[A-Z])/).every((part) => WORDS.has(part.toLowerCase())))
  );
}

/** Few random digits fit into an address that ends in zeros, or into a mask that ends in ones. */
function hexadecimalCost(digits: string): number {
  const short = digits.replace(/^0+/, '');
  if (/^[fF]*$/.test(short)) return 0;
  if (short.length <= 4) return short.length;
  return /(?:000|[fF]{3})$/.test(short) && short.length <= 10 ? 3 : Infinity;
}

function numberCost(text: string): number {
  const [, whole, fraction = ''] = NUMBER.exec(text) ?? [];
  if (whole !== undefined) return whole.length + (fraction.length > 3 ? 3 : fraction.length);
  if (NANOSECONDS.test(text)) return 3;
  // Sizes in bytes and in sectors.
  return /^\d{8,14}$/.test(text) && Number(text) % 4096 === 0 ? 3 : Infinity;
}

const isNamed = (text: string): boolean =>
  isWord(text) || DEVICE.test(text) || isErrno(text) || MARK.test(text);

/** The cost of one part of a name, in digits that may be random. */
function partCost(part: string): number {
  if (part === '' || isNamed(part)) return 0;
  if (/^[A-Za-z]$/.test(part)) return 3;
  const hexadecimal = HEXADECIMAL.exec(part)?.[1];
  if (hexadecimal !== undefined) return hexadecimalCost(hexadecimal);
  if (ADDRESS.test(part)) return 4;
  if (/^[AaRrPpVvLl]\d{1,2}$/.test(part)) return 3;
  const [, letters, digits] = /^([A-Za-z]{2,12})(\d{1,3})$/.exec(part) ?? [];
  if (letters !== undefined) return isWord(letters) ? digits!.length + 1 : Infinity;
  return numberCost(part);
}

/** The most random digits in one name: `12.2.0-14`, `1024x768`. */
const MOST_DIGITS = 7;

const sumOfCosts = (parts: readonly string[]): number =>
  parts.reduce((sum, part) => sum + partCost(part), 0);

const lengthOf = (parts: readonly string[]): number => parts.join('').length;

/** Letters and digits without a word are no name, and neither are more of them than of words. */
function isName(parts: readonly string[]): boolean {
  const named = parts.filter((part) => part !== '' && isNamed(part));
  const others = parts.filter((part) => /^@?[A-Za-z\d]{1,3}$/.test(part) && !isNamed(part));
  const doubtful = others.filter((part) => /[A-Za-z]/.test(part));
  return named.length > 0 && lengthOf(named) >= lengthOf(doubtful);
}

/** Whether each part of a name or number is known. */
export function isHarmless(text: string): boolean {
  if (text === '' || isNamed(text) || WHOLE.some((form) => form.test(text))) return true;
  if (text.length > 100) return false;
  // In a row they are withheld (isRow).
  if (/^(?:[A-Za-z]|[AaRrPpVvLl]\d{1,2})$/.test(text)) return true;
  if (VERSION.test(text) || numberCost(text) <= MOST_DIGITS) return true;
  if (/^0x[\da-f]+(?:-0x[\da-f]+)?$/i.test(text)) return sumOfCosts(text.split('-')) <= 8;
  const parts = text.split(/[-_./+()[\]@'"]+/);
  return (isName(parts) || !/[A-Za-z]/.test(text)) && sumOfCosts(parts) <= MOST_DIGITS;
}

/** A part of a name that a person chose: a word, perhaps with a number. */
export const isHarmlessName = (text: string): boolean =>
  /^\d{1,2}$/.test(text) || (/[A-Za-z]{2}/.test(text) && isHarmless(text));

/** A number, or one or two letters that are no word. */
export const isThin = (text: string): boolean =>
  /^[-+]?[\d.]+$/.test(text) ||
  /^0x[\da-f]+$/i.test(text) ||
  (text.length <= 2 && text.toLowerCase() !== 'a' && !isWord(text));

/** A longer row of thin texts may be the codes of a text, a card's number or a phone's. */
export function isRow(thin: readonly string[]): boolean {
  const digits = thin.reduce((sum, each) => sum + each.replace(/\D/g, '').length, 0);
  return thin.length > 4 || (thin.length > 1 && digits > 9);
}
