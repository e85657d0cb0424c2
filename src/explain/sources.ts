import type { DeviceTree } from '../facts/device-tree.js';
import type { Facts, Rung } from '../facts/facts.js';
import type { KernelConfig } from '../facts/kernel-config.js';
import type { KernelLog } from '../facts/kernel-log.js';
import type { ScriptResult } from '../execute/journal.js';
import type { Initrd } from './kernel-inputs.js';

/** mountroot's own actions in this boot, as in `status`; times in milliseconds. */
export interface OwnPart {
  /** One sentence about the root that the board has now. */
  summary: string;
  rung: { rung: Rung; reason: string | null; because: string | null } | null;
  start: {
    summary: string;
    /** Since the kernel started. */
    at: number;
    ms: number | null;
    /** null if the start was interrupted. */
    ok: boolean | null;
    error?: string;
    steps: { number: number; id: string; result: string; ms: number; error?: string }[];
    script?: ScriptResult;
  } | null;
}

/** The sources of an explanation; null if a source is missing. */
export interface ExplanationSources {
  /** A machine's facts, with their origin if it was gathered. */
  facts: Facts | null;
  /**
   * A command line that a boot loader would hand over. With it the story is a prediction, and
   * evidence of the machine's own boot does not count.
   */
  commandLine: string | null;
  config: KernelConfig | null;
  /** A blob from a file; a boot loader may still change it. */
  deviceTree: DeviceTree | null;
  initrd: Initrd | null;
  /** The log of a console. */
  log: KernelLog | null;
  /** All boots of the recording that the log is from; missing if it shows one only. */
  boots?: readonly KernelLog[];
  ours: OwnPart | null;
}
