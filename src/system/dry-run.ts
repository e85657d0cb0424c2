import { flagText } from './flags.js';
import type { System } from './port.js';

const text = (value: string | null): string => (value === null ? 'NULL' : JSON.stringify(value));
const octal = (mode: number): string => `0${mode.toString(8)}`;

/**
 * The tenant that touches nothing, not even by reading: the plan may be for another machine. Every verb that would change something is written
 * down in `calls`, in the notation of strace(1). A dry run hands it to the very executors that `start` uses, so what it prints is what `start`
 * calls. Nothing exists here, so what `start` makes only where it is missing is shown as made.
 */
export function dryRun(): System & { calls: string[] } {
  const calls: string[] = [];
  const note = (name: string, ...values: string[]): void => void calls.push(`${name}(${values.join(', ')})`);
  const unread = (): never => {
    throw new Error('a dry run reads nothing');
  };
  return {
    calls,
    kind: () => 'missing',
    readText: unread,
    readBytes: unread,
    list: unread,
    space: unread,
    mount: (source, target, fstype, flags, data) => note('mount', text(source), text(target), text(fstype), flagText(flags), text(data)),
    umount: (target) => note('umount2', text(target), '0'),
    pivotRoot: (newRoot, putOld) => note('pivot_root', text(newRoot), text(putOld)),
    chdir: (path) => note('chdir', text(path)),
    mkdir: (path, mode) => note('mkdir', text(path), octal(mode)),
    rmdir: (path) => note('rmdir', text(path)),
    unlink: (path) => note('unlink', text(path)),
    create(path, content, mode) {
      note('open', text(path), 'O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW', octal(mode));
      note('write', 'fd', text(content));
    },
    removeTree: (path) => note('remove_tree', text(path)),
  };
}
