import { makeBench } from './harness/board.js';
const bench = await makeBench();
for (let i = 0; i < 2; i++) {
  const machine = await bench.bootToInit({ timeLimitMs: 1_200_000 });
  const lines = (await machine.output('cat /tmp/mountroot/journal.ndjson')).trim().split('\n').map((l) => JSON.parse(l) as any);
  let on = false;
  for (const r of lines) { if (r.verb === 'done' || r.kind === 'begin' && r.verb === 'done') on = true; if (on) console.log(JSON.stringify(r).slice(0, 260)); }
  await machine.powerOff();
}
await bench.clear();
process.exit(0);
