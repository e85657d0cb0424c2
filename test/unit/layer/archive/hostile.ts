/** A volume that imports a malicious archive, and the files beside it. */
import {
  existsSync,
  lstatSync,
  lutimesSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import {
  checkArchive,
  prepare,
  type Layering,
} from '../../../../src/layer/archive/import-archive.js';
import { reader, writer } from '../../../../src/system/files.js';
import { nodeDoor } from '../../../fixtures/node-door.js';
import type { System } from '../../../../src/system/port.js';
import { removeTreeAt } from '../../../../src/system/remove-tree-at.js';

/** The kernel calls that an ordinary user has without native parts. */
export const system = {
  ...reader,
  ...writer,
  tree: nodeDoor,
  removeTree: (path: string) => removeTreeAt(nodeDoor, path),
  setOwner: () => {},
  makeNode: (path: string) => writeFileSync(path, '', { flag: 'wx' }),
  setModified: (path: string, time: bigint) =>
    lutimesSync(path, Number(time / 1_000_000_000n), Number(time / 1_000_000_000n)),
  attributes: () => new Map<string, Buffer>(),
  setAttribute: () => {},
  syncfs: () => {},
} as unknown as System;

export interface Place {
  folder: string;
  job: Layering;
  /** Everything outside, to compare. */
  canary: () => string[];
}

/** Everything below a directory, each with its path, mode, time and content. */
export function tree(top: string): string[] {
  return readdirSync(top, { withFileTypes: true }).flatMap((each) => {
    const path = join(top, each.name);
    const stat = lstatSync(path);
    let says = '';
    if (each.isFile()) says = readFileSync(path, 'latin1');
    else if (each.isSymbolicLink()) says = readlinkSync(path);
    return [
      `${path} ${stat.mode} ${stat.mtimeMs} ${says}`,
      ...(each.isDirectory() ? tree(path) : []),
    ];
  });
}

/** A volume with an upper layer that has a symlink out of it, and a canary beside it. */
export function place(t: Test, archive: Buffer, more: Partial<Layering> = {}): Place {
  const folder = t.testdir({
    canary: { etc: { passwd: 'root' }, empty: {} },
    upper: { etc: { mine: 'mine' } },
    'archive.tar': '',
  });
  symlinkSync(join(folder, 'canary'), join(folder, 'upper', 'out'));
  writeFileSync(join(folder, 'archive.tar'), archive);
  return {
    folder,
    job: {
      file: join(folder, 'archive.tar'),
      upper: join(folder, 'upper'),
      merge: false,
      bytes: 1 << 20,
      privileged: true,
      ordinary: null,
      ...more,
    },
    canary: () => [...tree(join(folder, 'canary')), ...tree(join(folder, 'upper'))],
  };
}

/** The sentence that refuses an archive, from the check and from the import. */
export async function refused({ folder, job, canary }: Place): Promise<string> {
  const before = canary().join('\n');
  const said = await checkArchive(reader, job).then(
    () => '',
    (error: Error) =>
      error.name === 'ArchiveError' ? error.message.replace(folder, '') : `${error.stack}`,
  );
  // Without the check, the import would refuse it too.
  const made = await prepare(
    system,
    job,
    { counts: {} as never, warnings: [], hidden: new Set(), digest: 'none' },
    join(folder, 'next'),
  ).then(
    () => 'it was made',
    (error: Error) => error.message.replace(folder, ''),
  );
  if (made !== said) return `the second check says otherwise: ${made}`;
  if (made === 'it was made' || existsSync(join(folder, 'next'))) return 'something was left of it';
  return canary().join('\n') === before ? said : 'the canary is dead';
}
