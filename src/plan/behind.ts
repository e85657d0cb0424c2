/**
 * The data volume behind the image on a disk (facts/rootdisk.ts): a loop device shows it, and a
 * file system is made there only by an order: the setting `make`, or OpenWrt's marker 0xdeadc0de,
 * which `mountroot reset` and its own tools write there.
 */
import type { Facts, Rootdisk } from '../facts/facts.js';
import { lackWords, lacksType } from '../facts/kernel-sources.js';
import { BEHIND } from '../facts/rootdisk.js';
import type { Step } from '../steps/step.js';
import { size } from '../text/units.js';
import { isFileSystem } from '../volumes/file-systems.js';
import { SAVE_FIRST } from '../volumes/unreadable.js';
import type { Plan, Verb } from './plan.js';
import { planOf } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';
import { fatal } from './steps.js';

type Made = 'ext4' | 'f2fs';

/** The file system to make, and its program. */
interface Maker {
  fstype: Made;
  program: string;
}

/** The volume is the space behind the image, and no loop device shows it. */
export const isHidden = ({ volume, rootdisk }: Facts): boolean =>
  rootdisk !== undefined &&
  volume.wanted === BEHIND &&
  volume.found.length === 0 &&
  volume.attach === null;

/** The volume is the loop device that shows the space. */
export const isShown = ({ volume, rootdisk }: Facts): boolean =>
  rootdisk !== undefined && rootdisk.loop !== null && volume.found[0]?.name === rootdisk.loop.name;

export const isBehindImage = (facts: Facts): boolean => isHidden(facts) || isShown(facts);

/** The place for a sentence. */
export const behindName = ({ device, used, offset }: Rootdisk): string =>
  `behind the squashfs on ${device} (${size(used)}), from byte ${offset} on`;

/** fstools takes f2fs for more than this (libfstools/common.c: use_f2fs). */
const F2FS_FROM = 100 << 20;

interface Space {
  facts: Facts;
  rootdisk: Rootdisk;
}

const isMarked = ({ rootdisk }: Space): boolean => rootdisk.content.kind === 'erase-marker';

const isOrdered = (space: Space): boolean =>
  isMarked(space) || space.facts.configuration.settings.make !== 'no';

const isFree = (space: Space): boolean => isMarked(space) || space.rootdisk.free !== undefined;

/** The types that may be made, the best one first. */
function candidates({ facts, rootdisk }: Space): Made[] {
  const { make } = facts.configuration.settings;
  if (make === 'ext4' || make === 'f2fs') return [make];
  return rootdisk.size - rootdisk.offset > F2FS_FROM ? ['f2fs', 'ext4'] : ['ext4'];
}

function makerFor(space: Space): Maker | null {
  const { facts, rootdisk } = space;
  const fstype = candidates(space).find(
    (type) => rootdisk.makers?.[type] !== undefined && !lacksType(facts, type),
  );
  return fstype === undefined ? null : { fstype, program: rootdisk.makers![fstype]! };
}

const HOW_TO_MAKE =
  'to have a file system made there, call `mountroot done --set make=auto`, or write ' +
  '`mountroot.make=auto` on the kernel command line or `make` in the /etc/mountroot.json of the ' +
  'image';

