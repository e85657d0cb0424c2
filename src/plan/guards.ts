/**
 * The checks that a script makes before it runs a plan in place of the agent: the board must still
 * be as the plan assumed. The tables below have a row for every fact that a plan can rest on. A new
 * fact does not compile until it has a row that says how a script checks it, or why it need not.
 */
import type { Content, Device, Facts, Mount, MountedVolume, State } from '../facts/facts.js';
import { VOLUME_TYPES } from '../volumes/index.js';
import type { Signature } from '../volumes/volume-type.js';
import { FSTAB } from '../facts/fstab.js';
import { STATES } from '../facts/mounted-volume.js';
import { RECORD_FOLDERS, STATE } from '../facts/places.js';
import {
  ATTEMPTS,
  FORMER_UPPER,
  IMPORT_ORDER,
  INCOMING,
  META,
  NEXT_UPPER,
  ORDER,
  SETTINGS_FILE,
  STATE_LINK,
  UPGRADE,
} from '../facts/places.js';
import type { PathKind } from '../system/port.js';
import type { PlannedStage } from './whole-plan.js';
import { PLANNERS } from './verbs.js';

/** The data that a guard reads, and the value that it expects. */
export type GuardedFact =
  /** Text from /proc, in the form that the functions below write. */
  | { kind: 'words' | 'types' | 'partitions' | 'mounts'; is: string }
  /** The path has one of these file types (lstat(2)). */
  | { kind: 'path'; path: string; kinds: readonly PathKind[] }
  /** The device has one of these signatures. */
  | { kind: 'begins'; device: string; signatures: readonly Signature[] }
  /** The count of starts is below `limit`, or the file is missing. 0 means no limit. */
  | { kind: 'attempts'; path: string; limit: number }
  | { kind: 'link'; path: string; targets: readonly string[] }
  /** The file has no line that may ask for an external volume, or is missing. */
  | { kind: 'no-extroot'; path: string };

export interface Guard {
  look: GuardedFact;
  /** Names the difference if the check fails. The script prints it after "script refused:". */
  says: string;
}

/** A row gives guards, or sentences that say why a script cannot check this fact. */
type GuardRow<T> = (value: T, stage: PlannedStage) => readonly (Guard | string)[];
type Table<T> = { [K in keyof T]-?: GuardRow<T[K]> };

/** No plan depends on this fact, or another row's guard covers it. */
const nothing = (): readonly Guard[] => [];

const KINDS: readonly PathKind[] = [
  'missing',
  'directory',
  'file',
  'symlink',
  'block',
  'character',
  'fifo',
  'socket',
];

const path = (at: string, kinds: readonly PathKind[], says: string): Guard => ({
  look: { kind: 'path', path: at, kinds },
  says,
});

/**
 * The words of the command line that could be settings of ours, or hide one in quotes. A script
 * cannot parse settings, so these words must be the same as in the plan. `first` is left out: it
 * only says whether the script runs.
 */
const settingWords = (commandLine: string): string =>
  commandLine
    .split(/\s+/)
    .filter(
      (word) =>
        /mountroot\.|fstools_overlay_name|"/.test(word) &&
        !/^mountroot\.first=(agent|script)$/.test(word),
    )
    .map((word) => `${word} `)
    .join('');

/** Numbers as /proc/mtd writes them. */
const hex = (value: number): string => value.toString(16).padStart(8, '0');
const partitions = (mtd: Facts['mtd']): string =>
  mtd
    .map(
      ({ index, name, size, eraseBlock }) =>
        `mtd${index}: ${hex(size)} ${hex(eraseBlock)} "${name}";`,
    )
    .join('');

