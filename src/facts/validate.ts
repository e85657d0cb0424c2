import * as v from 'valibot';
import { FACTS_SCHEMA, type Facts } from './facts.js';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const pathKind = v.picklist(['missing', 'directory', 'file', 'symlink', 'block', 'character', 'other']);
const content = v.object({
  kind: v.picklist(['jffs2', 'ubi', 'ubifs', 'ext4', 'f2fs', 'squashfs', 'blank', 'erase-marker', 'unknown', 'unreadable']),
  evidence: v.string(),
});
const mount = v.object({
  id: count,
  parent: count,
  device: v.string(),
  root: v.string(),
  mountpoint: v.string(),
  options: v.array(v.string()),
  shared: v.exactOptional(count),
  master: v.exactOptional(count),
  unbindable: v.exactOptional(v.literal(true)),
  fstype: v.string(),
  source: v.string(),
  superOptions: v.array(v.string()),
});

/** The form of a facts file; that it is that of Facts, the compiler checks. */
const facts: v.GenericSchema<unknown, Facts> = v.object({
  schema: v.literal(FACTS_SCHEMA),
  platform: v.string(),
  architecture: v.string(),
  uid: v.pipe(v.number(), v.integer()),
  kernel: v.object({ release: v.string(), commandLine: v.string(), filesystems: v.array(v.string()) }),
  preinit: v.boolean(),
  mtd: v.array(v.object({ index: count, name: v.string(), size: count, eraseBlock: count })),
  mounts: v.array(mount),
  paths: v.record(v.string(), pathKind),
  volume: v.object({
    name: v.string(),
    namedBy: v.picklist(['fstools_overlay_name', 'default']),
    found: v.array(count),
    source: v.nullable(v.string()),
    content: v.nullable(content),
  }),
  problems: v.array(v.string()),
});

/** A facts file's text as facts. @throws {Error} whose message is one sentence that names the first thing that is wrong. */
export function parseFacts(text: string, name: string): Facts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is not a facts file: it is not JSON (${(error as Error).message}); make one with \`mountroot facts >FILE\``);
  }
  const result = v.safeParse(facts, value);
  if (!result.success) {
    const [issue] = result.issues;
    const where = v.getDotPath(issue) ?? 'the whole';
    const wrong = issue.received === 'undefined' ? 'is missing' : `should be ${issue.expected} and is ${issue.received}`;
    throw new Error(`${name} is not a facts file: ${where} ${wrong}; make one with \`mountroot facts >FILE\``);
  }
  const { volume, mtd, mounts } = result.output;
  const missing = volume.found.find((index) => !mtd.some((partition) => partition.index === index));
  if (missing !== undefined) throw new Error(`${name} contradicts itself: volume.found names mtd${missing}, which mtd does not list; make a new one with \`mountroot facts >FILE\``);
  if (volume.found.length === 1 && volume.source === null) throw new Error(`${name} contradicts itself: the volume was found, but volume.source is null; make a new one with \`mountroot facts >FILE\``);
  if (new Set(mounts.map(({ id }) => id)).size < mounts.length) throw new Error(`${name} contradicts itself: two mounts have the same id; make a new one with \`mountroot facts >FILE\``);
  return result.output;
}