export const BEHIND_IMAGE: readonly PlanRule<Space, Maker | Trouble | null, Trouble>[] = [
  {
    id: 'no-driver',
    when: ({ facts, rootdisk }) =>
      isFileSystem(rootdisk.content.kind) && lacksType(facts, rootdisk.content.kind),
    then: (_, trouble) => trouble,
    because: ({ facts, rootdisk }) =>
      troubleOf(
        'no-filesystem',
        `${rootdisk.content.kind} is ${behindName(rootdisk)}, and this kernel does not have it: ` +
          `it ${lackWords(facts, rootdisk.content.kind)}`,
      ),
  },
  {
    id: 'file-system',
    when: ({ rootdisk }) => isFileSystem(rootdisk.content.kind),
    then: () => null,
  },
  {
    id: 'unreadable',
    when: ({ rootdisk }) => rootdisk.content.kind === 'unreadable',
    then: (_, trouble) => trouble,
    because: ({ rootdisk }) =>
      troubleOf(
        'unknown-content',
        `the data cannot be read (${behindName(rootdisk)}): ${rootdisk.content.evidence}`,
        SAVE_FIRST,
      ),
  },
  {
    id: 'in-use',
    when: (space) => !isFree(space),
    then: (_, trouble) => trouble,
    because: ({ rootdisk }) =>
      troubleOf(
        'unknown-content',
        `no file system is ${behindName(rootdisk)}, and something else is ` +
          `(${rootdisk.content.evidence})`,
        'look at it; if nothing there is needed, order `mountroot reset`, ' +
          'and the next start makes a file system',
      ),
  },
  {
    id: 'not-ordered',
    when: (space) => !isOrdered(space),
    then: (_, trouble) => trouble,
    because: ({ rootdisk }) =>
      troubleOf(
        'unknown-content',
        rootdisk.free === 'archive'
          ? `the settings that an upgrade kept are an archive ${behindName(rootdisk)}, ` +
              'and no file system is there yet'
          : `nothing is ${behindName(rootdisk)} yet`,
        HOW_TO_MAKE,
      ),
  },
  {
    id: 'no-program',
    when: (space) => makerFor(space) === null,
    then: (_, trouble) => trouble,
    because: (space) =>
      troubleOf(
        'make-failed',
        `a file system is to be made ${behindName(space.rootdisk)}, and there is no ` +
          `${candidates(space).join(' or ')} in the kernel with its mkfs program in the image`,
      ),
  },
  { id: 'make', when: otherwise, then: makerFor },
];

const decide = (facts: Facts): Maker | Trouble | null =>
  facts.rootdisk === undefined || !isBehindImage(facts)
    ? null
    : firstMatch(BEHIND_IMAGE, { facts, rootdisk: facts.rootdisk });

/** Why the space behind the image is no volume, and none is made; null if it is or will be one. */
export function behindTrouble(facts: Facts): Trouble | null {
  const decided = decide(facts);
  return decided !== null && 'reason' in decided ? decided : null;
}

/** The file system that a start makes there; null if it makes none. */
export function makerOf(facts: Facts): Maker | null {
  const decided = decide(facts);
  return decided !== null && 'program' in decided ? decided : null;
}

export const showBehind = (verb: Verb, facts: Facts): Plan => {
  const { device, offset } = facts.rootdisk!;
  return planOf(verb, facts, {
    stage: 'attach',
    summary: `showing the data ${behindName(facts.rootdisk!)}, as a loop device`,
    steps: [
      fatal('attach-loop', 'The data begin where the image ends, and mount(2) needs a device.', {
        kind: 'attach-loop',
        disk: `/dev/${device}`,
        offset,
      }),
    ],
  });
};

/** OpenWrt's preinit unpacks the settings from here (fstools: libfstools/common.c). */
const UNPACKED = '/tmp/sysupgrade.tar';

const archiveSteps = ({ free, archive }: Rootdisk, device: string): Step[] =>
  free !== 'archive'
    ? []
    : [
        fatal('archive', 'An upgrade kept the settings there; preinit unpacks them from /tmp.', {
          kind: 'unpack-archive',
          device,
          offset: archive!,
          to: UNPACKED,
        }),
      ];

export function makeBehind(verb: Verb, facts: Facts): Plan {
  const { fstype, program } = makerOf(facts)!;
  const device = facts.volume.found[0]!.source;
  const why =
    facts.rootdisk!.content.kind === 'erase-marker'
      ? 'A reset was ordered: 0xdeadc0de stands at its beginning.'
      : 'The setting `make` orders it, and nothing is there.';
  return planOf(verb, facts, {
    stage: 'make',
    summary: `making ${fstype} ${behindName(facts.rootdisk!)}`,
    steps: [
      ...archiveSteps(facts.rootdisk!, device),
      fatal('make', why, {
        kind: 'make-file-system',
        program,
        fstype,
        device,
        label: BEHIND,
      }),
    ],
  });
}
