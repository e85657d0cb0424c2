/** Records one scene, and tries every state that a cut in it can leave. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Check, Seen, SeenByAgent } from '../walk.js';
import { journalsOf, judgeAgent, judgeMount, type Promises } from './judge.js';
import { stepAt, type Recording } from './recording.js';
import type { Scene } from './scenes.js';
import type { CutState, HowToCut } from './states.js';
import { Trial, recordScene, sample, sampleByClass } from './trial.js';
import { makeVolume, type Kind } from './volume.js';
import { acknowledgedFiles } from './writers.js';

export interface HowToTry extends HowToCut {
  /** Most states that are mounted, of each step and kind of cut as many; all if it is not given. */
  mounts?: number;
  /**
   * Most states on which the agent runs, of those that are distinct. Those in which the kernel
   * mounted nothing come first.
   */
  agents: number;
  /** Most states on which a whole board boots: one of each step and kind of cut. */
  boots: number;
  /** A folder for the content of the medium in each state with a fault. */
  keep?: string;
  /** Is told what comes next. */
  progress?: (what: string) => void;
}

interface Fault {
  id: number;
  kind: string;
  /** The last complete step. */
  step: string;
  entries: number;
  by: 'mount' | 'agent' | 'boot';
  wrong: string[];
}

export interface SceneResult {
  scene: string;
  volume: Kind;
  /** Writes and erases that reached the medium. */
  entries: number;
  /** Files that were acknowledged as synced. */
  synced: number;
  /** All states, how many of them are whole prefixes, and on how many the kernel was tried. */
  states: number;
  prefixes: number;
  mounted: number;
  /** States in which the kernel mounted nothing. */
  unmountable: number;
  /** States that differ in what the kernel shows. */
  distinct: number;
  /** States on which the agent's start and done ran. */
  agents: number;
  /** Kinds of cut at each step, and whole boots. */
  classes: number;
  boots: number;
  /** States that this kernel refuses until e2fsck has repaired them. */
  repaired: number;
  faults: Fault[];
}

const isBare = ({ attach, mount }: Seen): boolean => attach !== 0 || mount !== 0;

/** What is the same for the agent is tried once: what the kernel shows, and how the mount ended. */
function keyOf({ kind, entries }: CutState, seen: Seen, recording: Recording): string {
  const listing = [...seen.listing].map((pair) => pair.join(' ')).sort();
  const failed = isBare(seen) ? `${kind} ${stepAt(recording, entries)}` : '';
  return createHash('sha256')
    .update(JSON.stringify([seen.attach, seen.mount, failed, listing]))
    .digest('hex');
}

const acknowledgedAt = ({ acknowledged }: Scene, { lines }: Recording): number => {
  if (acknowledged === null) return Infinity;
  if (acknowledged === 'before') return 0;
  const line = lines.find(({ text }) => acknowledged.test(text));
  if (line === undefined) throw new Error(`the console never said ${acknowledged}`);
  return line.at;
};

/** Whole prefixes are written to, and of the torn states some: that takes ten times longer. */
const WRITTEN_ONE_IN = 8;
const howToMount = ({ id, kind }: Pick<CutState, 'id' | 'kind'>): Check =>
  kind === 'whole' || id % WRITTEN_ONE_IN === 0 ? 'write' : 'look';

function promisesOf(scene: Scene, recording: Recording, agents: readonly SeenByAgent[]): Promises {
  const musts = acknowledgedFiles(recording.lines);
  if (scene.writes) return { musts, either: null };
  const [first, last] = [agents[0]!, agents.at(-1)!];
  const from = acknowledgedAt(scene, recording);
  return { musts, either: { before: first.listing, after: last.listing, from } };
}

/** Writes the medium of each state with a fault, for a fixture. */
function keepFaults(trial: Trial, faults: readonly Fault[], name: string): void {
  mkdirSync(dirname(name), { recursive: true });
  const ids = [...new Set(faults.map(({ id }) => id))].sort((a, b) => a - b);
  for (const [index, content] of trial.contents(new Set(ids)).entries())
    writeFileSync(`${name} ${ids[index]}.img.gz`, gzipSync(content));
}

/** Tries every cut of one scene. @throws {Error} when the scene itself does not work. */
export async function tryScene(scene: Scene, kind: Kind, how: HowToTry): Promise<SceneResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-cuts-'));
  try {
    const volume = makeVolume(kind, folder, scene.marked === true);
    const recording = await recordScene(scene, volume);
    const trial = new Trial(volume, recording, how, folder);
    const states = [...trial.states()].map((state) => ({ ...state, changes: [] }));
    const classOf = ({ kind: way, entries }: CutState): string =>
      `${stepAt(recording, entries)} ${way}`;
    const tried = sampleByClass(states, classOf, how.mounts ?? Infinity, how.seed);
    const triedIds = new Set(tried.map(({ id }) => id));
    how.progress?.(
      `${recording.log.length} entries, ${tried.length} of ${states.length} states to mount`,
    );
    const byId = new Map<number, CutState>(states.map((state) => [state.id, state]));
    const { mounts } = await trial.walk((state) =>
      triedIds.has(state.id) ? howToMount(state) : null,
    );
    const keys = new Map<string, number>();
    for (const seen of mounts) {
      const key = keyOf(byId.get(seen.id)!, seen, recording);
      if (!keys.has(key)) keys.set(key, seen.id);
    }
    const last = tried.at(-1)!.id;
    const distinct = [...new Set([...keys.values(), last])].sort((a, b) => a - b);
    const bare = new Set(mounts.filter(isBare).map(({ id }) => id));
    const first = distinct.filter((id) => bare.has(id)).slice(0, how.agents);
    const chosen = new Set([
      ...first,
      ...sample(distinct, Math.max(2, how.agents - first.length), how.seed),
    ]);
    how.progress?.(`${distinct.length} states differ; the agent runs on ${chosen.size}`);
    const { agents, repaired } = await trial.runAgent(chosen);
    const promises = {
      ...promisesOf(scene, recording, agents),
      journals: journalsOf(mounts[0]!.listing),
    };
    const classes = new Map(states.map((state) => [classOf(state), state.id]));
    const boots = await trial.boot(
      sample([...classes.values()], how.boots, how.seed).sort((a, b) => a - b),
    );
    const faults: Fault[] = [];
    const note = (id: number, by: Fault['by'], wrong: string[]): void => {
      const { kind: way, entries } = byId.get(id)!;
      if (wrong.length > 0)
        faults.push({ id, kind: way, step: stepAt(recording, entries), entries, by, wrong });
    };
    for (const seen of mounts)
      note(seen.id, 'mount', judgeMount(promises, byId.get(seen.id)!.entries, seen));
    for (const seen of agents)
      note(seen.id, 'agent', judgeAgent(promises, byId.get(seen.id)!.entries, seen));
    for (const seen of boots)
      note(seen.id, 'boot', judgeAgent(promises, byId.get(seen.id)!.entries, seen));
    if (how.keep !== undefined) keepFaults(trial, faults, join(how.keep, `${kind} ${scene.name}`));
    return {
      scene: scene.name,
      volume: kind,
      entries: recording.log.filter(({ data, discard }) => data !== null || discard).length,
      synced: promises.musts.length,
      states: states.length,
      mounted: mounts.length,
      prefixes: states.filter((state) => state.kind === 'whole').length,
      unmountable: bare.size,
      distinct: keys.size,
      agents: agents.length,
      classes: classes.size,
      boots: boots.length,
      repaired: repaired.length,
      faults,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
