/** The programs that use a root as any program may, and the files of an image that they need. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileProgram } from '../../scripts/agent/compile.js';

const PROGRAMS = ['root-rows', 'root-random'] as const;

/** The files of a directory of the image, by name (test/fixtures/root-rows.c, root-random.c). */
const NAMES = [
  ...Array.from({ length: 40 }, (_, at) => `f${at}`),
  ...Array.from({ length: 6 }, (_, at) => `r${at}`),
  ...Array.from({ length: 10 }, (_, at) => [`d${at}/a`, `d${at}/b`]).flat(),
];

/** The directory for the image, by path: files, and the programs for a processor. */
export async function rootFiles(target: 'host' | 'arm'): Promise<Record<string, string | Buffer>> {
  const made = mkdtempSync(join(tmpdir(), 'mountroot-programs-'));
  try {
    const files: Record<string, string | Buffer> = {};
    for (const name of NAMES) files[`files/${name}`] = 'image';
    for (const name of PROGRAMS) {
      await compileProgram(target, `test/fixtures/${name}.c`, join(made, name));
      files[name] = readFileSync(join(made, name));
    }
    return files;
  } finally {
    rmSync(made, { recursive: true });
  }
}

/** The rows that did not hold, and how many did. */
export function rowsOf(output: string): { failed: string[]; held: number } {
  const lines = output.split('\n').filter((line) => line !== '');
  const failed = lines.filter((line) => !line.startsWith('ok '));
  return { failed, held: lines.length - failed.length };
}

/** As many as root-rows.c has. */
export const ROW_COUNT = 25;
