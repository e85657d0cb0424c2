/** The starts of this boot and of those before: who made the root, and whether it was confirmed. */
import type { ScriptResult } from '../../execute/journal.js';
import type { Facts } from '../../facts/facts.js';
import { FIRST_SCRIPT } from '../../facts/places.js';
import { listed } from '../../text/listed.js';
import { plural } from '../../text/units.js';
import { whatToDo } from '../status/what-to-do.js';
import {
  RUN_AS_ROOT,
  ON_BOARD,
  ok,
  problem,
  problemOf,
  unknown,
  warning,
  type CheckInputs,
  type Finding,
} from './check-rule.js';
import type { Live } from './live.js';

function lowered({ state }: Facts, evidence: string): Finding {
  const rung = state?.rung ?? 'unknown';
  const reason = state?.reason ?? null;
  return warning(
    'the start of this boot ended on a lower rung ' +
      `(${reason === null ? rung : `${rung}, ${reason}`})`,
    evidence,
    whatToDo(reason) ?? '`mountroot status` says more',
  );
}

export function notice({ now, live }: CheckInputs): Finding | null {
  if (live?.noticeTrouble !== undefined)
    return unknown(
      'whether there is a notice that a login shows',
      live.noticeTrouble,
      `see who made ${live.records}, or run \`mountroot doctor\` as root`,
    );
  if (live !== null)
    return live.notice === null
      ? ok('there is no notice that a login shows', `${live.records}/notice`)
      : lowered(now, live.notice);
  const { state } = now;
  if (state === null || state.reason === null) return null;
  return lowered(now, `state.json: ${state.rung}, ${state.reason}`);
}

const CALL_DONE =
  'call `mount_root done` late in boot (see /etc/init.d/rcS of the emulated board), ' +
  'or set boot_limit to 0';

/** The count of starts since the last one that `done` confirmed. */
interface Unconfirmed {
  count: number;
  limit: number;
  /** Where the count was read. */
  evidence: string;
}

function inFacts({ count, limit, evidence }: Unconfirmed, { opened }: Facts): Finding {
  if (opened === null) return ON_BOARD;
  const last = count === 0 ? 'no start waits to be confirmed' : 'one start waits to be confirmed';
  return ok(`${last}; boot_limit is ${limit}`, evidence);
}

function onBoard({ count, limit, evidence }: Unconfirmed, live: Live, started: boolean): Finding {
  const [caller] = live.doneCallers;
  if (caller === undefined && live.scriptsUnread !== undefined)
    return unknown(
      'whether a script calls `mount_root done`',
      `${plural(live.scriptsUnread, 'script')} could not be read`,
      RUN_AS_ROOT,
    );
  if (caller === undefined)
    return warning(
      `no script is seen to call \`mount_root done\`: ` +
        `after ${limit} starts the settings would be left out, as in a boot loop`,
      '/etc/init.d, /etc/rc.d, /etc/rc.local, /etc/inittab and the units of systemd',
      CALL_DONE,
    );
  if (started && count > 0)
    return warning(
      'the start of this boot is not confirmed yet',
      `${evidence} is ${count}; ${caller} calls done`,
      'wait for the boot to end; ' +
        'if it has ended, run `mountroot done` and look at what it says',
    );
  return ok(`${caller} calls mount_root done`, `one of its lines; ${evidence} is ${count}`);
}

export function confirmed({ now, live, started }: CheckInputs): Finding {
  const { opened, configuration } = now;
  const limit = configuration.settings.boot_limit;
  if (limit === 0)
    return ok(
      'starts that are not confirmed are not counted, because boot_limit is 0',
      'the configuration',
    );
  const evidence =
    opened === null ? 'the journal of this boot' : `${opened.at}/.mountroot/attempts`;
  if (opened?.attempts === null)
    return warning(
      'the count of starts that were not confirmed is damaged',
      evidence,
      'nothing: the next start begins it anew',
    );
  const count = opened?.attempts ?? 0;
  const inARow = `${plural(count, 'start')} in a row never reached \`done\``;
  if (count >= limit)
    return problemOf(
      'boot-loop',
      `${inARow}, and boot_limit is ${limit}: the next start leaves the settings out`,
      evidence,
    );
  if (live?.confirmed === true)
    return ok(
      'mount_root done has confirmed the start of this boot',
      '/tmp/mountroot/journal.ndjson',
    );
  if (count > 1)
    return warning(`${inARow}; at ${limit} the settings are left out`, evidence, CALL_DONE);
  const unconfirmed = { count, limit, evidence };
  return live === null ? inFacts(unconfirmed, now) : onBoard(unconfirmed, live, started);
}

/** The setting that says who makes the root. */
function firstOrigin({ configuration }: Facts): string {
  const origin = configuration.origins.first;
  if (origin === undefined) return 'the default';
  return origin === 'mountroot' ? 'mountroot.first= on the kernel command line' : origin;
}

/** The script went first in this boot, and the root is not what a start would have made. */
function scriptTrouble({ result, why, differences = [] }: ScriptResult): Finding | null {
  if (result !== 'made') {
    const ended = result === 'cut off' ? 'was cut off' : result;
    return warning(
      `the script went first in this boot, and ${ended}${why === null ? '' : `: ${why}`}; ` +
        'the agent made the root',
      '/tmp/mountroot/script.log',
      'nothing, if it happened in this boot only; ' +
        'else capture the facts anew and rebuild the image',
    );
  }
  if (differences.length === 0) return null;
  return problem(
    `the script made a root that start would not have made: ${listed(differences)}`,
    '/tmp/mountroot/journal.ndjson',
    'have the agent make it (mountroot.first=agent), and reboot',
  );
}

/** Who makes the root, and how the script that went first ended. */
export function first({ now, live }: CheckInputs): Finding {
  const from = firstOrigin(now);
  const result = live?.first.result ?? null;
  const trouble = result === null ? null : scriptTrouble(result);
  if (trouble !== null) return trouble;
  if (now.configuration.settings.first === 'agent')
    return ok('the agent makes the root itself', from);
  const waits = ok('a script is to make the root, and the agent to verify it', from);
  if (live === null) return waits;
  if (live.first.kind !== 'file')
    return warning(
      `a script is to make the root, and there is no ${FIRST_SCRIPT}, so the agent does`,
      from,
      'build the image with the facts of this board (board/NAME/facts.json); ' +
        'the build says what is in the way of a script',
    );
  return result === null
    ? waits
    : ok(
        'the script made the root, and the agent has verified it',
        '/tmp/mountroot/journal.ndjson',
      );
}
