/** A recording with all states that a cut can leave, and the boards that try them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../fixtures/random.js';
import { makeBench } from '../board.js';
import { walk, type Check, type SeenByAgent, type Walked } from '../walk.js';
import { record, type Recording } from './recording.js';
import type { Scene } from './scenes.js';
import { TORN, diskStates, flashStates, type CutState, type HowToCut } from './states.js';
import { copyOf, type DataVolume } from './volume.js';
import { bootState } from '../records.js';

/** Records a scene on a new board. */
export async function recordScene(scene: Scene, volume: DataVolume): Promise<Recording> {
  const { place } = volume;
  const bench = await makeBench({ data: volume.chip });
  try {
    if (scene.prepare !== undefined) {
      const machine = await bench.bootToInit({
        append: place.append,
        disks: place.disk === null ? [] : [place.disk],
      });
      await scene.prepare(machine);
      await machine.powerOff();
    }
    return await record(bench, place, scene);
  } finally {
    await bench.clear();
  }
}

/** What `e2fsck -y` makes of a disk. @throws {Error} if it cannot repair it. */
export function repairedDisk(content: Buffer, folder: string): Buffer {
  const file = join(folder, 'repaired.img');
  writeFileSync(file, content);
  const { status, stdout } = spawnSync('/sbin/e2fsck', ['-y', file], { encoding: 'utf8' });
  if (status !== 0 && status !== 1) throw new Error(`e2fsck ended with ${status}: ${stdout}`);
  return readFileSync(file);
}

/**
 * ext4 takes it for granted that a disk writes a block as a whole. A superblock of which only some
 * sectors arrived has no valid checksum (EBADMSG). jbd2 refuses a journal whose last commit block
 * arrived in part (EUCLEAN; "jbd2: avoid mount failed when commit block is partial submitted"
 * mends it in Linux 6.12). A start leaves such a volume alone.
 */
const isRefused = ({ state }: SeenByAgent): boolean =>
  state?.reason === 'mount-failed' && /EUCLEAN|EBADMSG/.test(state.because ?? '');

export class Trial {
  constructor(
    private readonly volume: DataVolume,
    private readonly recording: Recording,
    private readonly how: HowToCut,
    private readonly folder: string,
  ) {}

  *states(): Generator<CutState> {
    const { before, log } = this.recording;
    const content = before.subarray(0, this.volume.medium.size);
    yield* this.volume.place.disk === null
      ? flashStates(content, log, this.how)
      : diskStates(content, log, this.how);
  }

  /** Walks through all states, and checks those that are chosen. */
  async walk(choose: (state: CutState) => Check | null): Promise<Walked> {
    const { place, medium } = this.volume;
    const { before } = this.recording;
    const disk = copyOf(this.volume, before, this.folder);
    const content = disk === undefined ? { chip: before } : { disk };
    return walk(medium, { ...content, append: place.append }, (stream) => {
      for (const state of this.states()) {
        for (const { offset, data } of state.changes) stream.write(offset, data);
        const check = choose(state);
        if (check !== null) stream.check(state.id, check);
      }
    });
  }

  /** The content of the medium in the states that are chosen, in their order. */
  contents(chosen: ReadonlySet<number>): Buffer[] {
    const image = Buffer.from(this.recording.before);
    const found: Buffer[] = [];
    for (const { id, changes } of this.states()) {
      for (const { offset, data } of changes) data.copy(image, offset);
      if (chosen.has(id)) found.push(Buffer.from(image));
    }
    return found;
  }

  /**
   * Lets start and done run on the states that are chosen. What the kernel refuses because a block
   * arrived in part is repaired by e2fsck, and they run after that.
   */
  async runAgent(
    chosen: ReadonlySet<number>,
  ): Promise<{ agents: SeenByAgent[]; repaired: number[] }> {
    const torn = new Set<number>();
    const { agents } = await this.walk(({ id, kind }) => {
      if (kind === TORN) torn.add(id);
      return chosen.has(id) ? 'agent' : null;
    });
    const repaired = agents
      .filter((seen) => this.volume.kind === 'ext4' && torn.has(seen.id) && isRefused(seen))
      .map(({ id }) => id);
    const again = new Map((await this.repair(repaired)).map((seen) => [seen.id, seen]));
    return { agents: agents.map((seen) => again.get(seen.id) ?? seen), repaired };
  }

