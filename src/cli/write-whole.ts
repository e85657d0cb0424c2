import { renameSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { UsageError } from './usage-error.js';

async function writeTo(file: FileHandle, bytes: AsyncIterable<Buffer>): Promise<void> {
  try {
    for await (const chunk of bytes)
      for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done)).bytesWritten;
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes a file atomically, for its owner alone: writes a file beside it, then fsync(2), rename(2)
 * and fsync of the directory. @throws {UsageError} if the file cannot be written.
 */
export async function writeWhole(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const { syncFolder } = await import('../layer/archive/import-archive.js');
  const next = `${dirname(path)}/.${basename(path)}.next-${process.pid}`;
  // The archive holds keys and passwords.
  const file = await open(next, 'wx', 0o600).catch((error: Error) => {
    throw new UsageError(`cannot write to ${path}: ${error.message}`);
  });
  try {
    await writeTo(file, bytes);
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
