import { BOOT_FILE, BOOTS, DATA, JOURNAL, META, STAGING } from '../facts/places.js';
import { ownText } from '../facts/own-files.js';
import type { System } from '../system/port.js';
import type { StepKind } from './step-kind.js';

/** Copies the present journal of this boot to a data volume. */
interface KeepJournal {
  /** The mountpoint of the volume. */
  at: string;
  /** The number of boots whose journals stay there. */
  most: number;
}

/** The number of characters to keep of one boot's journal. */
const LONGEST = 65_536;

/**
 * The mountpoint of the volume with our folder. With an external overlay the internal volume stays
 * at its first mountpoint.
 */
const volumeAt = (system: System): string | null =>
  [STAGING, DATA].find((at) => system.kind(`${at}/${META}`) === 'directory') ?? null;

/** Shortens a journal that is too long to its beginning and its end, in whole lines. */
function bounded(text: string): string {
  if (text.length <= LONGEST) return text;
  const half = LONGEST / 2;
  const head = text.slice(0, half);
  const tail = text.slice(-half);
  return head.slice(0, head.lastIndexOf('\n') + 1) + tail.slice(tail.indexOf('\n') + 1);
}

/** The journal of this boot so far, and the kernel's id of this boot (random(4)). */
export const thisBoot = (system: System): { journal: string; id: string } => ({
  journal: ownText(system, JOURNAL),
  id: system.readText('/proc/sys/kernel/random/boot_id'),
});

/**
 * Keeps the journals of this boot and of earlier boots on the data volume, at most `most` in all.
 * Each boot has one file, which is replaced whole, so a power cut leaves either the old one or the
 * new one. A number in the file's name gives the order, because a board without a clock cannot
 * order them by time.
 */
export function keepBoot(
  system: System,
  boot: { journal: string; id: string },
  most: number,
  at: string | null = volumeAt(system),
): void {
  if (at === null || most === 0) return;
  const folder = `${at}/${BOOTS}`;
  if (system.kind(folder) === 'missing') system.mkdir(folder, 0o755);
  const names = system.list(folder).filter((name) => BOOT_FILE.test(name));
  const id = boot.id.trim().slice(0, 8);
  const mine = names.find((name) => BOOT_FILE.exec(name)?.[2] === id);
  const next = Number(BOOT_FILE.exec(names.at(-1) ?? '')?.[1] ?? 0) + 1;
  const name = mine ?? `${String(next).padStart(8, '0')}-${id}.ndjson`;
  system.replace(`${folder}/${name}`, bounded(boot.journal), 0o644);
  const others = names.filter((each) => each !== mine);
  for (const old of others.slice(0, Math.max(0, others.length - (most - 1))))
    system.unlink(`${folder}/${old}`);
}

export const keepJournal: StepKind<KeepJournal> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ at, most }, system) => {
    keepBoot(system, thisBoot(system), most, at);
    return true;
  },
  busy: null,
  shownAs: 'one call',
  shell: () => ':',
};
