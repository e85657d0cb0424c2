/** Says what is wrong with a state after a power cut. */
import type { Listing, Seen, SeenByAgent } from '../walk.js';

/** A file that must be there, as it is in a listing, once so many writes were made. */
interface Must {
  path: string;
  what: string;
  from: number;
}

/** What a recording promises. Its paths are those on the data volume. */
export interface Promises {
  musts: Must[];
  /**
   * The settings before and after. The agent must end with one of them, and with those after once
   * so many writes were made. null: programs write meanwhile, and only `musts` count.
   */
  either: { before: Listing; after: Listing; from: number } | null;
  /** The journals of boots before the recording, which are kept whole or removed. */
  journals?: Listing;
}

/** Files that each start and each boot's own scripts change. */
const OWN = /^\/(?:\.mountroot|\.fs_state|work|upper\/etc\/boot-count)/;
const FOLDER_MODE = /^40/;

/** The user's files: without folders, and without what the boot itself writes. */
const settingsOf = (listing: Listing): Map<string, string> =>
  new Map([...listing].filter(([path, what]) => !OWN.test(path) && !FOLDER_MODE.test(what)));

/** A file's content and kind, without the attributes that overlay keeps. */
const plain = (what: string | undefined): string =>
  what?.replace(/ (?:trusted|user)\.overlay\.\S+/g, '') ?? 'missing';

function differences(wanted: Listing, found: Listing): string[] {
  const paths = new Set([...wanted.keys(), ...found.keys()]);
  return [...paths]
    .filter((path) => plain(wanted.get(path)) !== plain(found.get(path)))
    .map((path) => `${path} is ${plain(found.get(path))}, not ${plain(wanted.get(path))}`);
}

const lost = (musts: readonly Must[], entries: number, listing: Listing): string[] =>
  musts
    .filter(({ path, what, from }) => from <= entries && plain(listing.get(path)) !== plain(what))
    .map(({ path, what }) => `${path} is ${plain(listing.get(path))}, not ${plain(what)}`);

/** Files that are there and cannot be read. */
const unreadable = (listing: Listing): string[] =>
  [...listing]
    .filter(([path, what]) => path.startsWith('/upper') && / errno=\d+/.test(what))
    .map(([path, what]) => `${path} cannot be read: ${what}`);

const JOURNAL = /^\/\.mountroot\/boots\/\d{8}-[0-9a-f]{8}\.ndjson$/;

/** The journals of a listing. */
export const journalsOf = (listing: Listing): Listing =>
  new Map([...listing].filter(([path]) => JOURNAL.test(path)));

/** Journals that are not whole. */
const tornJournals = (before: Listing, listing: Listing): string[] =>
  [...journalsOf(listing)]
    .filter(([path, what]) => {
      const old = before.get(path);
      return old === undefined ? / size=0 | errno=/.test(what) : plain(old) !== plain(what);
    })
    .map(([path, what]) => `${path} is ${what}, not ${before.get(path) ?? 'a whole journal'}`);

/** What is wrong with a state that was only mounted. */
export function judgeMount(
  { musts, either, journals = new Map() }: Promises,
  entries: number,
  seen: Seen,
): string[] {
  if (seen.mount !== 0 || seen.attach !== 0) return [];
  return [
    ...(seen.write > 0 ? [`it cannot be written: errno ${seen.write}`] : []),
    // What is replaced as a whole is judged after the agent has completed it.
    ...(either === null ? lost(musts, entries, seen.listing) : []),
    ...unreadable(seen.listing),
    ...tornJournals(journals, seen.listing),
  ];
}

function worseRung({ state }: SeenByAgent): string[] {
  if (state?.rung === 'persistent') return [];
  if (state === null) return ['the rung is unknown'];
  const { rung, reason, because = null } = state;
  return [`the rung is ${rung} (${reason})${because === null ? '' : `: ${because}`}`];
}

/** What is wrong with a state on which the agent's start and done ran. */
export function judgeAgent(
  { musts, either, journals = new Map() }: Promises,
  entries: number,
  seen: SeenByAgent,
): string[] {
  const wrong = [
    ...(seen.start === 0 || seen.start === 3 ? [] : [`start ended with ${seen.start}`]),
    ...(seen.done === 0 ? [] : [`done ended with ${seen.done}: ${seen.said ?? ''}`]),
    ...worseRung(seen),
    ...lost(musts, entries, seen.listing),
    ...unreadable(seen.listing),
    ...tornJournals(journals, seen.listing),
  ];
  if (either === null) return wrong;
  const found = settingsOf(seen.listing);
  const fromOld = differences(settingsOf(either.before), found);
  const fromNew = differences(settingsOf(either.after), found);
  if (fromNew.length > 0 && (fromOld.length > 0 || entries >= either.from))
    wrong.push(...fromNew.slice(0, 5));
  return wrong;
}
