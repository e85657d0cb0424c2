/** The faults of an archive or a layer, the losses, and a sentence for each. */
import { codecSentence, type CodecProblem } from '../../ramdisk/codec-problem.js';
import type { PathKind } from '../../system/port.js';
import { codedSentence, type Coded } from '../../text/coded.js';
import { printable } from '../../text/printable.js';
import type { Accepted } from './accepted.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { REFERS_BELOW, WHITEOUT, type ReferringMark } from './marks.js';
import { keyed } from '../../text/keyed.js';

type Kind = Accepted['kind'] | PathKind;

const MIB = 1 << 20;
const WHOLE_TREE = 'make the archive of a whole tree, with its directories';
const MAKE_ANEW = '; make the archive anew with `mountroot export`';
const NO_BOOT = 'and a board without its image does not boot';

/** The names of the known types of entries. */
const ENTRY_TYPES: Record<string, string> = keyed({
  S: "a sparse file of GNU tar's own form; make the archive without --sparse",
  M: 'a part of a file from several volumes',
  V: 'the label of a volume',
  D: 'a directory of an incremental backup',
});

const shown = (path: string): string => printable(path === '' ? '.' : path);

/** Each sentence continues after the name of the archive, or after "the layer". */
const PROBLEMS = {
  // The form of the file.
  empty: () => 'is empty',
  'unknown-format': () => 'is no tar, nor one that is compressed in a way that is known',
  'stream-damaged': ({ codec }: { codec: CodecProblem }) => `is damaged: ${codecSentence(codec)}`,
  'stream-refused': (of: { method: string; offset: number; codec: CodecProblem }) =>
    `cannot be decompressed (${of.method}): at byte ${of.offset}, ${codecSentence(of.codec)}`,
  'behind-end': () => 'has something behind its end',
  changed: () => 'changed between being checked and being read',
  'cut-off': () => 'is cut off: its end is missing',
  'cut-in-file': () => 'is cut off in the middle of a file',
  'cut-behind-header': () => 'is cut off: it ends with a header that belongs to no entry',

  // Headers of tar.
  'header-checksum': () => 'has a header whose checksum is wrong',
  'header-form': () => "has a header that is neither POSIX nor GNU tar's",
  'header-too-long': ({ bytes }: { bytes: number }) =>
    `has a header of ${bytes} bytes before an entry, more than any name and attributes need ` +
    `(${LIMITS.header / MIB} MiB)${MAKE_ANEW}`,
  'too-many-headers': () =>
    `has more than ${LIMITS.headers} headers before one entry, and none needs so many${MAKE_ANEW}`,
  'headers-too-long': () =>
    `has more than ${LIMITS.allHeaders / MIB} MiB of headers before its entries, more than the ` +
    `names and attributes of any board's settings need${MAKE_ANEW}`,
  'too-many-records': () =>
    `has a pax header with more than ${LIMITS.records} records, and no file has so many ` +
    `attributes${MAKE_ANEW}`,
  'too-many-streams': () =>
    `consists of more than ${LIMITS.streams} compressed streams with little in them; ` +
    'compress it anew, as one',
  'number-form': ({ what }: { what: string }) => `has ${what} of a form that is not known`,
  'no-octal': ({ what }: { what: string }) => `has ${what} that is no octal number`,
  'out-of-range': ({ what, value }: { what: string; value: bigint }) =>
    `has ${what} ${value}, which is out of range`,
  'no-time': () => 'has a time that is none',
  'entry-type': ({ type }: { type: string }) =>
    `has an entry of type ${JSON.stringify(type)}, ${ENTRY_TYPES[type] ?? 'which is not known'}`,
  sparse: () => `has ${ENTRY_TYPES['S']}`,
  'pax-damaged': ({ at }: { at: number }) => `has a pax header that is damaged at its byte ${at}`,
  'pax-keyword': ({ bytes }: { bytes: Uint8Array }) =>
    `has a pax header with a keyword that is no text, ${printable(bytes)}`,
  'pax-number': ({ key }: { key: string }) => `has a pax header whose ${key} is no number`,
  'pax-global': () => 'has a pax header for all entries, which layers do not have',

  // Names.
  'not-utf8': ({ what, bytes }: { what: string; bytes: Uint8Array }) =>
    `has ${what} that is no UTF-8, ${printable(bytes)}, which cannot be made here`,
  nul: ({ what }: { what: string }) => `has ${what} with a NUL in it`,
  absolute: ({ what }: { what: string }) =>
    `has ${what} that is absolute, and a layer has only names within it`,
  'dot-dot': ({ what }: { what: string }) => `has ${what} with .. in it, which may lead outside`,
  'no-name': ({ what }: { what: string }) => `has ${what} that is empty`,
  'long-name': ({ what }: { what: string }) =>
    `has ${what} longer than there can be (${LIMITS.name} bytes, ${LIMITS.path} with all above it)`,
  'below-whiteout': () =>
    `has something in a directory named ${WHITEOUT}…, which is the name of a whiteout`,

  // Entries.
  'too-many-entries': () =>
    `has more entries than any board's settings (${LIMITS.members}, with ` +
    `${LIMITS.names / MIB} MiB of names)`,
  'too-many-attributes': () =>
    `has more attributes of directories than any board's settings (${LIMITS.held / MIB} MiB)`,
  'too-large': ({ bytes, size, before }: { bytes: number; size: number; before: number }) =>
    `needs more than the ${bytes} bytes that it may have: this file has ${size}, those before it ` +
    `${before}; make room, or raise --limit where files compress well (jffs2)`,
  content: ({ kind }: { kind: Kind }) => `has a ${kind} with content`,
  'root-kind': ({ kind }: { kind: Kind }) => `has a ${kind} as its root`,
  'symlink-target': () => 'has a symlink that says nothing, or too much',
  'hard-link': ({ target }: { target: string }) =>
    `has a hard link to ${printable(target)}, which is no file in the archive before it`,
  'device-node': () => 'has a device node, which only root can make; run this as root',
  'no-directory': () => `has an entry whose directory is not in it before; ${WHOLE_TREE}`,
  'below-file': ({ folder, kind }: { folder: string; kind: Kind }) =>
    `has an entry below ${printable(folder)}, which is a ${kind} and no directory`,
  'below-nothing': ({ folder }: { folder: string }) =>
    `has an entry below ${printable(folder)}, which is no directory of the new layer`,
  attribute: ({ name, bytes }: { name: string; bytes: number }) =>
    `has an attribute ${printable(name)} of ${bytes} bytes, and there can be none such`,

  // Contradictions.
  twice: ({ path, kind, before }: { path: string; kind: Kind; before: Kind }) =>
    `contradicts itself: ${shown(path)} is in it twice` +
    (kind === before ? '' : `, as ${before} and as ${kind}`),
  'entries-below': ({ path, kind }: { path: string; kind: Kind }) =>
    `contradicts itself: ${printable(path)} is a ${kind} in it, and has entries below it before`,
  'hidden-entries': ({ folder, path }: { folder: string; path: string }) =>
    `contradicts itself: it hides what is below ${printable(folder)}, and has entries in ` +
    `${printable(path)}, which is not in it; ${WHOLE_TREE}`,

  // Marks of overlay.
  'whiteout-content': () => 'has a whiteout that is not empty',
  'whiteout-kind': ({ kind }: { kind: Kind }) => `has a whiteout that is a ${kind}`,
  'whiteout-name': () => 'has a whiteout of a name that there cannot be',
  'opaque-mark': () => `hides the whole image (an opaque mark in its root), ${NO_BOOT}`,
  'opaque-root': () => `hides the whole image (an opaque root), ${NO_BOOT}`,
  'opaque-no-directory': ({ path }: { path: string }) =>
    `hides what is below ${printable(path)}, which is no directory in it`,
  'refers-below': ({ mark }: { mark: ReferringMark }) =>
    `refers to another layer: it ${REFERS_BELOW[mark]}; make the archive with ` +
    '`mountroot export`, which says what to do about it',
  'layer-refers-below': (of: { mark: ReferringMark; path: string; value: string }) =>
    `cannot be put into an archive: ${printable(of.path)} ${REFERS_BELOW[of.mark]}` +
    (of.mark === 'redirect' ? ` ${printable(of.value)}` : '') +
    `; through the mounted overlay, ${COPY_UP[of.mark](printable(of.path))}`,
};

