import * as v from 'valibot';
import { MOUNT_FLAGS, type MountFlag } from '../system/flags.js';
import { problemSchema } from './validate-problem.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import type { FactsProblem } from '../text/problem-text.js';
import { readJson, type JsonRefused } from '../text/read-json.js';
import { FACTS_SCHEMA, type Facts } from './facts.js';
import { MODULE_STATES } from './kernel-modules.js';
import { RUNG_NAMES } from './rungs.js';
import { contentKind, count, pathKind } from './validate-fields.js';
import { origins, settings } from './validate-settings.js';
import { originOf } from './validate-origin.js';

const content = v.object({
  kind: contentKind,
  evidence: v.string(),
  behind: v.exactOptional(count),
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

const device = v.object({
  kind: v.picklist(['mtd', 'ubi', 'block']),
  name: v.string(),
  label: v.string(),
  source: v.string(),
  number: v.nullable(v.string()),
  size: count,
  eraseBlock: v.nullable(count),
});
const volume = v.object({
  wanted: v.string(),
  found: v.array(device),
  content: v.nullable(content),
  attach: v.nullable(count),
});
const order = v.union([
  v.picklist(['damaged', 'unreadable']),
  v.object({ keep: v.array(v.string()) }),
]);
const opened = v.object({
  at: v.string(),
  fstype: v.string(),
  readonly: v.boolean(),
  state: v.picklist(['fresh', 'unknown', 'pending', 'ready', 'damaged']),
  attempts: v.nullable(count),
  order: v.nullable(order),
  upgrade: v.boolean(),
  upper: pathKind,
  work: pathKind,
  incoming: pathKind,
  switched: v.exactOptional(v.literal(true)),
  imported: v.exactOptional(
    v.object({ ordered: v.boolean(), next: pathKind, former: pathKind, same: v.boolean() }),
  ),
  stray: v.exactOptional(v.object({ kind: pathKind, aside: v.string() })),
  persist: v.exactOptional(v.array(v.object({ path: v.string(), upper: pathKind }))),
  quarantine: v.array(v.string()),
  identity: v.nullable(v.string()),
});
const fstab = v.object({
  file: v.string(),
  delay: v.nullable(count),
  flags: v.array(v.picklist(Object.keys(MOUNT_FLAGS) as MountFlag[])),
  data: v.nullable(v.string()),
  image: v.nullable(v.string()),
  owner: v.nullable(v.string()),
  anybodys: v.boolean(),
});
const external = v.object({
  ...volume.entries,
  fstab: v.exactOptional(fstab),
  at: v.nullable(v.string()),
  readonly: v.boolean(),
  order: v.exactOptional(order),
  identity: v.nullable(v.string()),
  upper: pathKind,
  work: pathKind,
  init: v.boolean(),
  offered: v.string(),
});
const state = v.object({
  rung: v.picklist(RUNG_NAMES),
  reason: v.nullable(v.string()),
  file: v.exactOptional(v.string()),
});

const handover = v.object({
  pid: count,
  ramfs: v.boolean(),
  root: v.nullable(
    v.object({
      ...volume.entries,
      fstypes: v.array(v.string()),
      options: v.nullable(v.string()),
      writable: v.boolean(),
      patient: v.boolean(),
    }),
  ),
  asked: v.nullable(v.string()),
  at: v.nullable(v.string()),
  paths: v.record(v.string(), pathKind),
  programs: v.array(v.object({ path: v.string(), trouble: v.nullable(v.string()) })),
  args: v.array(v.string()),
});

const rootdisk = v.object({
  device: v.string(),
  number: v.string(),
  size: count,
  used: count,
  offset: count,
  content,
  loop: v.nullable(v.object({ name: v.string(), number: v.string() })),
  free: v.exactOptional(v.picklist(['erased', 'archive'])),
  archive: v.exactOptional(count),
  makers: v.exactOptional(
    v.object({ ext4: v.exactOptional(v.string()), f2fs: v.exactOptional(v.string()) }),
  ),
});

const factsFile = v.object({
  schema: v.literal(FACTS_SCHEMA),
  platform: v.string(),
  architecture: v.string(),
  uid: v.pipe(v.number(), v.integer()),
  kernel: v.object({
    release: v.string(),
    commandLine: v.string(),
    filesystems: v.array(v.string()),
  }),
  modules: v.exactOptional(
    v.object({
      loader: v.string(),
      types: v.record(
        v.string(),
        v.object({ state: v.picklist(MODULE_STATES), file: v.nullable(v.string()) }),
      ),
    }),
  ),
  preinit: v.boolean(),
  failsafe: v.exactOptional(v.literal(true)),
  shutdown: v.boolean(),
  configuration: v.object({ settings, origins }),
  mtd: v.array(v.object({ index: count, name: v.string(), size: count, eraseBlock: count })),
  mounts: v.array(mount),
  paths: v.record(v.string(), pathKind),
  volume,
  opened: v.nullable(opened),
  persist: v.exactOptional(v.array(v.object({ path: v.string(), at: v.string(), kind: pathKind }))),
  external: v.nullable(external),
  // Older files have no such field.
  handover: v.optional(v.nullable(handover), null),
  mountOptions: v.exactOptional(v.string()),
  pstoreBy: v.exactOptional(v.string()),
  state: v.nullable(state),
  unread: v.exactOptional(v.record(v.string(), v.string())),
  origin: v.exactOptional(originOf),
  rootdisk: v.exactOptional(rootdisk),
  rootProtected: v.exactOptional(v.literal(true)),
  problems: v.array(v.string()),
  // Older files have sentences only.
  findings: v.optional(v.array(v.unknown()), []),
});

/** A problem whose code is unknown here keeps its sentence. */
const findingOf = (text: string, finding: unknown): FactsProblem => {
  const known = v.safeParse(problemSchema, finding);
  return known.success ? known.output : { code: 'other', text };
};

/** The form of a facts file. The compiler checks that it matches the type Facts. */
const facts: v.GenericSchema<unknown, Facts> = v.pipe(
  factsFile,
  v.transform(({ findings, ...others }) => ({
    ...others,
    findings: others.problems.map((text, index) => findingOf(text, findings[index])),
  })),
);

const AGAIN = 'make one with `mountroot facts >FILE`';

function json(text: string, name: string): unknown {
  try {
    return readJson(text, JSON_LIMITS.facts);
  } catch (error) {
    const { code, message } = error as JsonRefused;
    const said = code === 'no-json' ? `is not JSON (${message})` : message;
    throw new Error(`${name} is not a facts file: it ${said}; ${AGAIN}`, { cause: error });
  }
}

/** Returns the first error and its place. */
function wrongness(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? 'the whole';
  return issue.received === 'undefined'
    ? `${where} is missing`
    : `${where} should be ${issue.expected} and is ${issue.received}`;
}

/** Describes a contradiction between fields of a facts file; null if there is none. */
function contradiction({ volume, mtd, mounts }: Facts): string | null {
  const missing = volume.found.find(
    ({ kind, name }) => kind === 'mtd' && !mtd.some(({ index }) => name === `mtd${index}`),
  );
  if (missing !== undefined) return `volume.found names ${missing.name}, which mtd does not list`;
  return new Set(mounts.map(({ id }) => id)).size < mounts.length
    ? 'two mounts have the same id'
    : null;
}

/**
 * Parses the text of a facts file.
 * @throws {Error} with one sentence that names the first error.
 */
export function parseFacts(text: string, name: string): Facts {
  const result = v.safeParse(facts, json(text, name));
  if (!result.success)
    throw new Error(`${name} is not a facts file: ${wrongness(result.issues[0])}; ${AGAIN}`);
  const against = contradiction(result.output);
  if (against !== null)
    throw new Error(
      `${name} contradicts itself: ${against}; make a new one with \`mountroot facts >FILE\``,
    );
  return result.output;
}
