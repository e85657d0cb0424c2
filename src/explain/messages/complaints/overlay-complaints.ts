import { behind, complains, logError } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const LAYER = 'overlay' as const;
/** `overlayfs: `, and `overlay: ` for what its parser of options refuses since 6.5. */
const overlay = (words: RegExp): RegExp => behind(/overlay(?:fs)?: /, words);

/** What overlayfs says when it does not mount, or mounts with less than was asked for. */
export const OVERLAY_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: overlay(
      /filesystem on '?([^']+?)'? (?:not supported(?: as (upperdir))?|of (\S+) .*not supported)/,
    ),
    source: 'fs/overlayfs/super.c, params.c: ovl_mount_dir_check',
    tells: complains('reason', ([, directory, upper]) => ({
      layer: LAYER,
      cause: { code: 'overlay-not-supported', directory: directory!, upper: upper !== undefined },
    })),
  },
  {
    pattern: overlay(/upper fs is r\/o, try multi-lower layers mount/),
    source: 'fs/overlayfs/super.c: ovl_get_upper',
    tells: complains('reason', () => ({
      layer: LAYER,
      cause: { code: 'overlay-upper-read-only' },
    })),
  },
  {
    pattern: overlay(
      /(missing '?lowerdir'?|missing upperdir or workdir|missing 'workdir'|workdir and upperdir must (?:reside under the same mount|be separate subtrees)|at least \S+ (?:lowerdir|layers?) (?:are|is) (?:missing|needed)|too many lower directories.*|upperdir is specified more than once|cannot append.*|unrecognized mount option .*|unknown parameter .*|option .* requires .*|conflicting (?:options|lowerdir path).*|maximum fs stacking depth exceeded|.*overlapping (?:lowerdir|upperdir) path.*)/i,
    ),
    has: [
      ...['missing lowerdir', "missing 'lowerdir", 'missing upperdir', "missing 'workdir"],
      ...['workdir and upperdir', 'at least ', 'too many', 'upperdir is specified'],
      ...['cannot append', 'unrecognized', 'unknown parameter', ' requires ', 'conflicting '],
      ...['stacking depth', 'overlapping '],
    ],
    source: 'fs/overlayfs/super.c, params.c',
    tells: complains('reason', ([, what]) => ({
      layer: LAYER,
      cause: { code: 'overlay-options', what: what! },
    })),
  },
  {
    pattern: overlay(/failed to resolve '([^']*)': (-\d+)/),
    source: 'fs/overlayfs/super.c, params.c: ovl_mount_dir_noesc',
    tells: complains('reason', ([, path, error], seen) => ({
      layer: LAYER,
      cause: { code: 'overlay-path', path: path!, error: logError(error!, seen) },
    })),
  },
  {
    pattern: overlay(/failed to create directory (\S+) \(errno: (\d+)\)/),
    source: 'fs/overlayfs/super.c: ovl_workdir_create',
    tells: complains('reason', ([, path, error], seen) => ({
      layer: LAYER,
      cause: { code: 'overlay-workdir', path: path!, error: logError(error!, seen) },
    })),
  },
  {
    pattern: overlay(/failed to verify (?:upper root origin|index dir '?\w+'? xattr|upper)/),
    source: 'fs/overlayfs/super.c: ovl_get_indexdir; namei.c: ovl_verify_set_fh',
    tells: complains('reason', () => ({ layer: LAYER, cause: { code: 'overlay-stale' } })),
  },
  {
    pattern: overlay(/(?:upperdir|workdir|lowerdir) is in-use/),
    source: 'fs/overlayfs/super.c: ovl_report_in_use',
    tells: complains('reason', () => ({ layer: LAYER, cause: { code: 'overlay-in-use' } })),
  },
  {
    pattern: overlay(
      /(upper fs (?:needs to support|does not support|missing required features).*|failed to set xattr on upper.*)/,
    ),
    source: 'fs/overlayfs/super.c: ovl_make_workdir',
    tells: (seen, match, line) =>
      complains(/required/.test(line.said) ? 'reason' : 'hint', ([, what]) => ({
        layer: LAYER,
        cause: { code: 'overlay-upper-lacks', what: what! },
      }))(seen, match, line),
  },
  {
    pattern: overlay(/(failed to (?:clone|get|look up|lookup|set up).*|.*trap.*)/),
    source: 'fs/overlayfs/super.c',
    tells: complains('effect', ([, what]) => ({
      layer: LAYER,
      cause: { code: 'overlay-options', what: what! },
    })),
  },
];
