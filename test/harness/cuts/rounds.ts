/**
 * Power cuts that nobody announces, one after the other on the same medium. Programs write and sync
 * files; the cut is behind any write or within it, and the board goes on from what is left. The
 * board counts instructions, so the place of a cut is the same in each run with the same seed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random, type Random } from '../../fixtures/random.js';
import { makeBench } from '../board.js';
import type { Listing } from '../walk.js';
import { judgeAgent, judgeMount } from './judge.js';
import { record, stepAt, type Recording } from './recording.js';
import { Trial, repairedDisk } from './trial.js';
import { makeVolume, type DataVolume, type Kind } from './volume.js';
import { ALL_WRITTEN, acknowledgedFiles, filesOf, writers } from './writers.js';

const NOTHING = 'missing';
const OVERLAY_ATTRIBUTES = / (?:trusted|user)\.overlay\.\S+/g;

/** What each file may be: before a round one of these, and meanwhile also what the round writes. */
type Allowed = ReadonlyMap<string, ReadonlySet<string>>;

/** What is allowed after a cut: what was acknowledged, or else the old file or the new one. */
export function allowedAfter(
  before: Allowed,
  round: number,
  { lines }: Pick<Recording, 'lines'>,
  entries: number,
): Map<string, ReadonlySet<string>> {
  const sure = new Set(
    acknowledgedFiles(lines)
      .filter(({ from }) => from <= entries)
      .map(({ path }) => path),
  );
  return new Map(
    filesOf(round).map(({ path, what }) => [
      path,
      sure.has(path) ? new Set([what]) : new Set([...(before.get(path) ?? [NOTHING]), what]),
    ]),
  );
}

/** The files that are not as they may be. */
export const notAllowed = (allowed: Allowed, listing: Listing): string[] =>
  [...allowed].flatMap(([path, values]) => {
    const found = listing.get(path)?.replace(OVERLAY_ATTRIBUTES, '') ?? NOTHING;
    return values.has(found) ? [] : [`${path} is ${found}, not ${[...values].join(' or ')}`];
  });

export interface UnannouncedCut {
  volume: Kind;
  round: number;
  entries: number;
  kind: string;
  step: string;
  /** Whether the agent's start and done ran on what was left. Otherwise it was only mounted. */
  agent: boolean;
  /** Files of this round that were acknowledged before the cut. */
  synced: number;
  wrong: string[];
}

export interface HowToRepeat {
  seed: number;
  cuts: number;
  /** So many cuts are tried of what is written in one boot. The next boot goes on from the last. */
  perBoot: number;
  /** On so many of them the agent runs. */
  agentsPerBoot: number;
  /** No boot begins after this time, as Date.now() counts. */
  end?: number;
}

/** One medium on its way through all cuts. */
class Rounds {
  private allowed: Allowed = new Map();
  private content: Buffer | null = null;
  private readonly chance: Random;

  constructor(
    private readonly volume: DataVolume,
    private readonly folder: string,
    private readonly seed: number,
  ) {
    this.chance = random(seed);
  }

  private async recorded(round: number): Promise<Recording> {
    const { place, chip } = this.volume;
    if (place.disk !== null && this.content !== null) writeFileSync(place.disk, this.content);
    const data = place.disk === null ? (this.content ?? chip) : chip;
    const bench = await makeBench({ data });
    try {
      return await record(bench, place, {
        during: async (machine) => {
          await machine.run(writers(round));
          await machine.waitFor(ALL_WRITTEN, 600_000);
        },
      });
    } finally {
      await bench.clear();
    }
  }

  async round(number: number, cuts: number, agentsPerBoot: number): Promise<UnannouncedCut[]> {
    const recording = await this.recorded(number);
    const how = { seed: this.seed + number, tears: 1 };
    const trial = new Trial(this.volume, recording, how, this.folder);
    const states = [...trial.states()].map(({ id, kind, entries }) => ({ id, kind, entries }));
    const chosen = new Set<number>();
    while (chosen.size < Math.min(cuts, states.length)) chosen.add(this.chance(states.length));
    const { mounts } = await trial.walk(({ id }) => (chosen.has(id) ? 'write' : null));
    // The agent is slow: it runs on some, and on each that the kernel does not mount.
    const unmounted = mounts.filter(({ attach, mount }) => attach !== 0 || mount !== 0);
    const tried = new Set([
      ...[...chosen].slice(0, agentsPerBoot),
      ...unmounted.map(({ id }) => id),
    ]);
    const { agents, repaired } = await trial.runAgent(tried);
    const byAgent = new Map(agents.map((seen) => [seen.id, seen]));
    const promises = { musts: [], either: null };
    const results = mounts.map((mounted): UnannouncedCut => {
      const { kind, entries } = states[mounted.id]!;
      const allowed = allowedAfter(this.allowed, number, recording, entries);
      const seen = byAgent.get(mounted.id);
      const wrong = [
        ...judgeMount(promises, entries, mounted),
        ...(seen === undefined ? [] : judgeAgent(promises, entries, seen)),
        ...notAllowed(allowed, (seen ?? mounted).listing),
      ];
      const synced = acknowledgedFiles(recording.lines).filter(({ from }) => from <= entries);
      const step = stepAt(recording, entries);
      return {
        volume: this.volume.kind,
        round: number,
        entries,
        kind,
        step,
        agent: seen !== undefined,
        synced: synced.length,
        wrong,
      };
    });
    const next = [...chosen][this.chance(chosen.size)]!;
    const content = trial.contents(new Set([next]))[0]!;
    this.content = repaired.includes(next) ? repairedDisk(content, this.folder) : content;
    this.allowed = allowedAfter(this.allowed, number, recording, states[next]!.entries);
    return results;
  }
}

/** Cuts the power of one medium again and again. */
export async function* unannounced(
  kind: Kind,
  { seed, cuts, perBoot, agentsPerBoot, end = Infinity }: HowToRepeat,
): AsyncGenerator<UnannouncedCut> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-rounds-'));
  try {
    const rounds = new Rounds(makeVolume(kind, folder, false), folder, seed);
    let left = cuts;
    for (let round = 1; left > 0 && Date.now() < end; round++)
      for (const cut of await rounds.round(round, Math.min(perBoot, left), agentsPerBoot)) {
        left--;
        yield cut;
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
