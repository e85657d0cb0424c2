import { BOOTS, DATA, META, STAGING } from '../facts/places.js';
import type { System } from '../system/port.js';

/** A journal that goes on for ever is no journal: what is kept of one boot, in characters. */
const LONGEST = 65_536;

const NAME = /^(\d{8})-([\w-]{8})\.ndjson$/;

/**
 * Where the volume with our folder is: beside an external overlay the internal volume stands on its
 * first place.
 */
const volumeAt = (system: System): string | null =>
  [STAGING, DATA].find((at) => system.kind(`${at}/${META}`) === 'directory') ?? null;

/** Of a journal that is too long, its beginning and its end, in whole lines. */
function bounded(text: string): string {
  if (text.length <= LONGEST) return text;
  const half = LONGEST / 2;
  const head = text.slice(0, half);
  const tail = text.slice(-half);
  return head.slice(0, head.lastIndexOf('\n') + 1) + tail.slice(tail.indexOf('\n') + 1);
}

/**
 * Keeps the journal of this boot on the data volume, and of the boots before as many as `most`. One
 * file a boot, each replaced whole, so a power cut leaves each as it was or as it shall be. A
 * number in the name tells their order, for a board without a clock has no times to tell it.
 * @param boot the kernel's boot id (random(4)): the same in all of one boot.
 */
export function keepBoot(
  system: System,
  text: string,
  boot: string,
  most: number,
  at: string | null = volumeAt(system),
): void {
  if (at === null || most === 0) return;
  const folder = `${at}/${BOOTS}`;
  if (system.kind(folder) === 'missing') system.mkdir(folder, 0o755);
  const names = system.list(folder).filter((name) => NAME.test(name));
  const id = boot.trim().slice(0, 8);
  const mine = names.find((name) => NAME.exec(name)?.[2] === id);
  const next = Number(NAME.exec(names.at(-1) ?? '')?.[1] ?? 0) + 1;
  system.replace(
    `${folder}/${mine ?? `${String(next).padStart(8, '0')}-${id}.ndjson`}`,
    bounded(text),
    0o644,
  );
  const others = names.filter((name) => name !== mine);
  for (const name of others.slice(0, Math.max(0, others.length - (most - 1))))
    system.unlink(`${folder}/${name}`);
}
