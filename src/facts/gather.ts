import type { PathKind, Reader } from '../system/port.js';
import { parseCommandLine } from './cmdline.js';
import { FACTS_SCHEMA, type Content, type Facts, type MtdPartition, type Volume } from './facts.js';
import { parseFilesystems } from './filesystems.js';
import { BYTES_LOOKED_AT, identify } from './magic.js';
import { parseMountinfo } from './mountinfo.js';
import { parseMtd } from './mtd.js';

/** The directories that `start` mounts on, moves to or pivots over. */
export const PATHS_NEEDED = ['/overlay', '/mnt', '/rom', '/tmp'] as const;

/** What the process itself is, handed in so that gathering stays a function of its arguments. */
export interface Process {
  platform: string;
  arch: string;
  uid: number;
  env: Record<string, string | undefined>;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Reads all that a decision rests on. Never throws: what cannot be read is an empty fact and a sentence in `problems`, and it is for the plan
 * to say what that means.
 */
export function gather(reader: Reader, { platform, arch, uid, env }: Process): Facts {
  const problems: string[] = [];
  const attempt = <T>(fallback: T, call: () => T): T => {
    try {
      return call();
    } catch (error) {
      problems.push(messageOf(error));
      return fallback;
    }
  };
  const text = (path: string): string => attempt('', () => reader.readText(path));
  const kind = (path: string): PathKind => attempt('missing', () => reader.kind(path));

  const commandLine = text('/proc/cmdline').trimEnd();
  // A kernel without mtd has no /proc/mtd: no partitions, and no problem.
  const mtd = kind('/proc/mtd') === 'missing' ? [] : parseMtd(text('/proc/mtd'), problems);
  return {
    schema: FACTS_SCHEMA,
    platform,
    architecture: arch,
    uid,
    kernel: {
      release: text('/proc/sys/kernel/osrelease').trimEnd(),
      commandLine,
      filesystems: parseFilesystems(text('/proc/filesystems')),
    },
    preinit: Boolean(env['PREINIT']) || kind('/tmp/.preinit') !== 'missing',
    mtd,
    mounts: parseMountinfo(text('/proc/self/mountinfo'), problems),
    paths: Object.fromEntries(PATHS_NEEDED.map((path) => [path, kind(path)])),
    volume: findVolume(reader, commandLine, mtd),
    problems,
  };
}

const messageAsContent = (error: unknown): Content => ({ kind: 'unreadable', evidence: messageOf(error) });

/** The data volume by its exact mtd name. A suffix does not count: `rootfs_data` must not find `old_rootfs_data`. */
function findVolume(reader: Reader, commandLine: string, mtd: readonly MtdPartition[]): Volume {
  const named = parseCommandLine(commandLine).get('fstools_overlay_name');
  const name = named || 'rootfs_data';
  const matches = mtd.filter((partition) => partition.name === name);
  const volume: Volume = {
    name,
    namedBy: named ? 'fstools_overlay_name' : 'default',
    found: matches.map(({ index }) => index),
    source: null,
    content: null,
  };
  const [partition] = matches;
  if (matches.length !== 1 || partition === undefined) return volume;
  return { ...volume, ...examine(reader, partition) };
}

/** Where to mount a partition from, and what it holds. `mtdN` as a source needs no device node, but it gives no bytes to look at. */
function examine(reader: Reader, { index, size, eraseBlock }: MtdPartition): { source: string; content: Content } {
  const node = `/dev/mtdblock${index}`;
  try {
    if (reader.kind(node) !== 'block') return { source: `mtd${index}`, content: { kind: 'unreadable', evidence: `${node} is not there` } };
    const content = identify((block) => reader.readBytes(node, block * eraseBlock, BYTES_LOOKED_AT), Math.floor(size / eraseBlock));
    return { source: node, content };
  } catch (error) {
    return { source: node, content: messageAsContent(error) };
  }
}
