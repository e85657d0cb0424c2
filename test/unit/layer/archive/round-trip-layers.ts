/** Layers through an archive and back, below the directory that is this program's argument. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import {
  checkArchive,
  prepare,
  type Layering,
} from '../../../../src/layer/archive/import-archive.js';
import { layerTar, type ExportReport, type Use } from '../../../../src/layer/archive/tar-writer.js';
import { archiveDoor } from '../../../../src/system/archive-ffi.js';
import { system } from '../../../../src/system/ffi.js';
import type { System } from '../../../../src/system/port.js';

export const work = process.argv[2]!;
export const at = (...parts: string[]): string => join(work, ...parts);
/** The value of security.capability for a file with cap_net_raw. */
export const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

export const report = (): ExportReport => ({
  entries: 0,
  whiteouts: 0,
  opaque: 0,
  bytes: 0,
  problems: [],
});

/** Our system with a door that gives each entry by itself. */
export function entryByEntry(): System {
  const tree = { ...system.tree };
  delete tree.layer;
  return { ...system, tree };
}

async function archiveOf(how: System, top: string, told: ExportReport, use: Use): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // A chunk is copied, because its memory may be used again.
  for await (const chunk of layerTar(how, top, told, use)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The archive of a layer. @throws unless C and TypeScript write the same one, and say the same. */
export async function exported(top: string, told = report()): Promise<Buffer> {
  const archive = await archiveOf(system, top, told, { passing: false });
  for (const how of [entryByEntry(), system]) {
    const again = report();
    const other = await archiveOf(how, top, again, { passing: true });
    if (!other.equals(archive) || JSON.stringify(again) !== JSON.stringify(told))
      throw new Error(`another archive of ${top}: ${JSON.stringify([told, again])}`);
  }
  return archive;
}

export async function imported(
  archive: Buffer,
  next: string,
  more: Partial<Layering> = {},
): Promise<string[]> {
  fs.writeFileSync(at('archive'), archive);
  const job = {
    ...{ file: at('archive'), upper: null, merge: false, bytes: 1 << 27, privileged: true },
    ...{ ordinary: archiveDoor(), ...more },
  };
  const checked = await checkArchive(system, job);
  return [...checked.warnings, ...(await prepare(system, job, checked, next))];
}

/** All parts of a layer's tree, in a fixed order; hard links by the first name. */
export function listing(top: string, { opaque = true } = {}): string[] {
  const first = new Map<number, string>();
  const look = (path: string): string[] => {
    const place = path === '' ? top : `${top}/${path}`;
    const { kind, mode, uid, gid, mtime, node, links, inode } = system.details(place);
    if (node === '0:0') return [`${path} whiteout`];
    if (kind !== 'directory' && links > 1 && !first.has(inode)) first.set(inode, path);
    const attributes = [...system.attributes(place)]
      .filter(([name]) => opaque || !name.startsWith('trusted.overlay.'))
      .map(([name, value]) => `${name}=${value.toString('hex')}`)
      .sort();
    let content = node;
    if (kind === 'file') content = fs.readFileSync(place).toString('base64');
    else if (kind === 'symlink') content = fs.readlinkSync(place);
    const same = kind === 'directory' ? '' : (first.get(inode) ?? '');
    return [
      `${path} ${kind} ${mode.toString(8)} ${uid}:${gid} ${mtime} ${same} ${content} ` +
        attributes.join(' '),
      ...(kind === 'directory'
        ? system.list(place).flatMap((name) => look(path === '' ? name : `${path}/${name}`))
        : []),
    ];
  };
  return look('');
}
