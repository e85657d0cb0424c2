/**
 * The external volume that OpenWrt's /etc/config/fstab asks for, as fstools' `block extroot` reads
 * it (block.c). The first usable file counts: upper/etc/config/fstab and etc/config/fstab on the
 * data volume, then /etc/config/fstab of the image. Of its sections the one with the target `/`
 * counts, else the one with `/overlay`.
 */
import type { MountFlag } from '../system/flags.js';
import type { FactsProblem } from '../text/problem-text.js';
import { printableLine } from '../text/printable.js';
import { parseUci, type UciRefused, type UciSection } from './uci.js';
import { WAIT_AT_MOST_S } from './installation.js';
import { keyed } from '../text/keyed.js';

export const FSTAB = '/etc/config/fstab';

/** What a section asks for. */
export interface FstabRequest {
  file: string;
  /** The line where its section begins. */
  line: number;
  /** Names of the volume, in the order in which `block` tries them. */
  names: string[];
  target: 'overlay' | 'root';
  /** Seconds to wait for the device; null if the file does not say. */
  delay: number | null;
  flags: MountFlag[];
  /** Options of the file system itself. */
  data: string | null;
}

/** A number as strtol(3) with base 0 reads it; null for other words, which libuci leaves out. */
export function uciNumber(text: string | undefined): number | null {
  if (text === '') return 0;
  const [, sign, digits] = /^\s*([-+]?)(0x[\da-f]{1,8}|\d{1,10})$/i.exec(text ?? '') ?? [];
  if (digits === undefined || /^0\d*[89]/.test(digits)) return null;
  const value = /^0\d/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return sign === '-' ? -value : value;
}

/** Words for flags of mount(2); null for what a mount has anyway. */
const FLAG_WORDS: Readonly<Record<string, MountFlag | null>> = keyed({
  noatime: null,
  rw: null,
  defaults: null,
  async: null,
  dev: null,
  exec: null,
  suid: null,
  diratime: null,
  nomand: null,
  user_xattr: null,
  acl: null,
  ro: 'MS_RDONLY',
  nosuid: 'MS_NOSUID',
  nodev: 'MS_NODEV',
  noexec: 'MS_NOEXEC',
});
/** Words that ask for times of access, which are not kept otherwise. */
const WITH_ATIME = ['atime', 'relatime', 'strictatime'];
const UNHEEDED = ['sync', 'dirsync', 'mand', 'nodiratime', 'norelatime', 'noacl', 'nouser_xattr'];

const value = (section: UciSection, name: string): string | undefined =>
  section.options.get(name)?.value;

const isEnabled = (section: UciSection): boolean => uciNumber(value(section, 'enabled')) !== 0;

const keyOf = (section: UciSection): string | undefined =>
  value(section, 'uuid') ?? value(section, 'label') ?? value(section, 'device');

/** `block` sorts sections by uuid, label or device; of two with one key the later counts. */
function mountSections(sections: readonly UciSection[]): UciSection[] {
  const byKey = new Map<string, UciSection>();
  for (const section of sections) {
    const key = keyOf(section);
    if (section.type === 'mount' && key !== undefined && isEnabled(section))
      byKey.set(key, section);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, section]) => section);
}

function namesOf(section: UciSection): string[] {
  const [uuid, label, device] = ['uuid', 'label', 'device'].map((name) => value(section, name));
  return [
    ...(uuid ? [`UUID=${uuid.toLowerCase()}`] : []),
    ...(label ? [`LABEL=${label}`] : []),
    // Only the last part of the path counts.
    ...(device ? [`/dev/${device.split('/').at(-1)}`] : []),
  ];
}

/** A problem of the file that does not keep it from being used. */
type Tell = (line: number, what: string) => void;

function mountWords(section: UciSection, tell: Tell): Pick<FstabRequest, 'flags' | 'data'> {
  const option = section.options.get('options');
  const words = (option?.value ?? '').split(',').filter((word) => word !== '');
  const unheeded = words.filter((word) => UNHEEDED.includes(word) || !/^[!-~]+$/.test(word));
  if (unheeded.length > 0)
    tell(option!.line, `the mount options ${printableLine(unheeded.join(', '))} are not heeded`);
  const own = words.filter(
    (word) =>
      !Object.hasOwn(FLAG_WORDS, word) && !WITH_ATIME.includes(word) && !unheeded.includes(word),
  );
  const atime = words.some((word) => WITH_ATIME.includes(word));
  return {
    flags: [
      ...(atime ? [] : (['MS_NOATIME'] as const)),
      ...new Set(words.flatMap((word) => FLAG_WORDS[word] ?? [])),
    ],
    data: own.length === 0 ? null : own.join(','),
  };
}

function globals(sections: readonly UciSection[], tell: Tell): number | null {
  let delay: number | null = null;
  for (const section of sections.filter(({ type }) => type === 'global')) {
    delay = uciNumber(value(section, 'delay_root')) ?? delay;
    const check = section.options.get('check_fs');
    if (check !== undefined && (uciNumber(check.value) ?? 0) !== 0)
      tell(check.line, 'check_fs is not heeded: a start runs no fsck');
  }
  return delay === null ? null : Math.min(Math.max(delay, 0), WAIT_AT_MOST_S);
}

/** The file's request; null if it has none. @throws {UciRefused} */
export function requestIn(
  text: string,
  file: string,
  problems: FactsProblem[],
): FstabRequest | null {
  const sections = parseUci(text);
  const tell: Tell = (line, what) => problems.push({ code: 'fstab-line', file, line, what });
  const mounts = mountSections(sections);
  const section =
    mounts.find((each) => value(each, 'target') === '/') ??
    mounts.find((each) => value(each, 'target') === '/overlay');
  if (section === undefined) return null;
  const names = namesOf(section);
  if (names.length === 0) {
    tell(section.line, 'the section for the root names no volume, and is left out');
    return null;
  }
  const check = section.options.get('enabled_fsck');
  if (check !== undefined && (uciNumber(check.value) ?? 0) !== 0)
    tell(check.line, 'enabled_fsck is not heeded: a start runs no fsck');
  return {
    file,
    line: section.line,
    names,
    target: value(section, 'target') === '/' ? 'root' : 'overlay',
    delay: globals(sections, tell),
    ...mountWords(section, tell),
  };
}

/** A file that may have the request, and its text; undefined if it cannot be read. */
export interface FstabFile {
  file: string;
  text: string | null | undefined;
}

/** The request of the first usable file, as `block` looks for it. A broken file stops no boot. */
export function fstabRequest(
  files: Iterable<FstabFile>,
  problems: FactsProblem[],
): FstabRequest | null {
  for (const { file, text } of files) {
    if (text === null || text === undefined || text === '') continue;
    try {
      return requestIn(text, file, problems);
    } catch (error) {
      problems.push({ code: 'fstab-broken', file, why: (error as UciRefused).message });
    }
  }
  return null;
}
