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
import { layers } from './host.js';

const FILES = 20_000;

export interface Beside {
  what: string;
  tool: string;
  ms: number;
  toolMs: number;
  peakKiB: number;
}

interface Pair {
  what: string;
  ours: readonly string[];
  tool: readonly string[];
  /** Words before both, of a program that executes the words behind its own. */
  within?: readonly string[];
}

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
];

/** @param work a folder for temporary files. */
export async function besideTools(work: string): Promise<Beside[]> {
  const folder = join(work, 'beside');
  layers(folder, FILES);
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
  return PAIRS.map(({ what, ours, tool, within = [] }) => {
    say(`measuring ${what} beside ${tool[0]}`);
    const { ms, peakKiB } = costOf(measure, whole(ours), what, whole(within));
    const toolMs = costOf(measure, whole(tool), tool[0]!, whole(within)).ms;
    return { what, tool: tool[0]!, ms, toolMs, peakKiB };
  });
}

export function besideTable(all: readonly Beside[]): string {
  if (all.length === 0) return '';
  const title = `${FILES} small files (ms CPU time here)`.padEnd(44);
  const rows = all.map(({ what, tool, ms, toolMs, peakKiB }) =>
    [
      what.padEnd(44),
      ms.toFixed(0).padStart(8),
      `${tool} ${toolMs.toFixed(0)}`.padStart(12),
      (ms / toolMs).toFixed(1).padStart(8),
      (peakKiB / 1024).toFixed(0).padStart(8),
    ].join(''),
  );
  return [`${title}mountroot        tool   ratio     MiB`, ...rows].join('\n');
}
