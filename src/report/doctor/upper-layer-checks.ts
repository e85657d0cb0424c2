/** The abilities that overlay needs from the file system of the upper layer. */
import type { Facts } from '../../facts/facts.js';
import { unreadWords } from '../../facts/kernel-sources.js';
import { isLegacy } from '../../plan/overlay-root.js';
import { FILE_SYSTEMS } from '../../volumes/file-systems.js';
import {
  before,
  ok,
  releaseOf,
  unknown,
  warning,
  type CheckInputs,
  type Finding,
} from './check-rule.js';
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
  const number = releaseOf(now.kernel.release);
  if (type === 'ubifs' && number !== null && before(number, [4, 9]))
    return lacksWhiteout(
      'UBIFS',
      `Linux ${now.kernel.release}; it came with 4.9`,
      'use a kernel from 4.9 on',
    );
  if (type !== 'jffs2') return null;
  const cure =
    "apply the kernel patch for jffs2's rename that OpenWrt and the emulated board have " +
    "(jffs2-rename-flags.patch, in mountroot's sources below board/)";
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
    live === null
      ? 'these facts do not show it'
      : 'no journal of mountroot done, which tries it, and no word in the kernel log',
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

/** Overlay marks a directory that replaces one of the image with trusted.overlay.opaque. */
export function xattr({ now, live }: CheckInputs): Finding | null {
  const type = volumeType(now);
  const option = type === undefined ? undefined : FILE_SYSTEMS[type]?.xattrOption;
  if (type === undefined || isLegacy(now)) return null;
  if (option === undefined) return ok(`${type} has extended attributes`, 'it always has');
  const without = (evidence: string): Finding =>
    warning(
      `${type} has no extended attributes on this kernel, ` +
        'so a directory of the image that was removed cannot be made again',
      evidence,
      `build the kernel with CONFIG_${option}=y`,
    );
  const config = live?.config?.[option];
  if (config !== undefined)
    return config === 'y'
      ? ok(`${type} has extended attributes`, `/proc/config.gz has CONFIG_${option}=y`)
      : without(`/proc/config.gz has no CONFIG_${option}`);
  const complaint = said(live, now, /^overlayfs: upper fs does not support xattr/);
  if (complaint !== undefined) return without(`the kernel log: "${complaint}"`);
  const built = said(live, now, /jffs2_build_xattr_subsystem/);
  if (type === 'jffs2' && built !== undefined)
    return ok('jffs2 has extended attributes', 'the kernel log shows its xattr subsystem');
  return unknown(
    `whether ${type} has extended attributes, ` +
      'which overlay needs for directories that replace one of the image',
    `${unreadWords(live ?? {}, '/proc/config.gz') ?? 'no /proc/config.gz'}, ` +
      'and no word in the kernel log',
    `see that the kernel is built with CONFIG_${option}=y`,
  );
}
