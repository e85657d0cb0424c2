import { join } from 'node:path';
import {
  AGENT_FILE,
  BEGUN_FD,
  BOOT_LIMIT_S,
  CALLED_AS,
  HEAP_FILE,
  HEAP_OPTIONS,
  HEAP_REFUSED,
  HOME,
  NODE,
  NO_REHASH,
  NO_WASM,
  NO_WASM_OPTION,
  REPORTS_HEAP,
  RESET_NAMES,
} from '../../src/facts/installation.js';
import { VERB_TABLE } from '../../src/cli/verb-table.js';
import { JOURNAL_SCHEMA } from '../../src/execute/journal.js';
import { RECORD_FOLDERS } from '../../src/facts/places.js';
import { BOOT_VERBS, makesRoot } from '../../src/plan/root-verbs.js';
import { cached, digest } from '../lib/cache.js';
import { own } from '../lib/npm.js';
import { compileProgram, compilerVersion, type BoardTarget } from './compile.js';
import { sourceFile } from './native.js';

/** Where the launcher tells of what Node could not. */
const KERNEL_LOG = '/dev/kmsg';
/** The sources of the launcher, the program first. */
export const LAUNCH = ['launch.c', 'launch-ended.h'];

const text = (value: string): string => `"${value}"`;
const texts = (values: readonly string[]): string => values.map(text).join(',');

/** What tests put elsewhere: the time limit of the early boot, the records, and the kernel log. */
interface Elsewhere {
  limit?: number;
  records?: readonly string[];
  log?: string;
}

/** The constants of the agent for native/launch.c, each as `-DNAME=VALUE`. */
export const launcherDefinitions = (
  home: string,
  node: string,
  { limit = BOOT_LIMIT_S, records = RECORD_FOLDERS, log = KERNEL_LOG }: Elsewhere = {},
): string[] =>
  Object.entries({
    HOME: text(home),
    NODE: text(node),
    NO_REHASH: text(NO_REHASH),
    AGENT_FILE: text(AGENT_FILE),
    HEAP_FILE: text(HEAP_FILE),
    HEAP_OPTIONS: texts(HEAP_OPTIONS),
    NO_WASM: text(NO_WASM),
    NO_WASM_OPTION: text(NO_WASM_OPTION),
    REPORTS_HEAP: text(REPORTS_HEAP),
    BEGUN_FD: String(BEGUN_FD),
    RECORDS: texts(records),
    KERNEL_LOG: text(log),
    REFUSED: text(HEAP_REFUSED),
    BOOT_LIMIT: String(limit),
    BOOT_VERBS: texts(BOOT_VERBS),
    ROOT_VERBS: texts(BOOT_VERBS.filter(makesRoot)),
    BOOT_OPTIONS: texts(['--force', '--after-script']),
    FILE_VERBS: texts([
      CALLED_AS,
      ...VERB_TABLE.filter(({ keepsFile }) => keepsFile).map(({ name }) => name),
    ]),
    CALLED_AS: text(CALLED_AS),
    RESET_NAMES: texts(RESET_NAMES),
    JOURNAL_SCHEMA: text(JOURNAL_SCHEMA),
    VERSION: text(own.version),
  }).map(([name, value]) => `-D${name}=${value}`);

/** Builds the launcher, which a board calls as mountroot. */
export async function buildLauncher(target: BoardTarget): Promise<string> {
  const definitions = launcherDefinitions(HOME, NODE);
  const folder = await cached(
    'launcher',
    {
      target,
      sources: digest(...LAUNCH.map(sourceFile)),
      compiler: await compilerVersion(target),
      definitions,
    },
    async (made) =>
      compileProgram(target, sourceFile(LAUNCH[0]!), join(made, 'launch'), definitions),
  );
  return join(folder, 'launch');
}
