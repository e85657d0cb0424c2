import * as fs from 'node:fs';
import type { Facts, Rung } from '../facts/facts.js';
import type { Decision, Reason, Stage, Verb } from '../plan/plan.js';
import type { StepResult } from './execute.js';
import { recordFolder } from '../facts/own-files.js';
import { JOURNAL } from '../facts/places.js';
import { reader } from '../system/files.js';
import { ownFolder } from './own-folder.js';
import { printableJson } from '../text/printable.js';

export const JOURNAL_SCHEMA = 'mountroot.journal/2';

/**
 * Identifies a read-only image without reading it: its size, and the inode number and time of its
 * top directory. Times in milliseconds since 1970.
 */
export interface ImageMark {
  size: number;
  modified: number;
  inode: number;
}

/**
 * The circumstances of a run besides its time. Only reports use them; no decision depends on them.
 */
export interface Beginning {
  /** When this process started, in milliseconds since the kernel started. */
  started?: number;
  /** The clock, in milliseconds since 1970; it may never have been set. */
  time?: number;
  /** The kernel's release. */
  kernel?: string;
  image?: ImageMark;
  /** True if it continued from a kept heap (src/kept-heap). */
  heap?: true;
  /** True if there is a heap and it was refused, so that this run took longer. */
  heapRefused?: true;
}

/** The end of the script that ran first. */
export interface ScriptResult {
  result: 'made' | 'refused' | 'failed' | 'cut off';
  /** The reason why the script did not make the root; null if it did, or gave none. */
  why: string | null;
  /** The differences between its root and the root that a start would have made. */
  differences?: string[];
}

/** One line of the journal. `at`: milliseconds since the kernel started. */
export type JournalRecord =
  | ({
      type: 'begin';
      schema: typeof JOURNAL_SCHEMA;
      verb: Verb;
      version: string;
      node: string;
      at: number;
    } & Beginning)
  /** The messages that the previous boot left in memory that survives a reset (pstore). */
  | { type: 'before'; crash: string[]; last: string[]; at: number }
  | ({ type: 'script'; at: number } & ScriptResult)
  | {
      type: 'decision';
      decision: Decision['decision'];
      stage?: Stage;
      rung?: Rung;
      reason?: Reason;
      because?: string;
      summary: string;
      steps: number;
      notes: string[];
      at: number;
    }
  | ({ type: 'step' } & StepResult)
  | {
      type: 'end';
      ok: boolean;
      exit: number;
      rung?: Rung;
      reason?: Reason | null;
      error?: string;
      warnings: string[];
      at: number;
      ms: number;
    };

export interface Journal {
  add(record: JournalRecord): void;
  /**
   * `facts`: the facts at the beginning of a start, in the form for `--facts`. `facts-later`: the
   * facts of its last plan. `facts-VERB`: the facts of another verb.
   */
  facts(name: 'facts' | `facts-${string}`, facts: Facts): void;
  /** Replaces a file of ours beside the journal as a whole. */
  keep(name: string, content: string): void;
}

/**
 * Opens the journal for appending. Never throws and never stops a boot: if the journal cannot be
 * written, `complain` is called once and records are dropped. A folder that somebody else made is
 * moved aside. Each line is appended at once, so the journal of a killed start shows how far it
 * got.
 */
export function openJournal(
  complain: (message: string) => void,
  folder = recordFolder(reader),
): Journal {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = fs.constants;
  let fd = -1;
  const attempt = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      if (fd >= 0) fs.closeSync(fd);
      fd = -1;
      complain(
        `cannot keep a journal in ${folder}: ${(error as Error).message}; going on without it`,
      );
    }
  };
  attempt(() => {
    ownFolder(folder, complain);
    fd = fs.openSync(`${folder}/${JOURNAL}`, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o644);
    // A killed start may have left half a line. The next record must not become part of it.
    const last = Buffer.alloc(1);
    const { size } = fs.fstatSync(fd);
    if (size > 0 && fs.readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() !== '\n')
      fs.writeSync(fd, '\n');
  });
  const keep = (name: string, content: string): void => {
    if (fd < 0) return;
    attempt(() => {
      const next = `${folder}/${name}.next`;
      fs.rmSync(next, { force: true });
      fs.writeFileSync(next, content, { flag: 'wx', mode: 0o644 });
      fs.renameSync(next, `${folder}/${name}`);
    });
  };
  return {
    add: (record) => {
      if (fd >= 0) attempt(() => void fs.writeSync(fd, `${printableJson(record)}\n`));
    },
    facts: (name, facts) => keep(`${name}.json`, `${printableJson(facts)}\n`),
    keep,
  };
}
