/**
 * `npm run test:powercut -- --rounds N [--seed S] [--minutes N] [--first script]`: pulls the plug
 * of an emulated board N times and prints, by kind of cut, what became of it. With `--unannounced
 * [--volume TYPE]` the cuts are at any write of several programs, or within it, on each type of
 * volume. When the minutes are over, no further round begins.
 */
import { parseArgs } from 'node:util';
import { unannounced, type UnannouncedCut } from './harness/cuts/rounds.js';
import { KINDS, type Kind } from './harness/cuts/volume.js';
import { makeBench, type First } from './harness/board.js';
import { PowerCuts, SCENES, type Cut, type Result, type Scene } from './harness/powercut.js';
import { random } from './fixtures/random.js';
import { Failure, main, say } from '../scripts/lib/report.js';

interface Asked {
  count: number;
  seed: number;
  first: First;
  /** No round begins after this time. */
  minutes: number;
  /** Types of volumes for unannounced cuts; null: cuts at milestones. */
  volumes: Kind[] | null;
}

function rounds(): Asked {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: 'agent' },
      minutes: { type: 'string' },
      unannounced: { type: 'boolean', default: false },
      volume: { type: 'string', multiple: true, default: ['jffs2', 'ubifs', 'ext4'] },
    },
  });
  const [count, seed] = [Number(values.rounds), Number(values.seed)];
  const minutes = Number(values.minutes ?? Infinity);
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed))
    throw new Failure(
      '--rounds and --seed take whole numbers; `npm run test:powercut -- --rounds 100`',
    );
  if (!(minutes > 0)) throw new Failure('--minutes takes a number');
  if (values.first !== 'agent' && values.first !== 'script')
    throw new Failure('--first takes agent or script: who makes the root');
  const volumes = KINDS.filter((kind) => values.volume.includes(kind));
  if (volumes.length < values.volume.length)
    throw new Failure(`--volume takes ${KINDS.join(', ')}`);
  return {
    count,
    seed,
    minutes,
    first: values.first,
    volumes: values.unannounced ? volumes : null,
  };
}

/** So many cuts are tried of what one boot wrote, and the agent runs on so many of them. */
const CUTS_PER_BOOT = 30;
const AGENTS_PER_BOOT = 6;

function unannouncedTable(volumes: readonly Kind[], cuts: readonly UnannouncedCut[]): string {
  const head = ['volume', 'boots', 'cuts', 'within a write', 'agent ran', 'files synced', 'wrong'];
  const rows = volumes.map((volume) => {
    const of = cuts.filter((cut) => cut.volume === volume);
    return [
      volume,
      new Set(of.map(({ round }) => round)).size,
      of.length,
      of.filter(({ kind }) => kind !== 'whole').length,
      of.filter(({ agent }) => agent).length,
      of.reduce((sum, { synced }) => sum + synced, 0),
      of.filter(({ wrong }) => wrong.length > 0).length,
    ].map(String);
  });
  return lines([head, ...rows]);
}

const MINUTE_MS = 60_000;

const sayTried = (tried: number, of: number, what: string): void => {
  if (tried < of) say(`the time was over: ${tried} of ${of} ${what} were tried`);
};

async function cutUnannounced(
  { count, seed, minutes }: Asked,
  volumes: readonly Kind[],
): Promise<number> {
  const cuts: UnannouncedCut[] = [];
  const begun = Date.now();
  for (const [index, volume] of volumes.entries()) {
    // The rounds and the time are shared out among the volumes.
    const share = Math.floor((count + index) / volumes.length);
    const end = begun + (minutes * MINUTE_MS * (index + 1)) / volumes.length;
    const each = { perBoot: CUTS_PER_BOOT, agentsPerBoot: AGENTS_PER_BOOT };
    const how = { seed, cuts: share, ...each, end };
    let tried = 0;
    for await (const cut of unannounced(volume, how)) {
      tried++;
      cuts.push(cut);
      if (cut.wrong.length > 0)
        say(
          `${volume}, boot ${cut.round}, behind write ${cut.entries} (${cut.kind}, after ` +
            `${cut.step}): ${cut.wrong.join('; ')}`,
        );
    }
    say(`${volume}: ${tried} cuts`);
    sayTried(tried, share, `cuts on ${volume}`);
  }
  process.stdout.write(`${unannouncedTable(volumes, cuts)}\n`);
  return cuts.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}

const lines = (rows: readonly string[][]): string =>
  rows
    .map(([name, ...cells]) => name!.padEnd(10) + cells.map((cell) => cell.padStart(17)).join(''))
    .join('\n');

function table(results: readonly Result[]): string {
  const head = ['cut in', 'rounds', 'came up', 'files synced', 'lost or changed'];
  const rows = SCENES.map((scene) => {
    const of = results.filter((result) => result.scene === scene);
    const up = of.filter(({ wrong }) => !wrong.some((each) => /rung|did not come up/.test(each)));
    const lost = of.flatMap(({ wrong }) => wrong).filter((each) => /lost|changed|reset/.test(each));
    return [
      scene,
      of.length,
      up.length,
      of.reduce((sum, { committed }) => sum + committed, 0),
      lost.length,
    ].map(String);
  });
  return lines([head, ...rows]);
}

await main(async () => {
  const asked = rounds();
  const { count, seed, first, minutes } = asked;
  const end = Date.now() + minutes * MINUTE_MS;
  if (asked.volumes !== null) return cutUnannounced(asked, asked.volumes);
  const next = random(seed);
  const bench = await makeBench({ first });
  const results: Result[] = [];
  try {
    const cuts = new PowerCuts(bench);
    const moments = new Map<Scene, string[]>();
    const used = new Map<Scene, number>();
    for (let round = 0; round < count && Date.now() < end; round++) {
      const scene = SCENES[round % SCENES.length]!;
      if (!moments.has(scene)) moments.set(scene, await cuts.moments(scene));
      const known = moments.get(scene)!;
      // One milestone after the other, spread over all of them when there are fewer rounds than
      // milestones.
      const turns = Math.ceil(count / SCENES.length);
      const turn = used.get(scene) ?? 0;
      used.set(scene, turn + 1);
      const moment =
        scene === 'chance'
          ? `${next(4000)} ms`
          : known[Math.floor(turn * Math.max(1, known.length / turns)) % known.length]!;
      const cut: Cut = { scene, moment };
      const result = await cuts.cut(cut);
      results.push(result);
      say(
        `${round + 1}/${count} ${scene}, ${moment}: ${result.committed} files synced, ` +
          `${result.wrong.length === 0 ? 'all as it should be' : result.wrong.join('; ')}`,
      );
      if (scene === 'switch' || result.wrong.length > 0) cuts.renew();
    }
  } finally {
    await bench.clear();
  }
  process.stdout.write(`${table(results)}\n`);
  sayTried(results.length, count, 'rounds');
  return results.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
});
