import type { System } from '../system/port.js';

export interface CopyResult { files: number; bytes: number; removed: number; refused: { path: string; error: string }[] }

export function copyTree(system: System, from: string, to: string, _options: { changedSince?: bigint } = {}): CopyResult {
  const result: CopyResult = { files: 0, bytes: 0, removed: 0, refused: [] };
  const there = new Set(system.list(to));
  for (const name of system.list(from)) {
    there.delete(name);
    const source = `${from}/${name}`;
    const target = `${to}/${name}`;
    const { kind, mode, node } = system.details(source);
    if (kind === 'directory') {
      if (system.kind(target) !== 'directory') {
        system.removeTree(target);
        system.mkdir(target, mode);
      }
      copyTree(system, source, target);
    } else {
      system.removeTree(target);
      if (kind === 'file') system.copyFile(source, target, mode);
      else if (kind === 'symlink') system.symlink(system.readLink(source), target);
      else system.makeNode(target, 'character', mode, node);
    }
    if (kind === 'directory') for (const [key, value] of system.attributes(source)) system.setAttribute(target, key, value);
  }
  for (const name of there) system.removeTree(`${to}/${name}`);
  return result;
}
