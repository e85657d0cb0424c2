/**
 * Who made the root of today, from facts alone: mountroot, OpenWrt, another program, or nobody. A
 * rule names the facts that it rests on; without them the maker is unknown.
 */
import { bootParameters } from '../../explain/boot-parameters.js';
import type { Facts, Mount } from '../../facts/facts.js';
import { MOUNTS, unreadWords } from '../../facts/kernel-sources.js';
import { visibleAt } from '../../facts/mountinfo.js';
import {
  DATA,
  FLASH_SOURCE,
  OLD_ROOT,
  RAM,
  RAM_SOURCE,
  RECORD_FOLDERS,
  STATE,
  TMP_RECORDS,
} from '../../facts/places.js';
import { problemSentence } from '../../text/problem-text.js';
import { RAM_TYPES, isReadOnly } from './mount-kinds.js';

/**
 * `mountroot`: a start of this boot recorded it. `openwrt`: it has the form of OpenWrt's
 * mount_root, and mountroot recorded no start. `openwrt-form`: the form, and the record cannot be
 * read. `image`: a read-only file system, and nothing is laid over it.
 */
export type RootMaker =
  | 'mountroot'
  | 'openwrt'
  | 'openwrt-form'
  | 'container'
  | 'overlayroot'
  | 'raspi-config'
  | 'live-system'
  | 'systemd-volatile'
  | 'other-overlay'
  | 'initramfs'
  | 'memory'
  | 'image'
  | 'writable'
  | 'unknown';

/** `seen`: somebody recorded it. `concluded`: from what `from` names. */
type Certainty = 'seen' | 'concluded' | 'unknown';

export interface TodaysRoot {
  maker: RootMaker;
  certainty: Certainty;
  fstype: string | null;
  source: string | null;
  /** What it is concluded from, or why it is not known; clauses. */
  from: string[];
}

/** The inputs of a rule. */
interface RootLook {
  facts: Facts;
  root: Mount;
}

interface MakerRule {
  maker: RootMaker;
  certainty: Certainty;
  /** The evidence, as clauses; null if the rule does not fit. */
  from: (look: RootLook) => string[] | null;
}

const isOverlay = ({ fstype }: Mount): boolean => fstype.startsWith('overlay');

/** The value of an option of the overlay, such as `upperdir=`. */
const optionOf = ({ superOptions }: Mount, name: string): string | null =>
  superOptions.find((option) => option.startsWith(name))?.slice(name.length) ?? null;

/** The first of an overlay's directories that fits. */
function layerLike(root: Mount, pattern: RegExp): string | null {
  if (!isOverlay(root)) return null;
  return (
    root.superOptions.find((option) =>
      /^(?:upperdir|workdir|lowerdir\+?)=/.test(option) ? pattern.test(option) : false,
    ) ?? null
  );
}

const seenIn = (clause: string | null): string[] | null => (clause === null ? null : [clause]);

/** The forms in which OpenWrt's mount_root and mountroot leave a root behind. */
function openwrtForm({ facts: { mounts }, root }: RootLook): string | null {
  const named = [FLASH_SOURCE, RAM_SOURCE].includes(root.source);
  if (isOverlay(root) && named) return `the overlay on / has the source ${root.source}`;
  const image = visibleAt(mounts, OLD_ROOT);
  if (image === undefined || !isReadOnly(image)) return null;
  const upper = optionOf(root, 'upperdir=');
  const inside = [DATA, RAM].find((path) => upper === path || upper?.startsWith(`${path}/`));
  if (isOverlay(root) && inside !== undefined)
    return `the overlay on / has its upper layer on ${inside}, and the image is on ${OLD_ROOT}`;
  return isOverlay(root)
    ? null
    : `the image, ${image.fstype} ${image.source}, is on ${OLD_ROOT}, where an external root ` +
        'leaves it';
}

/** systemd gives services a /tmp of their own: a directory of the real one, or a mount over it. */
const hasOwnTmp = (mounts: readonly Mount[]): boolean => {
  const all = mounts.filter(({ mountpoint }) => mountpoint === '/tmp');
  return all.length > 1 || all.some(({ root }) => root !== '/');
};

const isOfRecords = (path: string): boolean =>
  RECORD_FOLDERS.some((folder) => path === folder || path === `${folder}/${STATE}`);

/** The reason why the record of a start cannot tell; null if it could. */
function recordTrouble({ findings, configuration, mounts }: Facts): string | null {
  if (hasOwnTmp(mounts))
    return 'this program has a /tmp of its own (PrivateTmp), without the record of the boot';
  const mine = findings.find(
    (each) =>
      (each.code === 'not-ours' && isOfRecords(each.path)) ||
      (each.code === 'not-understood' && isOfRecords(each.file)),
  );
  if (mine !== undefined) return problemSentence(mine);
  return configuration.settings.first === 'script'
    ? 'a script is set to make the root first, and it leaves no record if the agent does not run'
    : null;
}

