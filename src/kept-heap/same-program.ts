/**
 * Whether this process has the agent and the Node that wrote its heap. Content decides: builds set
 * the times of all files to one date (SOURCE_DATE_EPOCH), and two agents may have one length.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT_FILE, BOOTS_FILE, REPORTS_FILE, buildLine } from '../facts/installation.js';

/** The build that the heap is of; scripts/agent/bundle.ts writes it into the agent's files too. */
declare const MOUNTROOT_BUILD: string;
/** The folder of the heap, which is also the agent's. */
declare const __dirname: string;

export const AGENT = join(__dirname, AGENT_FILE);
const BOOT = join(__dirname, BOOTS_FILE);
const REPORTS = join(__dirname, REPORTS_FILE);

/** The line with the build is one of the first two of a file. */
const HEAD = 256;

/** A file that has Node's code, and the id that its linker gave it (node-mark.ts). */
export interface NodeMark {
  path: string;
  size: number;
  /** The place of the id in the file. */
  at: number;
  /** The id, byte for byte; empty if it has none. */
  id: string;
}

let node: NodeMark | null = null;

/** The warm-up sets what a process from the heap compares. */
export const rememberNode = (mark: NodeMark): void => void (node = mark);

/** Some bytes of a file, if it has this size. */
function bytesOf(path: string, at: number, length: number, size?: number): string | null {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    if (size !== undefined && fstatSync(file).size !== size) return null;
    const bytes = Buffer.alloc(length);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, length, at));
  } finally {
    closeSync(file);
  }
}

const hasBuild = (path: string): boolean =>
  bytesOf(path, 0, HEAD)?.includes(`\n${buildLine(MOUNTROOT_BUILD)}`) === true;

/**
 * True if the agent's file has the same build as this heap. That of its boots is not looked at:
 * packages replace both.
 */
export const isSameAgent = (): boolean => hasBuild(AGENT);
/** The same for the file of its reports. */
export const isSameReports = (): boolean => hasBuild(REPORTS);

/** @throws where a heap would be refused as soon as it is written. */
export function checkAgent(): void {
  if (!isSameAgent() || !hasBuild(BOOT) || !isSameReports())
    throw new Error(
      `heap.js and ${AGENT_FILE} are of two agents; install all files of one package, ` +
        'and call keep-heap again',
    );
}

/** True if the Node that runs this has the code of the Node that wrote the heap. */
export const isSameNode = (): boolean =>
  node === null || bytesOf(node.path, node.at, node.id.length, node.size) === node.id;
