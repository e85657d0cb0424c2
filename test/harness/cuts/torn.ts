/**
 * What a power cut in the middle of one write or erase can leave of it. NOR flash programs words;
 * within a word, and among the words of one buffer, each bit may already have fallen or not. An
 * erase first programs all bits to 0, and then raises them, some sooner than others.
 */
import type { Random } from '../../fixtures/random.js';

/** Two 16-bit chips side by side. */
const WORD = 4;

export interface Tear {
  kind: string;
  content: Buffer;
}

/** The first and the last word that differ, as a range of bytes; null if nothing does. */
export function changedRange(old: Buffer, next: Buffer): { from: number; to: number } | null {
  let from = 0;
  while (from < old.length && old[from] === next[from]) from++;
  if (from === old.length) return null;
  let to = old.length;
  while (old[to - 1] === next[to - 1]) to--;
  return { from: from - (from % WORD), to: Math.min(old.length, Math.ceil(to / WORD) * WORD) };
}

/** Whether a bit goes from 0 to 1, which only an erase does. */
export const rises = (old: Buffer, next: Buffer): boolean =>
  old.some((byte, at) => (next[at]! & ~byte) !== 0);

/** Of the bits that differ, those of the mask have changed already. */
const mixed = (old: number, next: number, mask: number): number =>
  (old & ~mask & 0xff) | (next & mask);

function byWord(
  old: Buffer,
  next: Buffer,
  choose: (word: number) => 'old' | 'next' | 'some',
  random: Random,
): Buffer {
  const content = Buffer.from(old);
  for (let at = 0; at < old.length; at += WORD) {
    const choice = choose(at / WORD);
    if (choice === 'old') continue;
    for (let byte = at; byte < Math.min(at + WORD, old.length); byte++)
      content[byte] = choice === 'next' ? next[byte]! : mixed(old[byte]!, next[byte]!, random(256));
  }
  return content;
}

type Tearing = (old: Buffer, next: Buffer, random: Random) => Buffer;

/** The words are programmed in order, or in any order. */
const PROGRAM: Record<string, Tearing> = {
  'words missing': (old, next, random) => {
    const count = random(Math.ceil(old.length / WORD));
    return byWord(old, next, (word) => (word < count ? 'next' : 'old'), random);
  },
  'word half programmed': (old, next, random) => {
    const last = random(Math.ceil(old.length / WORD));
    const choose = (word: number): 'old' | 'next' | 'some' => {
      if (word === last) return 'some';
      return word < last ? 'next' : 'old';
    };
    return byWord(old, next, choose, random);
  },
  'words scattered': (old, next, random) =>
    byWord(old, next, () => (random(2) === 0 ? 'next' : 'old'), random),
  'last bits missing': (old, next, random) => {
    const content = Buffer.from(next);
    for (let bits = 0; bits < 3; bits++) {
      const at = random(content.length);
      content[at] = mixed(next[at]!, old[at]!, 1 << random(8));
    }
    return content;
  },
};

const ERASE: Record<string, Tearing> = {
  'erase began with zeros': (old, _next, random) => {
    const content = Buffer.from(old);
    content.fill(0, 0, random(old.length));
    return content;
  },
  'erase at zeros': (old) => Buffer.alloc(old.length),
  'erase half way': (old, _next, random) => {
    const content = Buffer.alloc(old.length);
    for (let at = 0; at < content.length; at++) content[at] = random(256);
    return content;
  },
  'erase nearly done': (_old, next, random) => {
    const content = Buffer.from(next);
    for (let bits = 0; bits < 20; bits++) content[random(content.length)]! &= ~(1 << random(8));
    return content;
  },
  'erase of the front only': (old, next, random) => {
    const content = Buffer.from(old);
    next.copy(content, 0, 0, random(old.length));
    return content;
  },
};

/** Each way in which a change of flash can be torn, once. */
export function tearsOf(old: Buffer, next: Buffer, random: Random): Tear[] {
  const ways = rises(old, next) ? ERASE : PROGRAM;
  return Object.entries(ways).map(([kind, tear]) => ({ kind, content: tear(old, next, random) }));
}
