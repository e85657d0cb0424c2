/** The scripts of a running system that call mountroot. */
import { basename } from 'node:path';
import { commandLineWords } from '../../facts/cmdline.js';
import { ENABLED, PREINITS, isWay } from '../../facts/installation.js';
import type { Facts } from '../../facts/facts.js';
import { orElse } from '../../system/or-else.js';
import type { Reader } from '../../system/port.js';
import { smallText, tryRead, type LiveRead } from './live-read.js';

/** A script, and how it calls mountroot. */
export interface Script {
  path: string;
  /** Its lines that name mount_root or mountroot, without comments. */
  calls: string[];
  /** It is a symlink to this file, which is mountroot. */
  leadsTo?: string;
  /** It is no script, so its calls do not show. */
  program?: true;
}

export interface DoneCallers {
  /** The scripts that call `done`. */
  doneCallers: string[];
  /** How many scripts could not be read; left out if all were. */
  scriptsUnread?: number;
}

export interface FoundProgram {
  /** The mount_root that a preinit finds, and the file that it leads to. */
  program: { path: string; target: string } | null;
  /** Why it is not known whether there is one; left out if it is. */
  programTrouble?: string;
}

const CALL_OF_DONE = /(?:mount_root|mountroot)(?:\.cjs)?["']?\s+done\b/;
const CALL = /(?:^|[^\w-])(?:mount_root|mountroot)\b/;

const isProgram = (content: string): boolean => content.includes('\0');

/** The lines of a script that call mountroot. A binary program has none. */
const callsIn = (content: string): string[] =>
  isProgram(content)
    ? []
    : content
        .split('\n')
        .filter((line) => !/^\s*#/.test(line) && CALL.test(line))
        .map((line) => line.trim());

/** The text of a script; null for a program. @throws {Error} if it cannot be read. */
function scriptText(reader: Reader, path: string): string | null {
  // A program may be larger than a script can be.
  if (Buffer.from(reader.readBytes(path, 0, 4)).toString('latin1') === '\x7fELF') return null;
  const content = smallText(reader, path);
  return isProgram(content) ? null : content;
}

/** Reads a script. Its symlinks are followed below `top`, where the image is mounted. */
function script(reader: Reader, top: string, path: string): LiveRead<Script> {
  return tryRead(() => {
    let at = path;
    for (let links = 0; links < 8 && reader.kind(`${top}${at}`) === 'symlink'; links++) {
      const to = reader.readLink(`${top}${at}`);
      at = to.startsWith('/') ? to : `${at.slice(0, at.lastIndexOf('/'))}/${to}`;
      if (/^mountroot(?:\.cjs|-cli\.cjs)?$/.test(basename(at)) || at.endsWith('/mountroot/launch'))
        return { path, calls: [], leadsTo: at };
    }
    const content = scriptText(reader, `${top}${at}`);
    return content === null
      ? { path, calls: [], program: true as const }
      : { path, calls: callsIn(content) };
  });
}

/** The program that an initramfs starts because of `mountroot enable`; null without it. */
function enabledProgram(reader: Reader, top: string): string | null {
  const way = orElse('', () => smallText(reader, `${top}${ENABLED}`)).split('\n')[0];
  return isWay(way) ? PREINITS[way] : null;
}

/** OpenWrt's preinit calls the scripts in this folder. */
const PARTS = '/lib/preinit';

/** The programs that the kernel may run first, and the scripts of those that are there. */
export function preinitOf(
  reader: Reader,
  top: string,
  { kernel, handover }: Facts,
): { wanted: string[]; found: LiveRead<Script>[] } {
  const { words } = commandLineWords(kernel.commandLine);
  const named = (name: string): string[] =>
    words.flatMap((word) =>
      word.name === name && word.value?.startsWith('/') ? [word.value] : [],
    );
  const enabled = handover?.ramfs ? null : enabledProgram(reader, top);
  const usual = enabled ?? '/etc/preinit';
  const wanted = handover?.ramfs
    ? [...named('rdinit'), '/init'].slice(0, 1)
    : [...new Set([...named('init').slice(-1), usual])];
  const parts = orElse([], () => reader.list(`${top}${PARTS}`)).map((name) => `${PARTS}/${name}`);
  const there = [...wanted, ...parts].filter(
    (path) => orElse(null, () => reader.kind(`${top}${path}`)) !== 'missing',
  );
  return { wanted, found: there.map((path) => script(reader, top, path)) };
}

/** Where busybox init, OpenWrt and systemd keep the scripts that run late in a boot. */
const LATE = [
  '/etc/init.d',
  '/etc/rc.d',
  '/etc/rcS.d',
  '/etc/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const LATE_FILES = ['/etc/rc.local', '/etc/inittab', '/etc/profile'];
/** A board would need a minute for a thousand units. */
const MOST_SCRIPTS = 600;

/** The scripts that call `mount_root done`, and how many could not be read. */
export function doneCallers(reader: Reader): DoneCallers {
  const files = [
    ...LATE_FILES,
    ...LATE.flatMap((folder) =>
      orElse([], () => reader.list(folder)).map((name) => `${folder}/${name}`),
    ),
  ].slice(0, MOST_SCRIPTS);
  let unread = 0;
  const calls = (path: string): boolean =>
    reader.kind(path) === 'file' &&
    callsIn(smallText(reader, path)).some((line) => CALL_OF_DONE.test(line));
  const callers = files.filter((path) => {
    const found = tryRead(() => calls(path));
    if ('trouble' in found) unread++;
    return 'value' in found && found.value;
  });
  return { doneCallers: callers, ...(unread > 0 && { scriptsUnread: unread }) };
}

const NAMES = [
  '/sbin/mount_root',
  '/usr/sbin/mount_root',
  '/bin/mount_root',
  '/usr/bin/mount_root',
];

/** The first mount_root on the path, and the file that it leads to, or why that is not known. */
export function programOf(reader: Reader): FoundProgram {
  let programTrouble: string | undefined;
  for (const path of NAMES) {
    const found = tryRead(() => (reader.kind(path) === 'missing' ? null : reader.realPath(path)));
    if ('trouble' in found) programTrouble ??= found.trouble;
    else if (found.value !== null) return { program: { path, target: found.value } };
  }
  return { program: null, ...(programTrouble !== undefined && { programTrouble }) };
}
