/**
 * What leads to a start and away from it: the image's directories, who calls mountroot, who
 * confirms it, the command line, the configuration.
 */
import type { Facts } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { DATA, FIRST_SCRIPT, NEW_ROOTS, OLD_ROOT } from '../../facts/places.js';
import { placeTrouble } from '../../plan/mountpoints.js';
import { describe } from '../../volumes/device.js';
import { isFileSystem } from '../../volumes/file-systems.js';
import { bootParameters } from '../../explain/boot-parameters.js';
import { whatToDo } from '../status/what-to-do.js';
import {
  isAboutSettings,
  problemCure,
  problemParts,
  problemSentence,
} from '../../text/problem-text.js';
import { plural } from '../../text/units.js';
import {
  ON_BOARD,
  ok,
  problem,
  unknown,
  warning,
  type Finding,
  type CheckInputs,
  type CheckRule,
} from './check-rule.js';
import { listed } from '../../text/listed.js';

function directories({ start, live }: CheckInputs): Finding {
  if (start === null)
    return unknown(
      'which directories the image has: a start has covered them, and left no facts',
      "no facts of this boot's start",
      'look on a board that has not started yet',
    );
  const trouble = placeTrouble(start);
  if (trouble !== null) {
    const { found, cure, reason } = trouble;
    return problem(found, '/proc/self/mountinfo, lstat(2)', cure ?? whatToDo(reason)!, { reason });
  }
  const paths = start.handover?.ramfs ? { ...start.paths, ...start.handover.paths } : start.paths;
  const mounted = ['/proc', '/sys', '/dev', '/tmp'].filter(
    (path) => visibleAt(start.mounts, path) === undefined && live?.paths[path] !== 'directory',
  );
  const lacking = mounted.filter((path) => path !== '/tmp');
  if (lacking.length > 0 && !start.handover)
    return warning(
      `${listed(lacking)} ${lacking.length === 1 ? 'is' : 'are'} not mounted${live === null ? '' : ', and no directory'}`,
      '/proc/self/mountinfo',
      'see that the image has the directories, and that preinit mounts proc, sysfs and devtmpfs before it calls mount_root',
    );
  const optional = [DATA, NEW_ROOTS[0], OLD_ROOT].filter(
    (path) => paths[path] !== undefined && paths[path] !== 'directory',
  );
  if (optional.length > 0 && !start.handover?.ramfs)
    return warning(
      `the image has no ${listed(optional)}; mountroot makes do with places below /tmp`,
      optional.map((path) => `${path} is ${paths[path]}`).join(', '),
      'add the directories to the image, so that mounts are where people look for them',
    );
  return ok(
    'the image has the directories that a root is put together in',
    `lstat(2) of ${listed(['/tmp', DATA, NEW_ROOTS[0], OLD_ROOT])}`,
  );
}

/** A program that may hang must not keep a board from its init. */
const LIMITED = /\btimeout\b[^|;&]*mount_?root\b/;

