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

/** A reason as data: its code, and the data for its sentence. */
export type Ground = {
  [Code in GroundCode]: { code: Code } & (unknown extends GroundData<Code>
    ? object
    : GroundData<Code>);
}[GroundCode];

/** A reason and its evidence. */
export interface Because {
  because: Ground;
  evidence: Evidence;
}

type Arguments<Code extends GroundCode> =
  unknown extends GroundData<Code> ? [] : [GroundData<Code>];

/** Makes a reason with its data. Its row gives the evidence. */
export function because<Code extends GroundCode>(code: Code, ...[data]: Arguments<Code>): Because {
  const { kind, from } = GROUNDS[code];
  return { because: { code, ...(data as object | undefined) } as Ground, evidence: { kind, from } };
}

/** Makes a reason that is not sufficient: the outcome is only probable. */
export const unlessSure = (sure: boolean, { because: ground, evidence }: Because): Because => ({
  because: ground,
  evidence: sure ? evidence : { ...evidence, kind: 'unknown' },
});

/** Makes a reason that only assumes the usual case. */
export const assumedFor = ({ because: ground }: Because): Because => ({
  because: ground,
  evidence: { kind: 'unknown', from: 'unknown' },
});

/** The sentence of a reason. */
export function groundSentence(ground: Ground): string {
  const row = GROUNDS[ground.code] as GroundRow<Ground>;
  return row.say(ground);
}
