import type { CauseRow } from './cause-row.js';
import { DEVICE_CAUSES } from './device-causes.js';
import { FILE_SYSTEM_CAUSES } from './file-system-causes.js';
import { FLASH_CAUSES } from './flash-causes.js';
import { INIT_CAUSES } from './init-causes.js';
import { PROGRAM_CAUSES } from './program-causes.js';
import { ROOT_CAUSES } from './root-causes.js';
import { SERVER_CAUSES } from './server-causes.js';

/** Every cause. The same tables are the list for the tests. */
const CAUSES = {
  ...ROOT_CAUSES,
  ...FLASH_CAUSES,
  ...FILE_SYSTEM_CAUSES,
  ...DEVICE_CAUSES,
  ...SERVER_CAUSES,
  ...INIT_CAUSES,
  ...PROGRAM_CAUSES,
};

export type CauseCode = keyof typeof CAUSES;
type CauseData<Code extends CauseCode> =
  (typeof CAUSES)[Code] extends CauseRow<infer Data> ? Data : never;

/** A probable cause as data. */
export type CodedCause = {
  [Code in CauseCode]: { code: Code } & (unknown extends CauseData<Code>
    ? object
    : CauseData<Code>);
}[CauseCode];

const NO_CONSOLE =
  '/dev/console is missing in rootfs, so the first messages of process 1 were lost: ' +
  'add `nod /dev/console 644 0 0 c 5 1` to the built-in cpio';

/** The sentences of a cause and of its cure. */
export function tellCause(
  cause: CodedCause,
  noConsole: boolean,
): { cause: string; todo: string[] } {
  const row = CAUSES[cause.code] as CauseRow<CodedCause>;
  return {
    cause: row.cause(cause),
    todo: [...row.todo(cause), ...(noConsole ? [NO_CONSOLE] : [])],
  };
}
