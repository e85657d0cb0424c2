/** Shared by the tests of compression. */
import { spawnSync } from 'node:child_process';
import { ramdiskSentence } from '../../../src/ramdisk/codec-problem.js';
import { METHODS, methodOf, type Method } from '../../../src/ramdisk/method.js';
import type { ByteSource } from '../../../src/ramdisk/source.js';
import { bundled } from './bundled.js';

export { METHODS, methodOf };
export const { compress, decompress } = await bundled<
  typeof import('../../../src/ramdisk/compression.js')
>('src/ramdisk/compression.ts');

export async function* inChunks(bytes: Buffer, size = 100_000): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export const packed = (method: Method, bytes: Buffer): Promise<Buffer> =>
  collected(compress(method, inChunks(bytes)));

/** Bytes that look random and are always the same. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** Data that are in part incompressible. */
export const sample = (length: number): Buffer =>
  Buffer.concat([
    noise(Math.floor(length / 4)),
    Buffer.alloc(length - Math.floor(length / 4), 'a root file system, '),
  ]);

/** The output of a program of the system for an input. */
export function through(program: string, args: readonly string[], input: Buffer): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${[program, ...args].join(' ')} exited with ${status}: ${stderr.toString()}`);
  return stdout;
}

/** The error that ended a stream, if there was one. */
export async function outcome(
  method: Method,
  source: ByteSource,
): Promise<{ bytes: Buffer; error: Error | null; warnings: string[] }> {
  const all: Buffer[] = [];
  const warnings: string[] = [];
  try {
    for await (const chunk of decompress(method, source, (problem) =>
      warnings.push(ramdiskSentence(problem)),
    ))
      all.push(chunk);
    return { bytes: Buffer.concat(all), error: null, warnings };
  } catch (error) {
    return { bytes: Buffer.concat(all), error: error as Error, warnings };
  }
}