  private async repair(ids: readonly number[]): Promise<SeenByAgent[]> {
    if (ids.length === 0) return [];
    const contents = this.contents(new Set(ids)).map((content) =>
      repairedDisk(content, this.folder),
    );
    const { place, medium } = this.volume;
    const disk = copyOf(this.volume, contents[0]!, this.folder)!;
    const { agents } = await walk(medium, { disk, append: place.append }, (stream) => {
      for (const [index, id] of ids.entries()) {
        stream.write(0, contents[index]!);
        stream.check(id, 'agent');
      }
    });
    return agents;
  }

  /**
   * Boots a whole board on each of the states, and says what became of it as for the agent alone.
   */
  async boot(ids: readonly number[]): Promise<SeenByAgent[]> {
    const { place, medium } = this.volume;
    const seen: SeenByAgent[] = [];
    const contents = this.contents(new Set(ids));
    const after: Buffer[] = [];
    for (const [index, id] of ids.entries()) {
      const booted = await this.bootOnce(id, contents[index]!);
      seen.push(booted.seen);
      after.push(booted.content);
    }
    if (after.length === 0) return [];
    const disk = copyOf(this.volume, after[0]!, this.folder);
    const content = disk === undefined ? { chip: after[0]! } : { disk };
    const { mounts } = await walk(medium, { ...content, append: place.append }, (stream) => {
      for (const [index, id] of ids.entries()) {
        stream.write(0, after[index]!.subarray(0, medium.size));
        stream.check(id, 'look');
      }
    });
    return seen.map((each, index) => ({ ...each, listing: mounts[index]!.listing }));
  }

  private async bootOnce(
    id: number,
    state: Buffer,
  ): Promise<{ seen: SeenByAgent; content: Buffer }> {
    const { place } = this.volume;
    const begun = Date.now();
    const disk = copyOf(this.volume, state, this.folder);
    const bench = await makeBench({ data: disk === undefined ? state : this.volume.chip });
    try {
      const machine = await bench.bootToInit(
        { append: place.append, disks: disk === undefined ? [] : [disk], timeLimitMs: 600_000 },
        /init: ready/,
      );
      const [, done] = await machine.waitFor(/init: done, status (\d+)/, 600_000);
      const state = await bootState(machine);
      await machine.kill();
      const start = /mount_root made the next best root/.test(machine.console) ? 3 : 0;
      const seen: SeenByAgent = {
        id,
        start: /mount_root failed with status/.test(machine.console) ? 1 : start,
        done: Number(done),
        milliseconds: Date.now() - begun,
        state,
        said: null,
        listing: new Map(),
      };
      return { seen, content: readFileSync(disk ?? bench.flash.at(-1)!) };
    } finally {
      await bench.clear();
    }
  }
}

/** Chooses some of a list, evenly mixed, always the first and the last. */
export function sample<T>(all: readonly T[], count: number, seed: number): T[] {
  if (count === 0) return [];
  if (all.length <= count) return [...all];
  const chance = random(seed);
  const inner = all.slice(1, -1);
  const chosen = [all[0]!, all.at(-1)!];
  while (chosen.length < count) chosen.push(inner.splice(chance(inner.length), 1)[0]!);
  return chosen;
}

/**
 * Chooses some of a list, from each class as many as from the others if it has so many; always the
 * first and the last.
 */
export function sampleByClass<T extends object>(
  all: readonly T[],
  classOf: (each: T) => string,
  count: number,
  seed: number,
): T[] {
  if (all.length <= count) return [...all];
  const chance = random(seed);
  const classes = new Map<string, T[]>();
  for (const each of all.slice(1, -1)) {
    const key = classOf(each);
    classes.set(key, [...(classes.get(key) ?? []), each]);
  }
  const chosen = new Set([all[0]!, all.at(-1)!]);
  while (chosen.size < count)
    for (const left of classes.values())
      if (left.length > 0 && chosen.size < count)
        chosen.add(left.splice(chance(left.length), 1)[0]!);
  return all.filter((each) => chosen.has(each));
}
