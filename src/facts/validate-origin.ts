import * as v from 'valibot';
import type { RootOrigin } from './facts.js';
import { contentKind, count, pathKind } from './validate-fields.js';

const region = v.object({ start: count, size: count });
const seconds = v.pipe(v.number(), v.minValue(0));

const deviceTree = v.object({
  model: v.string(),
  compatible: v.array(v.string()),
  cells: v.object({ address: count, size: count }),
  bootargs: v.nullable(v.string()),
  initrd: v.object({ start: v.nullable(count), end: v.nullable(count), bytes: v.array(count) }),
  memory: v.array(region),
  reservations: v.nullable(v.array(region)),
  reserved: v.array(v.object({ ...region.entries, name: v.string() })),
});
const atags = v.object({
  root: v.nullable(v.string()),
  readonly: v.nullable(v.boolean()),
  memory: v.array(region),
  initrd: v.nullable(v.object({ ...region.entries, virtual: v.boolean() })),
  ramdisk: v.nullable(v.object({ size: count, start: count })),
  commandLine: v.nullable(v.string()),
  tags: v.array(v.object({ tag: count, name: v.string(), bytes: count })),
});

/** The form of a facts file's `origin`. The compiler checks that it matches the type Origin. */
export const originOf: v.GenericSchema<unknown, RootOrigin> = v.object({
  log: v.nullable(
    v.object({
      lines: v.array(v.object({ time: v.nullable(seconds), text: v.string() })),
      fromStart: v.boolean(),
      allLevels: v.boolean(),
    }),
  ),
  logBegins: v.nullable(seconds),
  config: v.nullable(v.record(v.string(), v.string())),
  deviceTree: v.nullable(deviceTree),
  atags: v.nullable(atags),
  init: v.nullable(v.object({ program: v.nullable(v.string()), args: v.array(v.string()) })),
  realRootDevice: v.nullable(v.string()),
  types: v.array(v.object({ name: v.string(), device: v.boolean() })),
  partitions: v.array(
    v.object({
      name: v.string(),
      number: v.string(),
      size: count,
      readonly: v.boolean(),
      content: contentKind,
    }),
  ),
  programs: v.array(
    v.object({ path: v.string(), error: v.pipe(v.number(), v.integer()), why: v.string() }),
  ),
  earlyInit: v.object({
    path: v.string(),
    kind: pathKind,
  }),
});