const hasWord = (commandLine: string, word: RegExp): string | null =>
  word.exec(commandLine)?.[0].trim() ?? null;

const onCommandLine = ({ facts }: RootLook, word: RegExp): string[] => {
  const found = hasWord(facts.kernel.commandLine, word);
  return found === null ? [] : [`the kernel command line has ${found}`];
};

const RULES: readonly MakerRule[] = [
  {
    maker: 'mountroot',
    certainty: 'seen',
    from: ({ facts }) =>
      facts.state === null ? null : [`${facts.state.file ?? `${TMP_RECORDS}/${STATE}`} records it`],
  },
  {
    maker: 'openwrt-form',
    certainty: 'unknown',
    from: (look) => {
      const [form, trouble] = [openwrtForm(look), recordTrouble(look.facts)];
      return form === null || trouble === null ? null : [form, trouble];
    },
  },
  {
    maker: 'openwrt',
    certainty: 'concluded',
    from: (look) => {
      const form = openwrtForm(look);
      return form === null ? null : [form, 'mountroot recorded no start in this boot'];
    },
  },
  {
    maker: 'container',
    certainty: 'concluded',
    from: ({ root }) =>
      seenIn(
        layerLike(
          root,
          /\/(?:docker\/(?:image|overlay)|containers\/storage\/overlay|io\.containerd\.snapshotter|lx[cd]\/|podman)/,
        ),
      ),
  },
  {
    maker: 'systemd-volatile',
    certainty: 'concluded',
    from: ({ root }) => seenIn(layerLike(root, /=\/run\/systemd\//)),
  },
  {
    maker: 'raspi-config',
    certainty: 'concluded',
    from: (look) => {
      const words = onCommandLine(look, /(?:^|\s)boot=overlay(?=\s|$)/);
      return isOverlay(look.root) && words.length > 0 ? words : null;
    },
  },
  {
    maker: 'overlayroot',
    certainty: 'concluded',
    from: (look) => {
      if (!isOverlay(look.root)) return null;
      const layer = layerLike(look.root, /=\/media\/root-r[ow](?:\/|:|$)/);
      const from = [
        ...(layer === null ? [] : [layer]),
        ...onCommandLine(look, /(?:^|\s)overlayroot=\S+/),
      ];
      return from.length === 0 ? null : from;
    },
  },
  {
    maker: 'live-system',
    certainty: 'concluded',
    from: (look) => {
      if (!isOverlay(look.root)) return null;
      const layer = layerLike(look.root, /=\/(?:run\/live|cow|run\/initramfs\/live)(?:\/|:|$)/);
      const from = [
        ...(layer === null ? [] : [layer]),
        ...onCommandLine(look, /(?:^|\s)(?:boot=(?:live|casper)|rd\.live\.\S+)(?=\s|$)/),
      ];
      return from.length === 0 ? null : from;
    },
  },
  {
    maker: 'other-overlay',
    certainty: 'concluded',
    from: ({ root }) => (isOverlay(root) ? [`/ is ${root.fstype} ${root.source}`] : null),
  },
  {
    maker: 'initramfs',
    certainty: 'concluded',
    from: ({ root, facts }) =>
      ['rootfs', 'ramfs'].includes(root.fstype) || facts.handover?.ramfs === true
        ? [`/ is ${root.fstype}`]
        : null,
  },
  {
    maker: 'memory',
    certainty: 'concluded',
    from: ({ root }) => (RAM_TYPES.includes(root.fstype) ? [`/ is ${root.fstype}`] : null),
  },
  {
    maker: 'image',
    certainty: 'concluded',
    from: ({ root }) =>
      isReadOnly(root) ? [`/ is ${root.fstype} ${root.source}, mounted read-only`] : null,
  },
  {
    maker: 'writable',
    certainty: 'concluded',
    from: ({ root }) => [`/ is ${root.fstype} ${root.source}, mounted for writing`],
  },
];

/** Who made the root of these facts. */
export function todaysRoot(facts: Facts): TodaysRoot {
  const root = visibleAt(facts.mounts, '/');
  if (root === undefined)
    return {
      maker: 'unknown',
      certainty: 'unknown',
      fstype: null,
      source: null,
      from: [unreadWords(facts, MOUNTS) ?? `${MOUNTS} shows nothing on /`],
    };
  for (const { maker, certainty, from } of RULES) {
    const evidence = from({ facts, root });
    if (evidence !== null)
      return { maker, certainty, fstype: root.fstype, source: root.source, from: evidence };
  }
  throw new Error('the last rule always fits');
}

/** The boot goes through OpenWrt's preinit, as far as these facts show. */
export function bootsByPreinit(facts: Facts): string | null {
  const { init } = bootParameters(facts.kernel.commandLine);
  if (init === '/etc/preinit') return 'init=/etc/preinit is on the kernel command line';
  if (facts.preinit) return 'this is the early boot';
  const { maker, from } = todaysRoot(facts);
  return maker === 'openwrt' || maker === 'openwrt-form' ? from[0]! : null;
}
