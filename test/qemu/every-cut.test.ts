/** A small part of what `npm run test:cuts` tries. */
import t from 'tap';
import { SCENES } from '../harness/cuts/scenes.js';
import { tryScene } from '../harness/cuts/try-scene.js';
import type { Kind } from '../harness/cuts/volume.js';

const TRIED: { scene: string; kind: Kind; states: number; synced: number }[] = [
  { scene: 'programs write', kind: 'jffs2', states: 500, synced: 24 },
];

for (const { scene: name, kind, states, synced } of TRIED)
  t.test(`after a cut at any write, synced files are there: ${kind}, ${name}`, async (t) => {
    const scene = SCENES.find((each) => each.name === name)!;
    const result = await tryScene(scene, kind, { tears: 1, agents: 4, boots: 0, seed: 1 });
    t.same(result.faults, []);
    t.ok(result.mounted >= states, `${result.mounted} states were mounted`);
    t.equal(result.synced, synced, 'files that were acknowledged as synced');
    t.ok(result.agents >= 2, `the agent ran on ${result.agents} of them`);
  });
