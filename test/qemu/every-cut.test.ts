/** A small part of what `npm run test:cuts` tries. */
import t from 'tap';
import { SCENES } from '../harness/cuts/scenes.js';
import { tryScene } from '../harness/cuts/try-scene.js';
import type { Kind } from '../harness/cuts/volume.js';

interface Tried {
  scene: string;
  kind: Kind;
  mounts: number;
  agents: number;
  synced: number;
  /** Whether the kernel refuses some states, until a start has mended them. */
  refused?: true;
}

const TRIED: Tried[] = [
  { scene: 'programs write', kind: 'jffs2', mounts: 600, agents: 4, synced: 24 },
  { scene: 'programs write', kind: 'ubifs', mounts: 40, agents: 2, synced: 24 },
  { scene: 'first start', kind: 'ubifs', mounts: 40, agents: 5, synced: 0, refused: true },
  { scene: 'first start', kind: 'ext4', mounts: 40, agents: 2, synced: 0 },
];

for (const { scene: name, kind, mounts, agents, synced, refused = false } of TRIED)
  t.test(`after a cut at any write, synced files are there: ${kind}, ${name}`, async (t) => {
    const scene = SCENES.find((each) => each.name === name)!;
    const result = await tryScene(scene, kind, { tears: 1, mounts, agents, boots: 0, seed: 1 });
    t.same(result.faults, []);
    t.ok(result.mounted >= mounts, `${result.mounted} states were mounted`);
    t.equal(result.unmountable > 0, refused, `${result.unmountable} were refused by the kernel`);
    t.equal(result.synced, synced, 'files that were acknowledged as synced');
    t.ok(result.agents >= 2, `the agent ran on ${result.agents} of them`);
  });