/** The cure: a way to make a file or directory complete in the upper layer. */
const COPY_UP: Record<ReferringMark, (path: string) => string> = {
  redirect: (path) =>
    `copy it to a new name and remove it (\`cp -a /${path} /${path}.new\`), or mount with ` +
    'redirect_dir=off and rename it again',
  metacopy: (path) =>
    `have it copied up whole: \`cp -a /${path} /${path}.new && mv /${path}.new /${path}\``,
};

export type ArchiveProblem = Coded<typeof PROBLEMS>;

export const archiveSentence = (problem: ArchiveProblem): string =>
  codedSentence(PROBLEMS, problem);

/** Files that the archive or the new layer lacks or has in another form. */
const LOSSES = {
  mounted: () => 'something is mounted there, which is no part of the layer',
  'name-not-utf8': () => 'its name is no UTF-8, as a pax archive wants it; rename it',
  'named-like-whiteout': () =>
    `a layer has no way to hold a name that begins with ${WHITEOUT}, which stands for a ` +
    'whiteout; rename it',
  vanished: () => 'it vanished while the layer was read',
  'target-not-utf8': () => 'what this symlink says is no UTF-8, as a pax archive wants it',
  'no-tar-kind': ({ kind }: { kind: PathKind }) => `it is a ${kind}, which a tar cannot hold`,
  'overlay-mark': ({ mark }: { mark: string }) =>
    `its attribute trusted.overlay.${printable(mark)} is left out, for it has no form in a layer`,
  'device-number': ({ node }: { node: string }) =>
    `its device number ${node} is too large for a tar`,
  unreadable: ({ errno }: { errno: string }) => `it could not be read, and is left out: ${errno}`,
  'changed-meanwhile': ({ shorter }: { shorter: boolean }) =>
    `it changed while it was read${shorter ? ', and is filled up with zeros in the archive' : ''}` +
    '; export again',
  'record-lost': ({ key }: { key: string }) =>
    `its ${key} is lost: it is not kept by overlays in this form`,
  'attribute-lost': ({ name }: { name: string }) =>
    `the attribute ${printable(name)} is lost: it is overlay's own`,
  'owner-not-set': ({ error }: { error: string }) => `its owner could not be set: ${error}`,
  'attribute-not-set': ({ name, error }: { name: string; error: string }) =>
    `its attribute ${printable(name)} could not be set: ${error}`,
};

export type Loss = Coded<typeof LOSSES>;

export const lossSentence = (loss: Loss): string => codedSentence(LOSSES, loss);

/** The number of losses to keep, because an archive may have one for each entry. */
const KEPT = 100;

/** Losses by their path, as many as somebody will read. */
export class Losses {
  private readonly all: { path: string; loss: Loss }[] = [];

  add(path: string, loss: Loss): void {
    if (this.all.length < KEPT) this.all.push({ path, loss });
  }

  /** One sentence each. */
  get sentences(): string[] {
    return this.all.map(({ path, loss }) => `${shown(path)}: ${lossSentence(loss)}`);
  }
}