/** Escapes a path as the kernel does in mountinfo (fs/proc_namespace.c: mangle). */
const mangled = (text: string): string =>
  text.replace(
    /[ \t\n\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
const tags = ({ shared, master, unbindable }: Mount): string =>
  [
    shared === undefined ? '' : ` shared:${shared}`,
    master === undefined ? '' : ` master:${master}`,
    unbindable ? ' unbindable' : '',
  ].join('');
const mountTable = (mounts: readonly Mount[]): string =>
  mounts
    .map(
      (mount) =>
        `${mangled(mount.root)} ${mangled(mount.mountpoint)}${tags(mount)} ` +
        `${mount.fstype} ${mangled(mount.source)};`,
    )
    .join('');

/**
 * Whether the planner would make the same plan if the volume held something else. So the planner
 * itself tells which differences a guard may allow.
 */
function alike(
  { facts, earlier: past, plan }: PlannedStage,
  opened: Partial<MountedVolume>,
): boolean {
  const other = PLANNERS[plan.verb](
    { ...facts, opened: { ...facts.opened!, ...opened } },
    { dryRun: true, force: false, earlier: past },
  );
  return (
    other.decision === 'go' &&
    JSON.stringify([other.steps, other.rung, other.reason]) ===
      JSON.stringify([plan.steps, plan.rung, plan.reason])
  );
}

const SETTINGS: Table<Facts['configuration']['settings']> = {
  // Other guards make sure that the command line and the image's own file are unchanged, and that
  // the volume has no settings file.
  volume: nothing,
  wait: nothing,
  boot_limit: nothing,
  journal: nothing,
  keep: nothing,
  persist: (paths) =>
    paths.length === 0 ? [] : ['single paths are to last, which only the agent arranges'],
  extroot_target: nothing,
  first: nothing,
  writable_root: nothing,
  make: nothing,
  watchdog: (device) =>
    device === '' ? [] : [`a watchdog is to be fed (${device}), which only the agent does`],
  extroot: (volume) =>
    volume === ''
      ? []
      : [`an external volume is configured (${volume}), and only the agent knows whose it is`],
};

function contentGuards(device: Device, content: Content | null): (Guard | string)[] {
  const node = device.kind === 'mtd' ? `/dev/mtdblock${device.name.slice(3)}` : device.source;
  const signatures = content === null ? [] : VOLUME_TYPES[content.kind].signatures;
  if (signatures.length === 0)
    return [
      `the volume is ${content?.kind ?? 'not looked at'}, and what it will hold is ` +
        'not known in advance',
    ];
  return [
    path(node, ['block'], `there is no ${node}`),
    {
      look: { kind: 'begins', device: node, signatures },
      says: `${node} does not begin as ${content!.kind} does`,
    },
  ];
}

const FACTS: Table<Omit<Facts, 'opened'>> = {
  schema: nothing,
  // The image is built for one architecture, and preinit runs as root.
  platform: nothing,
  architecture: nothing,
  uid: nothing,
  // Every script checks that it runs in the early boot.
  preinit: nothing,
  // Every script refuses in failsafe mode: the agent does not count such a start.
  failsafe: nothing,
  shutdown: nothing,
  kernel: ({ commandLine, filesystems }) => [
    {
      look: { kind: 'words', is: settingWords(commandLine) },
      says: 'the kernel command line has other settings',
    },
    {
      look: { kind: 'types', is: filesystems.map((name) => `${name} `).join('') },
      says: 'the kernel has other file systems',
    },
  ],
  // The plan has a step that loads them, and the list of loaded types is guarded.
  modules: nothing,
  configuration: ({ settings }, stage) =>
    (Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]).flatMap((key) =>
      (SETTINGS[key] as GuardRow<unknown>)(settings[key], stage),
    ),
  mtd: (mtd) =>
    mtd.length === 0
      ? []
      : [
          {
            look: { kind: 'partitions', is: partitions(mtd) },
            says: 'the flash has other partitions',
          },
        ],
  mounts: (mounts) => [
    { look: { kind: 'mounts', is: mountTable(mounts) }, says: 'other file systems are mounted' },
  ],
  paths: (paths) =>
    Object.entries(paths).flatMap(([at, kind]): (Guard | string)[] =>
      kind === 'other'
        ? [`${at} has a file type that a shell cannot test`]
        : [path(at, [kind], `${at} is not what it was (${kind})`)],
    ),
  volume: ({ wanted, found, content, attach }) => {
    const [device] = found;
    if (attach !== null || device === undefined || found.length !== 1)
      return ['the data volume is not there from the beginning'];
    // The name of an mtd partition is in /proc/mtd, which a guard compares as a whole. A label may
    // name another device in each boot.
    if (device.kind !== 'mtd' && device.source !== wanted)
      return [`the data volume ${wanted} is looked for by its name, and a shell cannot do that`];
    return contentGuards(device, content);
  },
  // A root with paths that last has no script; see the setting.
  persist: nothing,
  external: (external) => (external === null ? [] : ['an external volume is configured']),
  handover: (handover) =>
    handover === null
      ? []
      : ['process 1 is to hand over to another root, out of an initramfs or as init'],
  // The script is planned without any, and preinit gives it none.
  mountOptions: nothing,
  // The image is the one that the script is in.
  pstoreBy: nothing,
  state: () =>
    RECORD_FOLDERS.map((folder) =>
      path(`${folder}/${STATE}`, ['missing'], 'a start was tried in this boot already'),
    ),
  // A kernel without mtd has no /proc/mtd today either.
  unread: (unread = {}) =>
    Object.entries(unread).flatMap(([at, how]) =>
      how === 'absent' ? [] : [`what ${at} shows is not known (${how})`],
    ),
  origin: nothing,
  rootdisk: nothing,
  rootProtected: nothing,
  problems: nothing,
  findings: nothing,
};

/** The rows are in the order of the checks: our folder on the volume first, then its content. */
const OPENED: Table<MountedVolume> = {
  // The script mounts the volume there itself. If the volume is read-only, the next step fails: it
  // writes the count of starts.
  at: nothing,
  fstype: nothing,
  readonly: nothing,
  stray: (_, { facts }) => [
    path(
      `${facts.opened!.at}/${META}`,
      ['directory', 'missing'],
      `${META} on the volume is no directory`,
    ),
  ],
  attempts: (_, { facts }) => [
    {
      look: {
        kind: 'attempts',
        path: `${facts.opened!.at}/${ATTEMPTS}`,
        limit: facts.configuration.settings.boot_limit,
      },
      says: 'the count of starts has reached its limit, or is damaged',
    },
  ],
  state: (_, stage) => {
    const targets = Object.entries(STATES).flatMap(([target, state]: [string, State]) =>
      alike(stage, { state }) ? [target] : [],
    );
    return [
      {
        look: { kind: 'link', path: `${stage.facts.opened!.at}/${STATE_LINK}`, targets },
        says: `the volume is not in use yet, or its mark ${STATE_LINK} is damaged`,
      },
    ];
  },
  order: (_, { facts }) => [
    path(`${facts.opened!.at}/${ORDER}`, ['missing'], 'an order to reset waits'),
  ],
  upgrade: (_, stage) => [
    path(
      `${stage.facts.opened!.at}/${UPGRADE}`,
      KINDS.filter((kind) => alike(stage, { upgrade: kind === 'file' })),
      'a firmware upgrade has left settings',
    ),
  ],
  // What paths have kept is not in use while the whole root lasts.
  persist: nothing,
  upper: (_, stage) => [
    path(
      `${stage.facts.opened!.at}/upper`,
      KINDS.filter((upper) => alike(stage, { upper })),
      'something stands where the upper layer belongs',
    ),
  ],
  work: (_, stage) => [
    path(
      `${stage.facts.opened!.at}/work`,
      KINDS.filter((work) => alike(stage, { work })),
      'something stands where the work directory belongs',
    ),
  ],
  incoming: (_, stage) => [
    path(
      `${stage.facts.opened!.at}/${INCOMING}`,
      KINDS.filter((incoming) => alike(stage, { incoming })),
      'a switch to flash was cut off',
    ),
  ],
  // It matters only if the volume has an incoming layer.
  switched: nothing,
  imported: (_, { facts }) =>
    [IMPORT_ORDER, NEXT_UPPER, FORMER_UPPER].map((name) =>
      path(`${facts.opened!.at}/${name}`, ['missing'], 'an import waits, or is not confirmed'),
    ),
  // It only helps to choose a name for something to put there, and a script puts nothing there.
  quarantine: nothing,
  // It is only used with an external volume.
  identity: nothing,
};

export interface Guards {
  /** They run before anything is changed. */
  before: Guard[];
  /** They run after the first stage, when the volume is mounted. */
  opened: Guard[];
  /** Why no script can replace the agent, one sentence each. */
  never: string[];
}

const rows = <T extends object>(
  table: Table<T>,
  values: T,
  stage: PlannedStage,
): readonly (Guard | string)[] =>
  (Object.keys(table) as (keyof T)[]).flatMap((key) =>
    (table[key] as GuardRow<unknown>)(values[key], stage),
  );

/** The guards of a start with two stages: mounting the volume, and making the root. */
export function guardsOf([open, root]: readonly [PlannedStage, PlannedStage]): Guards {
  const before = rows(FACTS, open.facts, open);
  const settings = path(
    `${root.facts.opened!.at}/upper${SETTINGS_FILE}`,
    ['missing'],
    `the volume has settings of its own in ${SETTINGS_FILE}`,
  );
  const fstabs = [`${root.facts.opened!.at}/upper`, root.facts.opened!.at, ''].map(
    (top): Guard => ({
      look: { kind: 'no-extroot', path: `${top}${FSTAB}` },
      says: `${top}${FSTAB} may ask for an external volume`,
    }),
  );
  const opened = [...rows(OPENED, root.facts.opened!, root), settings, ...fstabs];
  const isGuard = (each: Guard | string): each is Guard => typeof each !== 'string';
  return {
    before: before.filter(isGuard),
    opened: opened.filter(isGuard),
    never: [...before, ...opened].filter((each) => typeof each === 'string'),
  };
}
