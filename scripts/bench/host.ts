/**
 * Measures calls that need more memory or flash than a board has. They run on this machine, each as
 * a whole process of the real bundle: user and system time, and peak memory.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildAgent } from '../agent/agent.js';
import { buildNative } from '../agent/native.js';
import { say } from '../lib/report.js';
import { costOf } from './cost-of.js';
import { growth, type Cost, type Growth } from './growth.js';

/** The words of a call. `{}` in a word stands for the folder that `make` filled. */
type Call = readonly string[];

interface HostPart {
  of: string;
  sizes: readonly number[];
  make: (folder: string, size: number) => void;
  /** In this order: a later call may read an earlier call's output. */
  calls: Record<string, Call>;
}

/**
 * Makes an upper layer with this number of small files. Every tenth file changes a file of the
 * image.
 */
export function layers(folder: string, files: number): void {
  const [upper, lower] = [join(folder, 'upper'), join(folder, 'lower')];
  for (let at = 0; at < files; at++) {
    const place = `d${at % 100}/e${Math.floor(at / 100) % 10}`;
    if (at < 1000)
      for (const layer of [upper, lower]) mkdirSync(join(layer, place), { recursive: true });
    writeFileSync(join(upper, place, `file-${at}`), `mine ${at}\n`);
    if (at % 10 === 0) writeFileSync(join(lower, place, `file-${at}`), 'theirs\n');
  }
}

/**
 * Makes files of 1 MB that compress about as well as programs, because half of each line is random.
 */
export function members(folder: string, count: number): void {
  const tree = join(folder, 'tree');
  mkdirSync(tree, { recursive: true });
  let random = 1;
  const lines = Array.from({ length: 1e6 / 16 }, () =>
    `${(random = (random * 48271) % 2147483647).toString(16).padStart(8, '0')} of it\n`.padEnd(16),
  );
  const content = Buffer.from(lines.join('').slice(0, 1e6));
  for (let at = 0; at < count; at++) {
    content.write(String(at).padStart(8, '0'));
    writeFileSync(join(tree, `member-${at}`), content);
  }
}

export const HOST_PARTS = {
  overlay: {
    of: 'changed files',
    sizes: [1_000, 10_000, 100_000],
    make: layers,
    calls: {
      'mountroot diff': [
        'diff',
        '--format',
        'ndjson',
        '--upper',
        '{}/upper',
        '--lower',
        '{}/lower',
      ],
      'mountroot diff --json': ['diff', '--json', '--upper', '{}/upper', '--lower', '{}/lower'],
      'mountroot export': ['export', '--upper', '{}/upper', '-o', '{}/layer.tar'],
    },
  },
  ramdisk: {
    of: 'members of 1 MB',
    sizes: [10, 100, 1_000],
    make: members,
    calls: {
      'mountroot ramdisk pack --compress none': [
        'ramdisk',
        'pack',
        '{}/tree',
        '--compress',
        'none',
        '-o',
        '{}/plain',
      ],
      'mountroot ramdisk list': ['ramdisk', 'list', '{}/plain'],
      'mountroot ramdisk unpack': ['ramdisk', 'unpack', '{}/plain', '{}/out'],
      'mountroot ramdisk pack --compress lz4': [
        'ramdisk',
        'pack',
        '{}/tree',
        '--compress',
        'lz4',
        '-o',
        '{}/packed',
      ],
      'mountroot ramdisk list, of lz4': ['ramdisk', 'list', '{}/packed'],
      'mountroot ramdisk unpack, of lz4': ['ramdisk', 'unpack', '{}/packed', '{}/out-of-packed'],
    },
  },
} as const satisfies Record<string, HostPart>;

export type HostPartName = keyof typeof HOST_PARTS;

/** Measures each call of a part at each of its sizes. @param work a folder for temporary files. */
export async function growHere(name: HostPartName, work: string): Promise<Growth[]> {
  const { of, sizes, make, calls }: HostPart = HOST_PARTS[name];
  const [agent, measure] = [await buildAgent(['host']), join(await buildNative('host'), 'measure')];
  const costs = new Map<string, Cost[]>(Object.keys(calls).map((call) => [call, []]));
  for (const size of sizes) {
    say(`measuring how cost grows with ${of}: ${size}`);
    const folder = join(work, `${name}-${size}`);
    make(folder, size);
    for (const [call, words] of Object.entries(calls)) {
      const whole = [process.execPath, agent, ...words.map((word) => word.replace('{}', folder))];
      costs.get(call)!.push({ size, ...costOf(measure, whole, `${call} with ${size} ${of}`) });
    }
    rmSync(folder, { recursive: true });
  }
  return [...costs].map(([call, own]) =>
    growth({ part: name, of, clock: 'CPU time here' }, call, own),
  );
}
