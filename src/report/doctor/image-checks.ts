/** The image: its directories, the script that calls mount_root, and mount_root itself. */
import type { Facts } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { DATA, NEW_ROOTS, OLD_ROOT } from '../../facts/places.js';
import { placeTrouble } from '../../plan/mountpoints.js';
import { REASONS } from '../../plan/reasons.js';
import { listed } from '../../text/listed.js';
import {
  RUN_AS_ROOT,
  ON_BOARD,
  ok,
  problem,
  unknown,
  warning,
  type CheckInputs,
  type Finding,
} from './check-rule.js';
import type { LiveRead } from './live-read.js';
import type { Script } from './live-scripts.js';
import type { BeforeStart } from '../root/before-pivot.js';
import { overWords } from '../root/root-words.js';
import { bootsByPreinit } from '../root/todays-root.js';

/** A start needs these mounted before it runs; without a mount, at least the directory. */
const MOUNTED_FIRST = ['/proc', '/sys', '/dev'];
/** mountroot has other places for these, below /tmp. */
const WANTED = [DATA, NEW_ROOTS[0], OLD_ROOT];

function notMounted(start: Facts, { live }: CheckInputs): Finding | null {
  const lacking = MOUNTED_FIRST.filter(
    (path) => visibleAt(start.mounts, path) === undefined && live?.paths[path] !== 'directory',
  );
  if (lacking.length === 0) return null;
  const verb = lacking.length === 1 ? 'is' : 'are';
  const noDirectory = live === null ? '' : ', and no directory';
  return warning(
    `${listed(lacking)} ${verb} not mounted${noDirectory}`,
    '/proc/self/mountinfo',
    'see that the image has the directories, ' +
      'and that preinit mounts proc, sysfs and devtmpfs before it calls mount_root',
  );
}

/** What the paths of the facts are on: the bare image, or a root that is none. */
const placeName = ({ root, rebuilt, facts }: BeforeStart): string =>
  rebuilt === null && overWords(root, facts) !== null ? '/' : 'the image';

function notInImage({ paths, handover }: Facts, on: string): Finding | null {
  if (handover?.ramfs) return null;
  const lacking = WANTED.filter((path) => paths[path] !== undefined && paths[path] !== 'directory');
  if (lacking.length === 0) return null;
  return warning(
    `${on} has no ${listed(lacking)}; mountroot makes do with places below /tmp`,
    lacking.map((path) => `${path} is ${paths[path]}`).join(', '),
    'add the directories to the image, so that mounts are where people look for them',
  );
}

export function directories(inputs: CheckInputs): Finding {
  const { start } = inputs;
  if (start === null)
    return unknown(
      'which directories the image has: a start has covered them, and left no facts',
      "no facts of this boot's start",
      'look on a board that has not started yet',
    );
  const trouble = placeTrouble(start);
  if (trouble !== null) {
    const { found, cure, reason } = trouble;
    const evidence = '/proc/self/mountinfo, lstat(2)';
    return problem(found, evidence, cure ?? REASONS[reason].cure, reason);
  }
  const on = placeName(inputs.before);
  const below = inputs.before.rebuilt !== null && start === inputs.before.facts ? OLD_ROOT : '';
  if (inputs.before.rebuilt?.some(({ code }) => code === 'directories') && below !== '')
    return unknown(
      'which directories the image has: the root of today covers them',
      `nothing was looked at below ${OLD_ROOT}`,
      'gather the facts again with this version',
    );
  return (
    (start.handover ? null : notMounted(start, inputs)) ??
    notInImage(start, on) ??
    ok(
      `${on} has the directories that a root is put together in`,
      `lstat(2) of ${listed(['/tmp', ...WANTED].map((path) => `${below}${path}`))}`,
    )
  );
}

/** Whether the file that mount_root leads to is mountroot. */
const isOurs = (target: string): boolean => /\/mountroot(\.cjs|\/launch)$/.test(target);

/** A call under `timeout`: a program that hangs must not keep a board from its init. */
const LIMITED = /\b(?:timeout|limited)\b[^|;&]*mount_?root\b/;
/** A call of another verb than `start`. */
const LATER = /(?:mount_root|mountroot)\s+(?:done|stop)\b/;

const INSTALL =
  'take the preinit of the emulated board (/usr/share/doc/mountroot/examples/preinit) ' +
  'and write init=/etc/preinit on the kernel command line';

/** Nothing is seen that makes the board call mount_root: is it a board that should? */
function notBootedBy(wanted: readonly string[]): Finding {
  return warning(
    `this board is not seen to boot by ${listed(wanted)}, ` +
      'so nothing is seen that calls mount_root early',
    `no init=/etc/preinit on the kernel command line, and lstat(2) of ${listed(wanted)}`,
    `nothing, if mountroot is not to make its root; else ${INSTALL}`,
  );
}

