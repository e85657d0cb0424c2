import { concludedFrom, seenIn, type Evidence, type GroundRow } from './ground-row.js';
import { INIT_GROUNDS } from './init-grounds.js';
import { MOUNT_GROUNDS } from './mount-grounds.js';
import { RAMDISK_GROUNDS } from './ramdisk-grounds.js';

/** Every reason that a decision may have. A new one is a row here or in the tables by subject. */
const GROUNDS = {
  said: seenIn('log', ({ line }: { line: string }) => `the kernel said: "${line.trim()}"`),
  'built-without': concludedFrom(
    'config',
    ({ option }: { option: string }) => `the kernel is built without CONFIG_${option}`,
  ),
  'built-with': concludedFrom('config', ({ option }: { option: string }) => `CONFIG_${option}`),
  'own-command-line': concludedFrom(
    'config',
    ({ own }: { own: string }) => `CONFIG_CMDLINE="${own}"`,
  ),
  ...RAMDISK_GROUNDS,
  ...MOUNT_GROUNDS,
  ...INIT_GROUNDS,
};

export type GroundCode = keyof typeof GROUNDS;
type GroundData<Code extends GroundCode> =
  (typeof GROUNDS)[Code] extends GroundRow<infer Data> ? Data : never;

/** A reason as data: its code, and what its sentence needs. */
export type Ground = {
  [Code in GroundCode]: { code: Code } & (unknown extends GroundData<Code>
    ? object
    : GroundData<Code>);
}[GroundCode];

/** Why something is so, and what that rests on. */
export interface Because {
  because: Ground;
  evidence: Evidence;
}

type Arguments<Code extends GroundCode> =
  unknown extends GroundData<Code> ? [] : [GroundData<Code>];

/** A reason with its data; the evidence is that of its row. */
export function because<Code extends GroundCode>(code: Code, ...[data]: Arguments<Code>): Because {
  const { kind, from } = GROUNDS[code];
  return { because: { code, ...(data as object | undefined) } as Ground, evidence: { kind, from } };
}

/** The same reason where it does not suffice: the outcome is only probable. */
export const unlessSure = (sure: boolean, { because: ground, evidence }: Because): Because => ({
  because: ground,
  evidence: sure ? evidence : { ...evidence, kind: 'unknown' },
});

/** The same reason where nothing but the usual speaks for the outcome. */
export const assumedFor = ({ because: ground }: Because): Because => ({
  because: ground,
  evidence: { kind: 'unknown', from: 'unknown' },
});

/** The sentence of a reason. */
export function groundSentence(ground: Ground): string {
  const row = GROUNDS[ground.code] as GroundRow<Ground>;
  return row.say(ground);
}
