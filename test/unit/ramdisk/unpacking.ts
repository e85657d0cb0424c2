/** Unpacks archives into a directory that has others beside it. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { problemData } from '../../../src/ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { Unpacker, type UnpackOptions } from '../../../src/ramdisk/unpack.js';
import { member, type Written } from './archives.js';
import { describe, scratch } from './trees.js';

export const MIB = 1024 * 1024;

/** A target with a tree beside it that nothing may change. */
export class Place {
  readonly top = scratch();
  readonly canary = join(this.top, 'canary');
  readonly target = join(this.top, 'target');
  readonly #before: Record<string, string>;

  constructor() {
    mkdirSync(join(this.canary, 'folder'), { recursive: true });
    mkdirSync(this.target);
    writeFileSync(join(this.canary, 'file'), 'sings');
    writeFileSync(join(this.canary, 'folder/shadow'), 'root:x', { mode: 0o600 });
    symlinkSync('file', join(this.canary, 'link'));
    linkSync(join(this.canary, 'file'), join(this.canary, 'folder/hard'));
    this.#before = describe(this.top);
  }

  /** The differences beside the target. */
  harmed(): string[] {
    const after = describe(this.top);
    const outside = (name: string): boolean => name !== 'target' && !name.startsWith('target/');
    return [...new Set([...Object.keys(this.#before), ...Object.keys(after)])].filter(
      (name) => outside(name) && this.#before[name] !== after[name],
    );
  }
}

export interface Outcome {
  place: Place;
  error: Error | null;
  complaint: string | null;
  problems: ReturnType<typeof problemData>[];
  warnings: string[];
  table: string[];
  /** The files below the target. */
  files: string[];
}

export async function unpacked(
  bytes: Buffer,
  options: Partial<UnpackOptions> = {},
  place = new Place(),
): Promise<Outcome> {
  const unpacker = new Unpacker(place.target, {
    limit: 64 * MIB,
    privileged: false,
    makeNode: null,
    ...options,
  });
  const problems: ReturnType<typeof problemData>[] = [];
  let [error, complaint]: [Error | null, string | null] = [null, null];
  try {
    complaint = await readRamdisk(ByteSource.fromBuffer(bytes), unpacker, {
      onProblem: (problem) => problems.push(problemData(problem)),
    });
  } catch (thrown) {
    error = thrown as Error;
  } finally {
    unpacker.end();
  }
  return {
    place,
    error,
    complaint,
    problems,
    warnings: unpacker.warnings,
    table: unpacker.table,
    files: Object.keys(describe(place.target)),
  };
}

export const evil = (name: string, given: Written = {}): Buffer =>
  member(name, { data: 'evil', ...given });
