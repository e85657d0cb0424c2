/**
 * Measures the walks through a tree of small files beside the tools that a user would use instead,
 * in one run on the same tree.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildAgent, placeNative } from '../agent/agent.js';
import { bundle } from '../agent/bundle.js';
import { buildNative } from '../agent/native.js';
import { say } from '../lib/report.js';
import { costOf } from './cost-of.js';
import { layers, members } from './host.js';

const FILES = 20_000;
/** Of 1 MB each, in the ramdisk. */
const MEMBERS = 200;

export interface Beside {
  what: string;
  tool: string;
  ms: number;
  toolMs: number;
  /** The time until the end, where several processors can help. */
  wall: { ms: number; toolMs: number } | null;
  peakKiB: number;
}

interface Pair {
  what: string;
  ours: readonly string[];
  tool: readonly string[];
  /** Words before both, of a program that executes the words behind its own. */
  within?: readonly string[];
  /** Whether several processors can help. */
  parallel?: boolean;
}

/** Packing a ramdisk of 200 MB, beside GNU cpio and the method's own tool. */
const packing = (method: string, tool: string): Pair => ({
  what: `ramdisk pack --compress ${method}`,
  ours: [
    'AGENT',
    'ramdisk',
    'pack',
    '{}/ramdisk/tree',
    '--compress',
    method,
    '-o',
    `{}/ours.${method}`,
  ],
  tool: [
    'sh',
    '-c',
    `cd "$0" && find . | cpio --quiet -o -H newc | ${tool} >../tool`,
    '{}/ramdisk/tree',
  ],
  parallel: true,
});

const DOUBLINGS = 13;

/** A mount namespace with 8,192 mounts more: each step binds all there are once more. */
const MANY_MOUNTS: readonly string[] = [
  ...['unshare', '--mount', '--propagation', 'private', 'sh', '-e', '-c'],
  `mount -t tmpfs tmpfs "$0"; cd "$0"; i=0
   while [ $i -lt ${DOUBLINGS} ]; do mkdir $i; mount --rbind . $i; i=$((i + 1)); done
   exec "$@"`,
  '{}/mounts',
];

/** `{}` is the folder, AGENT and WALKS are our programs. */
const PAIRS: readonly Pair[] = [
  {
    what: 'export',
    ours: ['AGENT', 'export', '--upper', '{}/upper', '-o', '{}/ours.tar'],
    tool: ['tar', '--xattrs', '-cf', '{}/tool.tar', '-C', '{}/upper', '.'],
  },
  {
    what: 'import',
    ours: ['AGENT', 'import', '{}/ours.tar', '--upper', '{}/imported'],
    tool: ['tar', '--xattrs', '-xpf', '{}/tool.tar', '-C', '{}/extracted'],
  },
  {
    what: 'copy (done)',
    ours: ['WALKS', 'copy', '{}/upper', '{}/copy'],
    tool: ['cp', '-a', '{}/upper', '{}/tool-copy'],
  },
  {
    what: 'clear (reset)',
    ours: ['WALKS', 'clear', '{}/copy'],
    tool: ['rm', '-rf', '{}/tool-copy'],
  },
  {
    what: 'diff',
    ours: ['AGENT', 'diff', '--upper', '{}/upper', '--lower', '{}/lower'],
    tool: ['find', '{}/upper', '{}/lower', '-ls'],
  },
  {
    what: `facts of ${2 ** DOUBLINGS} mounts`,
    within: MANY_MOUNTS,
    ours: ['AGENT', 'facts'],
    tool: ['findmnt', '--list'],
  },
  packing('none', 'cat'),
  packing('gzip', 'gzip -9'),
  packing('lz4', 'lz4 -l -9 -q'),
  packing('zstd', 'zstd -19 -q'),
  packing('xz', 'xz --check=crc32'),
];

export const toolsTable = (all: readonly Beside[]): string =>
  besideTable(`${FILES} small files, ${MEMBERS} MB (ms CPU time)`, all);

/** @param work a folder for temporary files. */
export async function besideTools(work: string): Promise<Beside[]> {
  const folder = join(work, 'beside');
  layers(folder, FILES);
  members(join(folder, 'ramdisk'), MEMBERS);
  for (const name of ['extracted', 'copy', 'program', 'mounts']) mkdirSync(join(folder, name));
  const agent = await buildAgent(['host']);
  const walks = await bundle('scripts/bench/walks.ts', join(folder, 'program', 'walks.cjs'));
  await placeNative('host', join(folder, 'program'));
  const measure = join(await buildNative('host'), 'measure');
  const whole = (words: readonly string[]): string[] =>
    words.flatMap((word) => {
      if (word === 'AGENT') return [process.execPath, agent];
      return word === 'WALKS' ? [process.execPath, walks] : [word.replace('{}', folder)];
    });
  return PAIRS.map(({ what, ours, tool, within = [], parallel = false }) => {
    // A shell runs the tools of a ramdisk.
    const name = tool[0] === 'sh' ? 'cpio' : tool[0]!;
    say(`measuring ${what} beside ${name}`);
    const { ms, wallMs, peakKiB } = costOf(measure, whole(ours), what, whole(within));
    const other = costOf(measure, whole(tool), name, whole(within));
    const wall = parallel ? { ms: wallMs, toolMs: other.wallMs } : null;
    return { what, tool: name, ms, toolMs: other.ms, wall, peakKiB };
  });
}

/** @param title says what was walked through, and the unit of time. */
export function besideTable(title: string, all: readonly Beside[]): string {
  if (all.length === 0) return '';
  const rows = all.map(({ what, tool, ms, toolMs, wall, peakKiB }) =>
    [
      what.padEnd(44),
      ms.toFixed(0).padStart(8),
      `${tool} ${toolMs.toFixed(0)}`.padStart(12),
      (ms / toolMs).toFixed(1).padStart(8),
      (wall === null ? '' : (wall.ms / wall.toolMs).toFixed(2)).padStart(8),
      (peakKiB / 1024).toFixed(0).padStart(8),
    ].join(''),
  );
  return [`${title.padEnd(44)}mountroot        tool   ratio    wall     MiB`, ...rows].join('\n');
}
