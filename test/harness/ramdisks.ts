/**
 * Makes ramdisks for boards under test. Their init is a program that reports what it finds
 * (native/probe.c). Our own tools read the same bytes for comparison.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Test } from 'tap';
import { buildAgent } from '../../scripts/agent/agent.js';
import { buildProbe } from '../../scripts/agent/native.js';
import { TYPES, type ListedFile } from '../../src/ramdisk/member.js';
import { applyTable } from '../../src/ramdisk/table.js';
import { readTree } from '../../src/ramdisk/source-tree.js';

export interface Workbench {
  /** A path in a folder that is removed when the test ends. */
  path(name: string): string;
  /**
   * Makes a tree: text is a file's content, PROBE the probe, null a directory. Returns its path.
   */
  tree(name: string, files: Record<string, string | Buffer | null>): string;
  /** Runs the agent as a user does. */
  agent(...args: string[]): { status: number | null; stdout: string; stderr: string };
  /** Packs a tree and returns the file. */
  pack(name: string, tree: string, ...options: string[]): string;
  /** Writes a file with the given bytes, such as several ramdisks joined. */
  file(name: string, bytes: Buffer): string;
}

/** Stands for the bytes of the probe. */
export const PROBE = 'the probe';

export async function workbench(t: Test): Promise<Workbench> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-ramdisks-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(await buildProbe(), 'probe');
  const cli = await buildAgent(['host', 'arm']);
  const path = (name: string): string => join(folder, name);
  const agent: Workbench['agent'] = (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    return { status, stdout, stderr };
  };
  return {
    path,
    agent,
    tree(name, files) {
      for (const [file, content] of Object.entries(files)) {
        const full = join(folder, name, file);
        mkdirSync(content === null ? full : dirname(full), { recursive: true });
        if (content === null) continue;
        if (content === PROBE) copyFileSync(program, full);
        else writeFileSync(full, content);
        chmodSync(full, content === PROBE ? 0o755 : 0o640);
        utimesSync(full, 1_000_000_000, 1_000_000_000);
      }
      return path(name);
    },
    pack(name, tree, ...options) {
      const { status, stderr } = agent(
        'ramdisk',
        'pack',
        tree,
        '-o',
        path(name),
        '--owner',
        '0:0',
        ...options,
      );
      if (status !== 0) throw new Error(`packing ${name} ended with ${status}: ${stderr}`);
      return path(name);
    },
    file(name, bytes) {
      writeFileSync(path(name), bytes);
      return path(name);
    },
  };
}

/**
 * The files that the kernel made from a ramdisk, as the probe saw them in its root: one line each,
 * by name.
 */
export function filesSeen(console: string): Map<string, string> {
  const lines = [...console.matchAll(/^probe: file (\S+) (.*?)\r?$/gm)].map(
    ([, name, what]) => [name!, what!] as const,
  );
  return new Map(lines);
}

/**
 * The files that `ramdisk unpack` makes from the same ramdisk, in the same form. Owners and nodes
 * that an ordinary user cannot make come from the table that unpacking writes.
 */
export function filesUnpacked(
  bench: Workbench,
  ramdisk: string,
): { status: number | null; stderr: string; files: Map<string, string> } {
  const [into, table] = [`${ramdisk}.unpacked`, `${ramdisk}.table`];
  const { status, stderr } = bench.agent('ramdisk', 'unpack', ramdisk, into, '--table', table);
  if (!existsSync(into)) return { status, stderr, files: new Map() };
  const members = readTree(into);
  if (existsSync(table)) applyTable(readFileSync(table, 'utf8'), table, members, 0);
  const links = new Map<string, number>();
  for (const { name, same } of members.values())
    links.set(same ?? name, (links.get(same ?? name) ?? 0) + 1);
  const folders = (name: string): number =>
    [...members.values()].filter(
      (each) => each.kind === 'directory' && each.name !== '.' && dirname(each.name) === name,
    ).length;
  const files = new Map<string, string>();
  for (const {
    name,
    kind,
    mode,
    uid,
    gid,
    mtime,
    file,
    same,
    target,
    major,
    minor,
  } of members.values()) {
    if (name === '.') continue;
    const bytes = kind === 'file' ? contentOf(file!) : null;
    const count = kind === 'directory' ? 2 + folders(name) : links.get(same ?? name)!;
    let about = '';
    if (bytes !== null)
      about = ` size=${bytes.length} crc=${crc32(bytes).toString(16).padStart(8, '0')}`;
    else if (major !== undefined) about = ` node=${major}:${minor}`;
    else if (target !== undefined) about = ` -> ${escaped(target)}`;
    files.set(
      `/${escaped(name)}`,
      `${(TYPES[kind] | mode).toString(8)} ${uid}:${gid} links=${count} time=${mtime}${about}`,
    );
  }
  return { status, stderr, files };
}

/** Prints a name in the form that the probe uses. */
const escaped = (name: string): string =>
  [...Buffer.from(name)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, '0')}`,
    )
    .join('');

function contentOf(file: ListedFile): Buffer {
  const fd = file.open();
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
    file.release();
  }
}
