/**
 * How the agent is installed on a board, and how it is started there. The build passes these values
 * to native/launch.c (scripts/agent/launcher.ts). /etc/preinit repeats some of them, and
 * test/unit/native/shared-constants.test.ts compares them.
 */

/** The folder of the agent, and the Node that runs it. */
export const HOME = '/usr/lib/mountroot';
export const NODE = '/usr/bin/node';

/**
 * The agent, the file of its boots, that of its reports, and that of the verbs that walk through
 * whole layers.
 */
export const AGENT_FILE = 'mountroot.cjs';
export const BOOTS_FILE = 'mountroot-boot.cjs';
export const REPORTS_FILE = 'mountroot-cli.cjs';
export const LAYER_FILE = 'mountroot-layer.cjs';

/** The second line of each, by which a heap knows its agent (src/kept-heap/same-program.ts). */
export const buildLine = (build: string): string => `//build ${build}\n`;

/** Beside them: the heaps that a boot and reports go on with (src/kept-heap). */
export const HEAP_FILE = 'boot.heap';
export const REPORTS_HEAP = 'reports.heap';

/**
 * The descriptor of a pipe from the launcher to Node. Once the agent has written to it, the heap
 * was usable, and the launcher does not start the agent again without it.
 */
export const BEGUN_FD = 3;

/**
 * The environment variable by which the launcher tells the agent which heap was refused: of another
 * Node or another agent, or damaged.
 */
export const HEAP_REFUSED = 'MOUNTROOT_HEAP_REFUSED';

/**
 * Node's option for the agent. By default V8 seeds the hashes of strings anew in each process. Then
 * it must hash all strings of its start-up snapshot again and find three large primes. That is 95
 * of the 335 ms that `node -e 0` takes, and all of its variation. The seeds protect a server from a
 * flood of colliding names, but the names here are on the board's own flash.
 */
export const NO_REHASH = '--no-rehash-snapshot';

/**
 * A report makes a megabyte of short-lived objects, and V8 collects them after each half one where
 * little memory is. This took 11 of the 142 ms of `explain`, 5 of those of `facts`, and 0.2 to 0.6
 * MiB for what then outlived them. The least size counts only up to the greatest.
 */
const YOUNG = ['--min-semi-space-size=2', '--max-semi-space-size=2'];

/**
 * Node's options for writing a heap and for continuing with it in a boot. Without compilers to
 * machine code, a warm start took 341 ms instead of 374, and 3 MiB less. With them, V8 would
 * compile 364 functions of a warm heap, and each would run only once.
 */
export const HEAP_OPTIONS = [NO_REHASH, '--jitless', ...YOUNG];

/**
 * WebAssembly goes with the compilers, and Node 20 warns of that in each run, unless this option
 * says so beforehand. Node 24 does not know it. So keep-heap asks Node, and an empty file NO_WASM
 * beside the heaps says that Node takes it.
 */
export const NO_WASM_OPTION = '--no-expose-wasm';
export const NO_WASM = 'no-wasm';

/**
 * Seconds after which the launcher ends an agent in the early boot. This is longer than the limit
 * of /etc/preinit (timeout(1), where there is one), and mounting a large jffs2 takes minutes.
 */
export const BOOT_LIMIT_S = 660;

/**
 * Seconds for which a start waits for one volume, whatever the settings say. It may wait for two of
 * them, and /etc/preinit ends it after 600 s, with no root made.
 */
export const WAIT_AT_MOST_S = 240;

/**
 * The names under which OpenWrt's scripts and people call a factory reset. The launcher calls the
 * agent with CALLED_AS and the name before the caller's own words.
 */
export const RESET_NAMES = ['factoryreset', 'jffs2reset', 'jffs2mark', 'firstboot'] as const;
export const CALLED_AS = 'called-as';

/**
 * The names beside `mountroot` that a package installs as symlinks to it. `firstboot` is a script
 * of OpenWrt's base-files, which calls one of the others.
 */
export const OTHER_NAMES: readonly string[] = [
  'mount_root',
  ...RESET_NAMES.filter((name) => name !== 'firstboot'),
];

/**
 * The text by which /etc/mountroot.json selects the script, with the exact characters that
 * /etc/preinit looks for.
 */
export const FIRST_IS_SCRIPT = '"first": "script"';

/** The first line says how the root is made. The part in the initramfs reads it. */
export const ENABLED = '/etc/mountroot.enabled';

/** How the root is made: its changes are kept on a volume, or in memory. */
const WAYS = ['persistent', 'volatile'] as const;
export type EnabledWay = (typeof WAYS)[number];

/** What the kernel runs then; the name says how the root is made. */
export const PREINITS: Record<EnabledWay, string> = {
  persistent: `${HOME}/preinit`,
  volatile: `${HOME}/preinit-ram`,
};

export const isWay = (name: unknown): name is EnabledWay => WAYS.some((way) => way === name);