function preinit({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  const { wanted, found } = live.preinit;
  const readable = found.flatMap((each) => ('value' in each ? [each.value] : []));
  const troubles = found.flatMap((each) => ('trouble' in each ? [each.trouble] : []));
  const install =
    'take the preinit of the emulated board (/usr/share/doc/mountroot/examples/preinit) and write init=/etc/preinit on the kernel command line';
  if (found.length === 0)
    return problem(
      `there is no ${listed(wanted)} that could call mount_root`,
      `lstat(2) of ${listed(wanted)}`,
      install,
    );
  const caller = readable.find(({ calls }) =>
    calls.some((line) => !/(?:mount_root|mountroot)\s+(?:done|stop)\b/.test(line)),
  );
  if (caller === undefined)
    return troubles.length > 0
      ? unknown(
          `whether ${listed(wanted)} calls mount_root`,
          troubles.join('; '),
          'run `mountroot doctor` as root',
        )
      : problem(
          `${listed(readable.map(({ path }) => path))} does not call mount_root`,
          'no line of it names mount_root or mountroot',
          install,
        );
  const line = caller.calls.find((each) => LIMITED.test(each)) ?? caller.calls[0]!;
  if (LIMITED.test(line)) return ok(`${caller.path} calls mount_root under a time limit`, line);
  if (line.startsWith('('))
    return warning(
      `${caller.path} is mountroot itself, so nothing limits its time, and nothing goes on to init if it cannot run`,
      line.slice(1, -1),
      'let a script call it under `timeout`, and go on to init whatever comes of it (/usr/share/doc/mountroot/examples/preinit)',
    );
  return warning(
    `${caller.path} calls mount_root without a time limit: a Node that hangs keeps the board from its init`,
    line,
    'write `timeout -k 10 600` before it',
  );
}

function program({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  if (live.program === null)
    return problem(
      'there is no mount_root in /sbin, /usr/sbin, /bin or /usr/bin',
      'lstat(2)',
      'link /sbin/mount_root to /usr/lib/mountroot/launch, as the package does',
    );
  const { path, target } = live.program;
  if (/\/mountroot(\.cjs|\/launch)$/.test(target))
    return ok(`${path} is mountroot`, `it leads to ${target}`);
  return warning(
    `${path} is another program, as a board's own mount_root may be`,
    `it leads to ${target}`,
    'link it to /usr/lib/mountroot/launch, when this program shall do its work',
  );
}

function confirmed({ now, live, started }: CheckInputs): Finding {
  const { opened, configuration } = now;
  const limit = configuration.settings.boot_limit;
  if (limit === 0)
    return ok(
      'starts that are not confirmed are not counted, for boot_limit is 0',
      'the configuration',
    );
  const evidence =
    opened === null ? 'the journal of this boot' : `${opened.at}/.mountroot/attempts`;
  if (opened !== null && opened.attempts === null)
    return warning(
      'the count of starts that were not confirmed is damaged',
      evidence,
      'nothing: the next start begins it anew',
    );
  const count = opened?.attempts ?? 0;
  const calls =
    'call `mount_root done` late in boot (see /etc/init.d/rcS of the emulated board), or set boot_limit to 0';
  if (count >= limit)
    return problem(
      `${plural(count, 'start')} in a row never reached \`done\`, and boot_limit is ${limit}: the next start leaves the settings out`,
      evidence,
      whatToDo('boot-loop')!,
      { reason: 'boot-loop' },
    );
  if (live?.confirmed === true)
    return ok(
      'mount_root done has confirmed the start of this boot',
      '/tmp/mountroot/journal.ndjson',
    );
  if (count > 1)
    return warning(
      `${plural(count, 'start')} in a row never reached \`done\`; at ${limit} the settings are left out`,
      evidence,
      calls,
    );
  if (live === null)
    return opened === null
      ? ON_BOARD
      : ok(
          `${count === 0 ? 'the last start was confirmed' : 'one start waits to be confirmed'}; boot_limit is ${limit}`,
          evidence,
        );
  if (live.doneCallers.length === 0)
    return warning(
      `no script is seen to call \`mount_root done\`: after ${limit} starts the settings would be left out, as in a boot loop`,
      '/etc/init.d, /etc/rc.d, /etc/rc.local, /etc/inittab and the units of systemd',
      calls,
    );
  if (started && count > 0)
    return warning(
      'the start of this boot is not confirmed yet',
      `${evidence} is ${count}; ${live.doneCallers[0]} calls done`,
      'wait for the boot to end; if it has ended, run `mountroot done` and look at what it says',
    );
  return ok(
    `${live.doneCallers[0]} calls mount_root done`,
    `one of its lines; ${evidence} is ${count}`,
  );
}

/** Who makes the root, and what became of a script that went first. */
function first({ now, live }: CheckInputs): Finding {
  const { settings, origins } = now.configuration;
  const from =
    origins.first === undefined
      ? 'the default'
      : origins.first === 'mountroot'
        ? 'mountroot.first= on the kernel command line'
        : origins.first;
  const result = live?.first.result ?? null;
  if (result !== null && result.result !== 'made')
    return warning(
      `the script went first in this boot, and ${result.result === 'cut off' ? 'was cut off' : result.result}${result.why === null ? '' : `: ${result.why}`}; the agent made the root`,
      '/tmp/mountroot/script.log',
      'nothing, where that is so in this boot alone; else capture the facts anew and rebuild the image',
    );
  if (result !== null && (result.differences ?? []).length > 0)
    return problem(
      `the script made a root that start would not have made: ${listed(result.differences!)}`,
      '/tmp/mountroot/journal.ndjson',
      'have the agent make it (mountroot.first=agent), and reboot',
    );
  if (settings.first === 'agent') return ok('the agent makes the root itself', from);
  if (live === null) return ok('a script is to make the root, and the agent to verify it', from);
  if (live.first.kind !== 'file')
    return warning(
      `a script is to make the root, and there is no ${FIRST_SCRIPT}, so the agent does`,
      from,
      'build the image with the facts of this board (board/NAME/facts.json); the build says what is in the way of a script',
    );
  return ok(
    result === null
      ? 'a script is to make the root, and the agent to verify it'
      : 'the script made the root, and the agent has verified it',
    result === null ? from : '/tmp/mountroot/journal.ndjson',
  );
}

/** Devices that the kernel finds only after it has begun to look for its root. */
const LATE = /^(?:\/dev\/(?:mmcblk|sd|nvme|vd)|PART(?:UUID|LABEL)=|UUID=|LABEL=)/;

function rootArgument({ now }: CheckInputs): Finding {
  const { kernel, mtd, handover } = now;
  const { root, wait, delay } = bootParameters(kernel.commandLine);
  const evidence = '/proc/cmdline';
  if (root === null)
    return handover?.ramfs
      ? ok('the command line names no root=, and / is an initramfs', evidence)
      : warning(
          'the kernel command line has no root=, so what becomes the root is left to the boot loader or an initramfs',
          evidence,
          'name the read-only image, as in root=/dev/mtdblock2 rootfstype=squashfs',
        );
  const [, index] = /^\/dev\/mtdblock(\d+)$/.exec(root) ?? [];
  if (index !== undefined && !mtd.some((each) => each.index === Number(index)))
    return problem(
      `root=${root} is a partition that there is not`,
      `/proc/mtd has mtd0 to mtd${mtd.length - 1}`,
      'correct root= or the partition table',
    );
  if (LATE.test(root) && !wait && delay === 0)
    return warning(
      `root=${root} may come later than the kernel looks for it, and there is no rootwait`,
      evidence,
      'write rootwait on the kernel command line',
    );
  return ok(`root=${root}${wait ? ' with rootwait' : ''}`, evidence);
}

function initramfs({ start }: CheckInputs): Finding | null {
  const handover = start?.handover;
  if (!start || !handover?.ramfs) return null;
  const { root, asked, pid, at, programs } = handover;
  const evidence = '/proc/cmdline, /proc/self/mountinfo';
  if (root === null && asked === null && at === null)
    return problem(
      '/ is an initramfs that does not know which root to switch to',
      'the kernel command line has no root=',
      'add root=, or mount it and end /init with `exec mountroot switch-root NEWROOT INIT`',
    );
  if (
    at === null &&
    root !== null &&
    root.found.length === 0 &&
    root.attach === null &&
    !root.patient
  )
    return problem(
      `there is no root=${root.wanted} to switch to`,
      evidence,
      'correct root= on the kernel command line, add rootwait, or build its driver into the kernel',
    );
  if (at === null && root !== null && root.found.length > 1)
    return problem(
      `${root.found.length} devices are called root=${root.wanted}`,
      listed(root.found.map(({ name }) => name)),
      'name one of them',
    );
  const type = root?.content?.kind;
  if (type !== undefined && isFileSystem(type) && !start.kernel.filesystems.includes(type))
    return problem(
      `the root to switch to holds ${type}, which the kernel does not have`,
      '/proc/filesystems',
      `build the kernel with ${type}`,
    );
  if (programs.length > 0 && programs.every(({ trouble }) => trouble !== null))
    return problem(
      'no init of the new root can be run',
      programs.map(({ trouble }) => trouble).join('; '),
      'correct init= or the image',
    );
  if (pid !== 1)
    return warning(
      `/ is an initramfs, which only process 1 can switch away from, and this is process ${pid}`,
      evidence,
      "make mountroot the ramdisk's /init, or end /init with `exec mountroot switch-root NEWROOT INIT`",
    );
  return ok(
    `/ is an initramfs, and ${root === null ? asked : root.found[0] === undefined ? `root=${root.wanted} is waited for` : describe(root.found[0])} is the root to switch to`,
    evidence,
  );
}

function configuration({ now }: CheckInputs): Finding[] {
  const wrong = now.findings.filter(isAboutSettings);
  const set = Object.keys(now.configuration.origins);
  if (wrong.length === 0)
    return [
      ok(
        set.length === 0
          ? 'every setting is the default'
          : `what is set (${listed(set)}) is understood`,
        '/etc/mountroot.json and the kernel command line',
      ),
    ];
  return wrong.map((each) => {
    const { is, holds } = problemParts(each);
    return problem(is, holds ?? 'the next weaker value holds', problemCure(each));
  });
}

function gathered({ now }: CheckInputs): Finding[] | null {
  const others = now.findings.filter((each) => !isAboutSettings(each));
  return others.length === 0
    ? null
    : others.map((each) =>
        unknown(problemSentence(each), 'said while the facts were gathered', problemCure(each)),
      );
}

function notice({ now, live }: CheckInputs): Finding | null {
  if (live === null)
    return now.state === null || now.state.reason === null
      ? null
      : lowered(now, `state.json: ${now.state.rung}, ${now.state.reason}`);
  return live.notice === null
    ? ok('there is no notice for whoever logs in', '/tmp/mountroot/notice')
    : lowered(now, live.notice);
}

const lowered = ({ state }: Facts, evidence: string): Finding =>
  warning(
    `the start of this boot ended on a lower rung (${state?.rung ?? 'unknown'}${state?.reason ? `, ${state.reason}` : ''})`,
    evidence,
    whatToDo(state?.reason ?? null) ?? '`mountroot status` says more',
  );

export const BOOT_RULES: readonly CheckRule[] = [
  { id: 'notice', title: 'this boot', look: notice },
  { id: 'directories', title: 'directories', look: directories },
  { id: 'root-argument', title: 'root=', look: rootArgument },
  { id: 'initramfs', title: 'initramfs', look: initramfs },
  { id: 'preinit', title: 'preinit', look: preinit },
  { id: 'program', title: 'mount_root', look: program },
  { id: 'first', title: 'who goes first', look: first },
  { id: 'done', title: 'done', look: confirmed },
  { id: 'configuration', title: 'configuration', look: configuration },
  { id: 'gathered', title: 'facts', look: gathered },
];
