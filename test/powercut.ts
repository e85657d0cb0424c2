/**
 * `npm run test:powercut -- --rounds N [--first script]`: pulls the plug of an emulated board N
 * times and prints, by kind of cut, what became of it.
 */
import { parseArgs } from 'node:util';
import { makeBench, type First } from './harness/board.js';
import { PowerCuts, SCENES, type Cut, type Result, type Scene } from './harness/powercut.js';
import { random } from './fixtures/random.js';
import { Failure, main, say } from '../scripts/lib/report.js';

function rounds(): { count: number; seed: number; first: First } {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: 'agent' },
    },
  });
  const [count, seed] = [Number(values.rounds), Number(values.seed)];
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed))
    throw new Failure(
      '--rounds and --seed take whole numbers; `npm run test:powercut -- --rounds 100`',
    );
  if (values.first !== 'agent' && values.first !== 'script')
    throw new Failure('--first takes agent or script: who makes the root');
  return { count, seed, first: values.first };
}

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
  return [head, ...rows]
    .map(([name, ...cells]) => name!.padEnd(10) + cells.map((cell) => cell.padStart(17)).join(''))
    .join('\n');
}

await main(async () => {
  const { count, seed, first } = rounds();
  const next = random(seed);
  const bench = await makeBench({ first });
  const results: Result[] = [];
  try {
    const cuts = new PowerCuts(bench);
    const moments = new Map<Scene, string[]>();
    const used = new Map<Scene, number>();
    for (let round = 0; round < count; round++) {
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
  return results.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
});
