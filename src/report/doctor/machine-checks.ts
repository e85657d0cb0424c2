/** Node's needs on the board: its native parts, random numbers, memory, a clock. */
import type { Facts } from '../../facts/facts.js';
import { unreadWords } from '../../facts/kernel-sources.js';
import type { LogLine } from '../../facts/kernel-log.js';
import { knownTime } from '../journal/boot-runs.js';
import { KEEP_HEAP_CURE, refusedWords } from '../journal/refused-heaps.js';
import { stamp, size } from '../../text/units.js';
import {
  ON_BOARD,
  ok,
  problem,
  unknown,
  warning,
  type Finding,
  type CheckInputs,
} from './check-rule.js';
import type { Live } from './live.js';

const OLDEST_NODE = 20;

export function node({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  const { version, arch } = live.node;
  const evidence = `process.version of the Node that runs this, ${arch}`;
  if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) < OLDEST_NODE)
    return problem(
      `Node ${version} is older than ${OLDEST_NODE}`,
      evidence,
      `install Node ${OLDEST_NODE} or later; Debian's 24 is what is tested`,
    );
  const { refusedHeaps = [] } = live;
  if (refusedHeaps.length > 0)
    return warning(
      refusedWords(refusedHeaps),
      'the launcher said so, in the kernel log and in the journal of this boot',
      KEEP_HEAP_CURE,
    );
  return ok(`Node ${version} for ${arch}`, evidence);
}

export function native({ now, live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  const folder = `native/${now.platform}-${now.architecture}`;
  if (live.native === null) return ok('the native parts load', `${folder} beside mountroot.cjs`);
  return problem(
    'the native parts cannot be loaded, so nothing can be mounted',
    live.native,
    `install ${folder} beside mountroot.cjs, as the package and \`npm run build\` put it there`,
    'no-native',
  );
}

/** Node asks for random numbers when it starts, and waits until the kernel has some. */
const SLOW_S = 5;
/** drivers/char/random.c. */
const READY = /^random: crng init done/;

const SEED =
  'give the board an rng-seed in its device tree, a driver for its hardware generator, ' +
  'or credit a saved seed before mount_root runs';

/** The kernel's messages, as far as they can be read. */
function kernelLines({ origin }: Facts, live: Live | null): readonly LogLine[] {
  if (live === null) return origin?.log?.lines ?? [];
  return 'value' in live.log ? live.log.value.lines : [];
}

/** The time that Node had to wait, from the kernel log. */
function randomSince(time: number, text: string): Finding {
  const evidence = `the kernel log: "${text}" at ${time.toFixed(1)} s`;
  if (time <= SLOW_S) return ok('random numbers are there when Node asks for them', evidence);
  return warning(
    `the kernel had no random numbers before ${time.toFixed(0)} s, and Node waits for them`,
    evidence,
    SEED,
  );
}

export function entropy({ now, live }: CheckInputs): Finding {
  const ready = kernelLines(now, live).find(({ text }) => READY.test(text));
  if (ready !== undefined && ready.time !== null) return randomSince(ready.time, ready.text);
  if (live === null) return ON_BOARD;
  if (live.generator !== null)
    return ok(
      `a hardware generator gives random numbers: ${live.generator}`,
      '/sys/class/misc/hw_random/rng_current',
    );
  const available = live.entropy === null ? '' : `entropy_avail is ${live.entropy}; `;
  const log = 'trouble' in live.log ? 'cannot be read' : 'does not say when';
  return unknown(
    'how long Node must wait for random numbers at a start: by now they are there',
    `${available}no hardware generator, and the kernel log ${log}`,
    `look into the serial console for "random: crng init done"; if it comes late, ${SEED}`,
  );
}

/**
 * `mountroot start` needs 47 MiB at most, with the memory that its Node shares with others (see
 * `npm run bench`). With less than this in all, the kernel would have to kill another program.
 */
const NEEDED = 64 << 20;

export function memory({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  if (live.memory === null)
    return unknown(
      'how much memory there is',
      unreadWords(live, '/proc/meminfo') ?? '/proc/meminfo is not understood',
      'see that proc is mounted',
    );
  const { total, available } = live.memory;
  // The memory of this Node will be free again when another one starts.
  const free = available === null ? null : available + live.node.rss;
  const left = available === null ? '' : `, ${size(available)} available`;
  const evidence = `/proc/meminfo: ${size(total)} in all${left}`;
  if (total < NEEDED)
    return problem(
      `the board has ${size(total)} of memory, and a start needs about ${size(NEEDED)}`,
      evidence,
      'use the script that `mountroot plan start --format sh` prints, which needs only busybox',
    );
  if (free !== null && free < NEEDED)
    return warning(
      `${size(free)} of memory is available now; a start needs about ${size(NEEDED)}, ` +
        'early in boot when little else runs',
      evidence,
      'see what takes the memory (`ps`, `free`); a start itself comes before other programs',
    );
  return ok('there is memory enough for a start', evidence);
}

export function watchdog({ now, live }: CheckInputs): Finding | null {
  const { watchdog: device } = now.configuration.settings;
  if (device === '')
    return live?.paths['/dev/watchdog'] === 'character'
      ? ok('no watchdog is configured, though there is /dev/watchdog', 'the configuration')
      : null;
  if (live === null) return ON_BOARD;
  const kind = live.paths[device];
  const hidden = unreadWords(live, device);
  if (hidden !== null)
    return unknown(`whether the watchdog ${device} is there`, hidden, 'see what is on /dev');
  if (kind === 'character') return ok(`the watchdog ${device} is there`, 'lstat(2)');
  const is = kind === 'missing' || kind === undefined ? 'not there' : `a ${kind}`;
  return problem(
    `the watchdog ${device} is ${is}`,
    'lstat(2)',
    'build its driver into the kernel, or correct `watchdog` in /etc/mountroot.json',
  );
}

export function clock({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  const evidence = `it shows ${stamp(live.time)} UTC`;
  if (knownTime(live.time) === null)
    return warning(
      'the clock was never set; journals are told apart by their numbers, and have no dates',
      evidence,
      'set it at boot (ntpd, a clock chip, or the time of the last shutdown from a file)',
    );
  return ok('the clock is set', evidence);
}
