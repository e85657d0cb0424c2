/**
 * Asks for reports before a heap is written, because V8 compiles a function at its first call, and
 * the heap keeps the compiled functions. They are about the machine that writes the heap, and about
 * other boards. The warm-up reads the machine, and changes nothing outside a temporary folder.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeMark } from './node-mark.js';
import type { ReportsCore } from './reports-core.js';
import { standIn } from './stand-ins.js';
import { keyed } from '../text/keyed.js';

/** The bundler makes this file the body of a function (scripts/agent/bundle-heap.ts). */
declare const core: ReportsCore;

/** What people and exporters ask of a board. */
const CALLS: readonly string[] = [
  '--version',
  '--help',
  'status',
  'status --steps',
  'status --json',
  'status --format prometheus',
  'doctor',
  'doctor --verbose',
  'doctor --json',
  'explain',
  'explain --json',
  'journal',
  'journal --last 2 --json',
  'journal --boot 0 --ndjson',
  'timeline',
  'plan start',
  'plan start --json',
  'plan done',
  'facts',
  'diff',
  'diff /etc --json',
  'status --verbose',
  'status --help',
];

async function ask(words: readonly string[]): Promise<void> {
  process.argv = [process.argv[0]!, '', ...words];
  await core.resume({ begun: -1, find: standIn, exit: () => {} });
}

/** Node 20 has these, but not while it writes a heap. */
async function withNewMethods(use: () => Promise<void>): Promise<void> {
  const methods = Array.prototype as unknown as Record<string, unknown>;
  if ('toSorted' in methods) return use();
  const added: Readonly<Record<string, (this: unknown[], ...words: never[]) => unknown>> = keyed({
    toSorted(compare) {
      return [...this].sort(compare);
    },
    toReversed() {
      return [...this].reverse();
    },
  });
  Object.assign(methods, added);
  try {
    await use();
  } finally {
    for (const name of Object.keys(added)) delete methods[name];
  }
}

async function warmUp(): Promise<void> {
  core.rememberNode(nodeMark());
  core.checkAgent();
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-heap-'));
  const { argv, env } = process;
  const nowhere = openSync('/dev/null', 'w');
  for (const stream of [core.stdout, core.stderr]) stream.fd = nowhere;
  try {
    writeFileSync(join(folder, 'x'), '');
    await withNewMethods(async () => {
      for (const call of CALLS) await ask(call.split(' '));
      process.env = { ...env, SSH_ORIGINAL_COMMAND: 'mountroot status' };
      await ask(['ssh-shell']);
    });
  } finally {
    core.forgetTree();
    core.stdout.fd = 1;
    core.stderr.fd = 2;
    Object.assign(process, { argv, env });
    closeSync(nowhere);
    rmSync(folder, { recursive: true, force: true });
    // V8 remembers the last text that was searched.
    /x/.exec('x');
  }
}

export default warmUp();
