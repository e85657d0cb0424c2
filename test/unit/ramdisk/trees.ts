/** Makes, describes and removes trees of files on this machine. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ListedFile } from '../../../src/ramdisk/member.js';
import { through } from './streams.js';

export const root = process.getuid?.() === 0;

/** A new directory outside the checkout, because its content may be hostile or large. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-test-'));
  // Directories without permissions refuse their owner too, except root.
  t.teardown(() => {
    through('chmod', ['-R', 'u+rwX', folder], Buffer.alloc(0));
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export interface Told {
  /**
   * Whose times to compare. GNU cpio does not restore the times of symlinks, and those of
   * directories only when it makes them last.
   */
  times?: 'all' | 'files';
  owners?: boolean;
}

/**
 * Everything below a directory, without the directory, by path: the result of lstat(2), the
 * contents, and the names that are one file.
 */
export function describe(
  top: string,
  { times = 'all', owners = true }: Told = {},
): Record<string, string> {
  const found: Record<string, string> = {};
  const names = new Map<number, string>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(
      Buffer.concat([Buffer.from(`${top}/`), Buffer.from(folder, 'latin1')]),
      { encoding: 'latin1' },
    ).sort()) {
      const inner = folder === '' ? entry : `${folder}/${entry}`;
      const path = Buffer.concat([Buffer.from(`${top}/`), Buffer.from(inner, 'latin1')]);
      const stat = lstatSync(path);
      const kind = stat.mode & 0o170000;
      const words = [
        stat.mode.toString(8),
        ...(owners ? [`${stat.uid}:${stat.gid}`] : []),
        ...(times === 'all' || (kind !== 0o120000 && kind !== 0o040000)
          ? [String(Math.floor(stat.mtimeMs / 1000))]
          : []),
      ];
      if (kind === 0o100000)
        words.push(
          `${stat.size}`,
          createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16),
        );
      if (kind === 0o120000) words.push(readlinkSync(path, 'latin1'));
      if (kind === 0o020000 || kind === 0o060000) words.push(`${stat.rdev}`);
      if (kind !== 0o040000)
        words.push(`is ${names.get(stat.ino) ?? (names.set(stat.ino, inner), 'itself')}`);
      found[inner] = words.join(' ');
      if (kind === 0o040000) visit(inner);
    }
  };
  visit('');
  return found;
}

/** A file as a member of a ramdisk has it. */
export const plainFile = (path: string): ListedFile => ({
  path,
  open: () => openSync(path, 'r'),
  release: () => undefined,
});
