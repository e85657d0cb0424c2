/**
 * The verbs that change a root, in the order in which they are listed. The planners, the boot, the
 * command line and the launcher (native/launch.c, through the build) take the names from here.
 */

interface RootVerbRow {
  /** True if it ends in a root, which it records. */
  makesRoot: boolean;
  /** True if the scripts of a boot call it. It then runs without yargs, and from the kept heap. */
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
/** Whether the verb of a journal, which may be of another version, made a root. */
export const isRootMaker = (word: string): boolean =>
  VERBS.some((verb) => verb === word && makesRoot(verb));

export type BootVerb = {
  [Name in Verb]: (typeof ROWS)[Name]['inBoot'] extends true ? Name : never;
}[Verb];
export const isBootVerb = (word: string): word is BootVerb =>
  VERBS.some((verb) => verb === word && ROWS[verb].inBoot);
export const BOOT_VERBS = VERBS.filter(isBootVerb);
