import { resolve } from 'node:path';
import { reader } from '../system/files.js';
import { UsageError } from './usage-error.js';

/** The directory that `--upper` names, behind a symlink if it is one. @throws {UsageError} */
export function namedUpper(path: string): string {
  if (path === '') throw new UsageError('--upper names no directory');
  const kind = reader.kind(path);
  if (kind === 'symlink') return resolve(reader.realPath(path));
  if (kind === 'directory') return resolve(path);
  const found = kind === 'missing' ? 'missing' : `a ${kind}`;
  throw new UsageError(`cannot use ${path} as an upper layer: it is ${found}`);
}
