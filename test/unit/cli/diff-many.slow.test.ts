/**
 * The time of a diff of a hundred thousand files; it needs no more memory than one of ten thousand.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mountroot } from '../ramdisk/agent.js';
import { scratch } from '../ramdisk/trees.js';

const folder = scratch();
const hook = join(folder, 'hook.cjs');
writeFileSync(
  hook,
  `process.on('exit', () => require('node:fs').writeFileSync(process.env.SAID, ` +
    `String(process.resourceUsage().maxRSS)));`,
);

/** An upper layer of so many files; each tenth changes one of the image. */
function layers(name: string, files: number): string[] {
  const [upper, lower] = ['upper', 'lower'].map((layer) => join(folder, name, layer)) as [
    string,
    string,
  ];
  for (let at = 0; at < files; at++) {
    const place = `d${String(at % 100)}/e${String(Math.floor(at / 100) % 10)}`;
    if (at < 1000)
      for (const layer of [upper, lower]) mkdirSync(join(layer, place), { recursive: true });
    writeFileSync(join(upper, place, `file-${at}`), 'mine');
    if (at % 10 === 0) writeFileSync(join(lower, place, `file-${at}`), 'theirs');
  }
  return ['--upper', upper, '--lower', lower];
}

function diff(
  words: string[],
  files: number,
): { mebibytes: number; seconds: number; end: { all: { count: number } } } {
  const [said, out] = [join(folder, 'said'), join(folder, 'out')];
  const began = performance.now();
  const { status, stderr } = mountroot(['diff', ...words, '--format', 'ndjson'], {
    node: ['--require', hook],
    env: { SAID: said, OUT: out },
    before: ['sh', '-c', '"$@" >"$OUT"', 'sh'],
  });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(stderr);
  const text = readFileSync(out, 'utf8').trimEnd();
  const end = JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as { all: { count: number } };
  if (text.split('\n').filter((line) => line.includes('"type":"entry"')).length < files)
    throw new Error('not all of them were told');
  return { mebibytes: Number(readFileSync(said, 'utf8')) / 1024, seconds, end };
}

t.test('a hundred thousand files take seconds, and no more memory than ten thousand', async (t) => {
  const few = diff(layers('few', 10_000), 10_000);
  const many = diff(layers('many', 100_000), 100_000);
  t.equal(few.end.all.count, 10_000);
  t.equal(many.end.all.count, 100_000);
  t.ok(
    many.seconds < 30,
    `${many.seconds.toFixed(1)} s, and ${few.seconds.toFixed(1)} s for ten thousand`,
  );
  t.ok(
    many.mebibytes < few.mebibytes + 32,
    `${many.mebibytes.toFixed(0)} MiB, and ${few.mebibytes.toFixed(0)} MiB for ten thousand`,
  );
});
