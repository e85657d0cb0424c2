/**
 * The verbs that change a root, in the order in which they are listed. The planners, the boot, the
 * command line and the launcher (native/launch.c, through the build) have their names from here.
 */

interface RootVerbRow {
  /** It ends in a root, and records which. */
  makesRoot: boolean;
  /** The scripts of a boot call it, so it runs without yargs, and from the kept heap. */
  inBoot: boolean;
}

const ROWS = {
  start: { makesRoot: true, inBoot: true },
  ram: { makesRoot: true, inBoot: true },
  'switch-root': { makesRoot: true, inBoot: false },
  done: { makesRoot: false, inBoot: true },
  stop: { makesRoot: false, inBoot: true },
  reset: { makesRoot: false, inBoot: false },
} as const satisfies Record<string, RootVerbRow>;

export type Verb = keyof typeof ROWS;
export const VERBS = Object.keys(ROWS) as Verb[];

export const makesRoot = (verb: Verb): boolean => ROWS[verb].makesRoot;

export type BootVerb = {
  [Name in Verb]: (typeof ROWS)[Name]['inBoot'] extends true ? Name : never;
}[Verb];
export const isBootVerb = (word: string): word is BootVerb =>
  VERBS.some((verb) => verb === word && ROWS[verb].inBoot);
export const BOOT_VERBS = VERBS.filter(isBootVerb);
