/**
 * `npm run test:cuts -- [--volume jffs2] [--scene NAME] [--tears N] [--mounts N] [--agents N]
 * [--boots N] [--seed S] [--minutes N] [--keep FOLDER]`: records what a board writes to its data
 * volume, and tries every state that a power cut can leave. `--keep` writes the medium of each
 * state with a fault.
 */
import { parseArgs } from 'node:util';
import { Failure, main, say } from '../scripts/lib/report.js';
import { SCENES, type Scene } from './harness/cuts/scenes.js';
import { tryScene, type HowToTry, type SceneResult } from './harness/cuts/try-scene.js';
import { KINDS, type Kind } from './harness/cuts/volume.js';
import { random } from './fixtures/random.js';

interface Wanted {
  kinds: Kind[];
  scenes: Scene[];
  how: HowToTry;
  /** No scene begins after this time; null: all of them are tried. */
  minutes: number | null;
}

function wanted(): Wanted {
  const { values } = parseArgs({
    options: {
      volume: { type: 'string', multiple: true, default: [...KINDS] },
      scene: { type: 'string', multiple: true, default: SCENES.map(({ name }) => name) },
      tears: { type: 'string', default: '1' },
      mounts: { type: 'string', default: '1000000' },
      agents: { type: 'string', default: '100' },
      boots: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string' },
      keep: { type: 'string' },
    },
  });
  const kinds = KINDS.filter((kind) => values.volume.includes(kind));
  const scenes = SCENES.filter(({ name }) => values.scene.includes(name));
  if (kinds.length < values.volume.length) throw new Failure(`--volume takes ${KINDS.join(', ')}`);
  if (scenes.length < values.scene.length)
    throw new Failure(`--scene takes one of: ${SCENES.map(({ name }) => name).join(', ')}`);
  const whole = (name: 'tears' | 'mounts' | 'agents' | 'boots' | 'seed' | 'minutes'): number => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 0)
      throw new Failure(`--${name} takes a whole number`);
    return number;
  };
  const how: HowToTry = {
    tears: whole('tears'),
    // Two states say how it was before and after.
    mounts: Math.max(2, whole('mounts')),
    agents: Math.max(2, whole('agents')),
    boots: whole('boots'),
    seed: whole('seed'),
    ...(values.keep !== undefined && { keep: values.keep }),
  };
  return { kinds, scenes, how, minutes: values.minutes === undefined ? null : whole('minutes') };
}

const COLUMNS = [
  'entries',
  'prefixes',
  'states',
  'mounted',
  'unmountable',
  'distinct',
  'agents',
  'classes',
  'boots',
  'repaired',
  'synced',
] as const satisfies readonly (keyof SceneResult)[];

function table(results: readonly SceneResult[]): string {
  const head = ['volume', 'scene'.padEnd(18), ...COLUMNS, 'faults'];
  const rows = results.map((result) => [
    result.volume,
    result.scene.padEnd(18),
    ...COLUMNS.map((column) => String(result[column])),
    String(result.faults.length),
  ]);
  return [head, ...rows]
    .map((cells) => cells.map((cell) => cell.padStart(8)).join('  '))
    .join('\n');
}

function showFaults({ volume, scene, faults }: SceneResult): void {
  for (const { id, kind, step, entries, by, wrong } of faults.slice(0, 20))
    say(
      `${volume}, ${scene}: state ${id} (${kind}, ${entries} entries, after ${step}), ${by}: ` +
        wrong.join('; '),
    );
}

/** Each scene on each volume for which it is worth while. */
const pairs = ({ kinds, scenes }: Wanted): { kind: Kind; scene: Scene }[] =>
  kinds.flatMap((kind) =>
    scenes.filter(({ only }) => only?.includes(kind) !== false).map((scene) => ({ kind, scene })),
  );

/** What comes first differs from seed to seed, where there is not time for all. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  const chance = random(seed);
  const left = [...all];
  return all.map(() => left.splice(chance(left.length), 1)[0]!);
}

await main(async () => {
  const asked = wanted();
  const { minutes, how } = asked;
  const end = minutes === null ? Infinity : Date.now() + minutes * 60_000;
  const results: SceneResult[] = [];
  const all = minutes === null ? pairs(asked) : shuffled(pairs(asked), how.seed);
  for (const { kind, scene } of all) {
    const begun = Date.now();
    if (begun >= end) break;
    const progress = (what: string): void => say(`${kind}, ${scene.name}: ${what}`);
    const result = await tryScene(scene, kind, { ...how, progress });
    results.push(result);
    const counts = COLUMNS.map((column) => `${column} ${result[column]}`).join(', ');
    const seconds = Math.round((Date.now() - begun) / 1000);
    say(`${kind}, ${scene.name}: ${counts}, ${seconds} s`);
    showFaults(result);
  }
  process.stdout.write(`${table(results)}\n`);
  if (results.length < all.length)
    say(`the time was over: ${results.length} of ${all.length} scenes were tried`);
  return results.some(({ faults }) => faults.length > 0) ? 1 : 0;
});