/**
 * Whether mountroot is expected to make the root: the board boots by a preinit, or from an
 * initramfs that has another root to switch to.
 */
function isExpected(now: Facts): boolean {
  const { handover } = now;
  if (!handover?.ramfs) return bootsByPreinit(now) !== null;
  return handover.pid === 1 || handover.root !== null || handover.asked !== null;
}

/** No script is seen to call mount_root: it cannot be read, it is a program, or it does not. */
function noCaller(
  wanted: readonly string[],
  found: readonly LiveRead<Script>[],
  expected: boolean,
): Finding {
  const programs = found.flatMap((each) =>
    'value' in each && each.value.program ? [each.value.path] : [],
  );
  if (programs.length > 0 && programs.length === found.length)
    return unknown(
      `whether ${listed(programs)} calls mount_root`,
      'it is a program and no script',
      'see what calls mount_root early in the boot',
    );
  const paths = found.flatMap((each) => ('value' in each ? [each.value.path] : []));
  const troubles = found.flatMap((each) => ('trouble' in each ? [each.trouble] : []));
  if (found.length === 0)
    return problem(
      `there is no ${listed(wanted)} that could call mount_root`,
      `lstat(2) of ${listed(wanted)}`,
      INSTALL,
    );
  if (troubles.length > 0)
    return unknown(`whether ${listed(wanted)} calls mount_root`, troubles.join('; '), RUN_AS_ROOT);
  const [finding, evidence] = [
    `${listed(paths)} does not call mount_root`,
    'no line of it names mount_root or mountroot',
  ];
  return expected
    ? problem(finding, evidence, INSTALL)
    : warning(finding, evidence, `nothing, if mountroot is not to make its root; else ${INSTALL}`);
}

/** mountroot made the root of this boot before the root had anything to run. */
const wasMadeInInitramfs = ({ now, start, started }: CheckInputs): boolean =>
  started && start?.handover?.ramfs === true && now.handover?.ramfs !== true;

export function preinit(inputs: CheckInputs): Finding {
  const { now, live } = inputs;
  if (live === null) return ON_BOARD;
  if (wasMadeInInitramfs(inputs))
    return ok(
      'mountroot made the root of this boot in an initramfs, so no preinit needs to call it',
      "the facts of this boot's start",
    );
  const { wanted, found } = live.preinit;
  const expected = isExpected(now);
  if (found.length === 0 && !expected) return notBootedBy(wanted);
  const scripts = found.flatMap((each) => ('value' in each ? [each.value] : []));
  const caller = scripts.find(
    ({ calls, leadsTo }) => leadsTo !== undefined || calls.some((line) => !LATER.test(line)),
  );
  if (caller === undefined) return noCaller(wanted, found, expected);
  if (caller.leadsTo !== undefined)
    return warning(
      `${caller.path} is mountroot itself, so nothing limits its time, ` +
        'and nothing goes on to init if it cannot run',
      `${caller.path} leads to ${caller.leadsTo}`,
      'let a script call it under `timeout`, and go on to init even if it fails ' +
        '(/usr/share/doc/mountroot/examples/preinit)',
    );
  const limited = caller.calls.find((line) => LIMITED.test(line));
  if (limited !== undefined)
    return ok(`${caller.path} calls mount_root under a time limit`, limited);
  const once = live.program !== null && !isOurs(live.program.target) ? 'if it is mountroot, ' : '';
  return warning(
    `${caller.path} calls mount_root without a time limit: ` +
      `${once}a Node that hangs keeps the board from its init`,
    caller.calls[0]!,
    'write `timeout -k 10 600` before it; a board without timeout (OpenWrt) needs nothing, ' +
      'because the launcher ends a call with PREINIT after 11 minutes',
  );
}

export function program({ now, live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  if (live.program === null) {
    const finding = 'there is no mount_root in /sbin, /usr/sbin, /bin or /usr/bin';
    const cure = 'link /sbin/mount_root to /usr/lib/mountroot/launch, as the package does';
    if (live.programTrouble !== undefined)
      return unknown(
        'whether there is a mount_root in /sbin, /usr/sbin, /bin or /usr/bin',
        live.programTrouble,
        RUN_AS_ROOT,
      );
    return isExpected(now)
      ? problem(finding, 'lstat(2)', cure)
      : warning(finding, 'lstat(2)', `nothing, if no script is to call it; else ${cure}`);
  }
  const { path, target } = live.program;
  if (isOurs(target)) return ok(`${path} is mountroot`, `it leads to ${target}`);
  return warning(
    `${path} is another program, as a board's own mount_root may be`,
    `it leads to ${target}`,
    'link it to /usr/lib/mountroot/launch, if mountroot should do its work',
  );
}
