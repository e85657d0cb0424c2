import * as v from 'valibot';
import type { FactsProblem } from '../text/problem-text.js';

/**
 * The form of an entry in a facts file's `findings`. The compiler checks that no code is missing.
 */
const FORMS = {
  'unknown-setting': v.object({
    code: v.literal('unknown-setting'),
    from: v.string(),
    setting: v.string(),
    known: v.array(v.string()),
  }),
  'bad-setting': v.object({
    code: v.literal('bad-setting'),
    from: v.string(),
    setting: v.string(),
    value: v.string(),
    expected: v.string(),
    holds: v.string(),
  }),
  'settings-no-object': v.object({
    code: v.literal('settings-no-object'),
    file: v.string(),
    list: v.boolean(),
  }),
  'settings-no-json': v.object({
    code: v.literal('settings-no-json'),
    file: v.string(),
    why: v.string(),
  }),
  'settings-refused': v.object({
    code: v.literal('settings-refused'),
    file: v.string(),
    why: v.string(),
  }),
  'fstab-line': v.object({
    code: v.literal('fstab-line'),
    file: v.string(),
    line: v.number(),
    what: v.string(),
  }),
  'fstab-broken': v.object({
    code: v.literal('fstab-broken'),
    file: v.string(),
    why: v.string(),
  }),
  'bad-line': v.object({ code: v.literal('bad-line'), file: v.string(), line: v.string() }),
  'not-understood': v.object({
    code: v.literal('not-understood'),
    file: v.string(),
    why: v.string(),
  }),
  'not-read': v.object({
    code: v.literal('not-read'),
    text: v.string(),
    errno: v.nullable(v.string()),
  }),
  fault: v.object({ code: v.literal('fault'), part: v.string(), text: v.string() }),
  'not-ours': v.object({ code: v.literal('not-ours'), path: v.string(), why: v.string() }),
  other: v.object({ code: v.literal('other'), text: v.string() }),
} satisfies {
  [Code in FactsProblem['code']]: v.GenericSchema<unknown, Extract<FactsProblem, { code: Code }>>;
};

export const problemSchema: v.GenericSchema<unknown, FactsProblem> = v.union(Object.values(FORMS));
