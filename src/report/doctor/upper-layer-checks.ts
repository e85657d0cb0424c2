/** The abilities that overlay needs from the file system of the upper layer. */
import type { Facts } from '../../facts/facts.js';
import { unreadWords } from '../../facts/kernel-sources.js';
import { isLegacy } from '../../plan/overlay-root.js';
import { isOlder } from '../../text/kernel-release.js';
import { FILE_SYSTEMS } from '../../volumes/file-systems.js';
import { ok, unknown, warning, type CheckInputs, type Finding } from './check-rule.js';
import { volumeType } from './kernel-checks.js';
import type { Live } from './live.js';

/** The first message of the kernel of this form. */
const said = (live: Live | null, facts: Facts, what: RegExp): string | undefined => {
  const lines =
    live !== null && 'value' in live.log ? live.log.value.lines : (facts.origin?.log?.lines ?? []);
  return lines.find(({ text }) => what.test(text))?.text;
};

/** Without RENAME_WHITEOUT overlay cannot rename files of the image, nor remove its directories. */
export function whiteout({ now, live }: CheckInputs): Finding | null {
  const type = volumeType(now);
  if (type === 'ubifs' && isOlder(now.kernel.release, [4, 9]))
    return lacksWhiteout(
      'UBIFS',
      `Linux ${now.kernel.release}; it came with 4.9`,
      'use a kernel from 4.9 on',
    );
  if (type !== 'jffs2') return null;
  const cure =
    "apply the kernel patch for jffs2's rename that OpenWrt and the emulated board have " +
    "(jffs2-rename-flags, in mountroot's sources below board/)";
  if (live?.whiteout)
    return live.whiteout.works
      ? ok(
          "this kernel's jffs2 has RENAME_WHITEOUT",
          `tried by mountroot done: ${live.whiteout.where}`,
        )
      : lacksWhiteout('jffs2', `tried by mountroot done: ${live.whiteout.where}`, cure);
  const complaint = said(live, now, /^overlayfs: upper fs does not support RENAME_WHITEOUT/);
  if (complaint !== undefined)
    return lacksWhiteout('jffs2', `the kernel log: "${complaint}"`, cure);
  return unknown(
    "whether this kernel's jffs2 has RENAME_WHITEOUT (mainline does not have it): without it, " +
      'files of the image cannot be renamed, nor its directories removed',
    silence(live, () => 'no journal of mountroot done, which tries it'),
    '`mountroot done` tries it at the end of a boot; look again after it',
  );
}

const lacksWhiteout = (fstype: string, evidence: string, cure: string): Finding =>
  warning(
    `${fstype} lacks RENAME_WHITEOUT on this kernel: ` +
      'files of the image cannot be renamed, nor its directories removed',
    evidence,
    cure,
  );

/** jffs2 maps no file for shared writing: its pages could not be written back from a mapping. */
export function mapping({ now, live }: CheckInputs): Finding | null {
  const type = volumeType(now);
  const seen = live?.unmappable;
  if (seen === undefined && type !== 'jffs2') return null;
  return warning(
    `programs cannot map files on ${type ?? 'the data volume'} for shared writing (EINVAL): ` +
      "SQLite's write-ahead log, some package caches and databases fail",
    seen === undefined
      ? "Linux' fs/jffs2/file.c maps files with generic_file_readonly_mmap"
      : `tried by mountroot done: ${seen}`,
    'keep such files on a tmpfs, have the program do without (SQLite: journal_mode=DELETE), ' +
      'or use UBIFS, ext4 or f2fs for the data volume',
  );
}

/** The setting of a kernel option; undefined if the configuration is not known. */
function configured({ origin }: Facts, live: Live | null, option: string): string | undefined {
  if (live !== null) return live.config?.[option];
  return origin?.config ? (origin.config[option] ?? 'n') : undefined;
}

/** Where a word of the kernel about it was looked for, without finding any. */
function silence(live: Live | null, elsewhere: (live: Live) => string): string {
  if (live === null) return 'these facts do not show it';
  const log = 'trouble' in live.log ? 'the kernel log cannot be read' : 'no word in the kernel log';
  return `${elsewhere(live)}, and ${log}`;
}

const lacksXattr = (type: string, option: string, evidence: string): Finding =>
  warning(
    `${type} has no extended attributes on this kernel, ` +
      'so a directory of the image that was removed cannot be made again',
    evidence,
    `build the kernel with CONFIG_${option}=y`,
  );

/** What the kernel's configuration or its messages show; null if neither does. */
function xattrSeen({ now, live }: CheckInputs, type: string, option: string): Finding | null {
  const config = configured(now, live, option);
  if (config !== undefined)
    return config === 'y'
      ? ok(`${type} has extended attributes`, `/proc/config.gz has CONFIG_${option}=y`)
      : lacksXattr(type, option, `/proc/config.gz has no CONFIG_${option}`);
  const complaint = said(live, now, /^overlayfs: upper fs does not support xattr/);
  if (complaint !== undefined) return lacksXattr(type, option, `the kernel log: "${complaint}"`);
  const built = said(live, now, /jffs2_build_xattr_subsystem/);
  return type === 'jffs2' && built !== undefined
    ? ok('jffs2 has extended attributes', 'the kernel log shows its xattr subsystem')
    : null;
}

/** Overlay marks a directory that replaces one of the image with trusted.overlay.opaque. */
export function xattr(inputs: CheckInputs): Finding | null {
  const { now, live } = inputs;
  const type = volumeType(now);
  const option = type === undefined ? undefined : FILE_SYSTEMS[type]?.xattrOption;
  if (type === undefined || isLegacy(now)) return null;
  if (option === undefined) return ok(`${type} has extended attributes`, 'it always has');
  return (
    xattrSeen(inputs, type, option) ??
    unknown(
      `whether ${type} has extended attributes, ` +
        'which overlay needs for directories that replace one of the image',
      silence(live, (here) => unreadWords(here, '/proc/config.gz') ?? 'no /proc/config.gz'),
      `see that the kernel is built with CONFIG_${option}=y`,
    )
  );
}
