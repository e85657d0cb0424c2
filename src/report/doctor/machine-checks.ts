/** What Node needs of the board, and what else runs beside a start. */
import { knownTime } from '../journal/boot-runs.js';
import { stamp, size } from '../../text/units.js';
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

const OLDEST_NODE = 20;

function node({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  const { version, arch } = live.node;
  const evidence = `process.version of the Node that runs this, ${arch}`;
  if (Number(/^v(\d+)/.exec(version)?.[1] ?? 0) < OLDEST_NODE)
    return problem(
      `Node ${version} is older than ${OLDEST_NODE}`,
      evidence,
      `install Node ${OLDEST_NODE} or later; Debian's 24 is what is tested`,
    );
  return ok(`Node ${version} for ${arch}`, evidence);
}

function native({ now, live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  const folder = `native/${now.platform}-${now.architecture}`;
  if (live.native === null) return ok('the native parts load', `${folder} beside mountroot.cjs`);
  return problem(
    'the native parts cannot be loaded, so nothing can be mounted',
    live.native,
    `install ${folder} beside mountroot.cjs, as the package and \`npm run build\` put it there`,
    { reason: 'no-native' },
  );
}

/**
 * Node asks for random numbers before it runs a line, and the kernel makes it wait until it has
 * some.
 */
const SLOW_S = 5;

function entropy({ now, live }: CheckInputs): Finding {
  const log =
    live === null ? (now.origin?.log ?? null) : 'value' in live.log ? live.log.value : null;
  const ready = log?.lines.find(({ text }) => /^random: crng init done/.test(text));
  const cure =
    'give the board an rng-seed in its device tree, a driver for its hardware generator, or credit a saved seed before mount_root runs';
  if (ready?.time != null) {
    const evidence = `the kernel log: "${ready.text}" at ${ready.time.toFixed(1)} s`;
    return ready.time > SLOW_S
      ? warning(
          `the kernel had no random numbers before ${ready.time.toFixed(0)} s, and Node waits for them`,
          evidence,
          cure,
        )
      : ok('random numbers are there when Node asks for them', evidence);
  }
  if (live === null) return ON_BOARD;
  if (live.generator !== null)
    return ok(
      `a hardware generator gives random numbers: ${live.generator}`,
      '/sys/class/misc/hw_random/rng_current',
    );
  return unknown(
    'how long Node must wait for random numbers at a start: by now they are there',
    `${live.entropy === null ? '' : `entropy_avail is ${live.entropy}; `}no hardware generator, and the kernel log ${'trouble' in live.log ? 'cannot be read' : 'does not say when'}`,
    `look into the serial console for "random: crng init done"; if it comes late, ${cure}`,
  );
}

/**
 * What `mountroot start` takes at most, with what its Node shares with others (see `npm run
 * bench`): 47 MiB; less than this and something else has to go.
 */
const NEEDED = 64 << 20;

function memory({ live }: CheckInputs): Finding {
  if (live === null) return ON_BOARD;
  if (live.memory === null)
    return unknown(
      'how much memory there is',
      '/proc/meminfo is not understood',
      'see that proc is mounted',
    );
  const { total, available } = live.memory;
  // What this Node itself takes is there again for another one.
  const free = available === null ? null : available + live.node.rss;
  const evidence = `/proc/meminfo: ${size(total)} in all${available === null ? '' : `, ${size(available)} available`}`;
  if (total < NEEDED)
    return problem(
      `the board has ${size(total)} of memory, and a start needs about ${size(NEEDED)}`,
      evidence,
      'use the script that `mountroot plan start --format sh` prints, which needs only busybox',
    );
  if (free !== null && free < NEEDED)
    return warning(
      `${size(free)} of memory is available now; a start needs about ${size(NEEDED)}, early in boot when little else runs`,
      evidence,
      'see what takes the memory (`ps`, `free`); a start itself comes before other programs',
    );
  return ok('there is memory enough for a start', evidence);
}

function watchdog({ now, live }: CheckInputs): Finding | null {
  const { watchdog: device } = now.configuration.settings;
  if (device === '')
    return live?.paths['/dev/watchdog'] === 'character'
      ? ok('no watchdog is configured, though there is /dev/watchdog', 'the configuration')
      : null;
  if (live === null) return ON_BOARD;
  const kind = live.paths[device];
  if (kind === 'character') return ok(`the watchdog ${device} is there`, 'lstat(2)');
  return problem(
    `the watchdog ${device} is ${kind === 'missing' || kind === undefined ? 'not there' : `a ${kind}`}`,
    'lstat(2)',
    'build its driver into the kernel, or correct `watchdog` in /etc/mountroot.json',
  );
}

function clock({ live }: CheckInputs): Finding {
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

export const MACHINE_RULES: readonly CheckRule[] = [
  { id: 'node', title: 'Node', look: node },
  { id: 'native', title: 'native parts', look: native },
  { id: 'entropy', title: 'random numbers', look: entropy },
  { id: 'memory', title: 'memory', look: memory },
  { id: 'watchdog', title: 'watchdog', look: watchdog },
  { id: 'clock', title: 'clock', look: clock },
];
