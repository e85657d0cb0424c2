import type { DeviceTree } from '../facts/device-tree.js';
import type { Facts, Mount, Partition } from '../facts/facts.js';
import type { KernelConfig } from '../facts/kernel-config.js';
import { visibleAt } from '../facts/mountinfo.js';
import { bootParameters } from './boot-parameters.js';
import { effectiveCommandLine } from './effective-command-line.js';
import type { KernelInputs, KnownDevice } from './kernel-inputs.js';
import type { KernelMessages } from './messages/message-row.js';
import { because } from './sentences/grounds.js';
import type { CommandLineHolder } from './sentences/ramdisk-decisions.js';
import type { ExplanationSources } from './sources.js';

/**
 * Finds the root that the kernel mounted in the present mounts. Its source is /dev/root, or the
 * name in root= for flash (init/do_mounts.c).
 */
function kernelRootOf(mounts: readonly Mount[], root: string | null): KernelInputs['kernelRoot'] {
  const top = visibleAt(mounts, '/');
  if (top?.fstype === 'rootfs') return 'rootfs';
  const flashName = root !== null && /^(?:mtd|ubi)/.test(root) ? root : null;
  const mount = mounts.find(
    ({ source, root: inside }) =>
      inside === '/' && (source === '/dev/root' || source === flashName),
  );
  return mount === undefined
    ? null
    : { fstype: mount.fstype, device: mount.device, readonly: mount.superOptions.includes('ro') };
}

/**
 * The mounts of today have a root, and none of them is the kernel's: it shows its own as /dev/root,
 * wherever that was moved. In the mounts of a container, whose root is on none of the kernel's, it
 * would not show.
 */
const isOthers = ({ mounts }: Facts): boolean => (visibleAt(mounts, '/')?.parent ?? 2) <= 1;

/** The evidence about this very boot; none for another one. */
function ofThisBoot(
  facts: Facts | null,
  kernelRoot: KernelInputs['kernelRoot'],
): Pick<KernelInputs, 'kernelRoot' | 'realRoot' | 'init' | 'running' | 'rootOfOthers'> {
  if (facts === null) return { kernelRoot: null, realRoot: null, init: null };
  return {
    kernelRoot,
    realRoot: facts.origin?.realRootDevice ?? null,
    init: facts.origin?.init ?? null,
    running: true,
    rootOfOthers: kernelRoot === null && isOthers(facts),
  };
}

/** The default of CONFIG_BLK_DEV_RAM_COUNT, and the largest number that we list. */
const USUAL_RAMDISKS = 16;
const MOST_RAMDISKS = 64;

/** Adds the ramdisks, which exist although no list of partitions shows them. */
function withRamdisks(
  devices: readonly KnownDevice[],
  config: KernelConfig | null,
): readonly KnownDevice[] {
  if (devices.some(({ name }) => name === 'ram0') || config?.['BLK_DEV_RAM'] !== 'y')
    return devices;
  const count = Math.min(MOST_RAMDISKS, Number(config['BLK_DEV_RAM_COUNT'] ?? USUAL_RAMDISKS));
  const ramdisks = Array.from({ length: count }, (_, index): KnownDevice => ({
    name: `ram${index}`,
    number: `1:${index}`,
    content: 'unreadable',
    readonly: false,
  }));
  return [...devices, ...ramdisks];
}

function chosenInitrd(tree: DeviceTree | null): KernelInputs['handed'] {
  const { start = null, end = null } = tree?.initrd ?? {};
  return start !== null && end !== null && end > start
    ? { value: true, ...because('chosen-initrd', { start }) }
    : null;
}

/** Only of a blob that was named, because an initrd that was named is not that of this boot. */
function toldBytes(tree: DeviceTree | null): Pick<KernelInputs, 'toldBytes'> {
  const { start = null, end = null } = tree?.initrd ?? {};
  return start !== null && end !== null && end > start ? { toldBytes: end - start } : {};
}

function taggedInitrd(facts: Facts | null): KernelInputs['handed'] {
  const initrd = facts?.origin?.atags?.initrd;
  if (!initrd) return null;
  const tag = initrd.virtual ? 'ATAG_INITRD' : 'ATAG_INITRD2';
  return { value: true, ...because('atag-initrd', { tag, start: initrd.start }) };
}

/**
 * What the boot loader says about an initrd, in the device tree or in its tags; null if nothing.
 */
function handedOver(sources: ExplanationSources): KernelInputs['handed'] {
  const { facts, deviceTree, commandLine } = sources;
  const tree = deviceTree ?? facts?.origin?.deviceTree ?? null;
  const told = chosenInitrd(tree) ?? taggedInitrd(facts);
  if (told !== null) return told;
  // In the next boot, a boot loader may hand over an initrd that it did not hand over in this one.
  const live = commandLine === null && deviceTree === null;
  return tree !== null && live ? { value: false, ...because('chosen-without-initrd') } : null;
}

/** The command line and its owner. `holder` is null if the kernel printed the line. */
interface SpokenCommandLine {
  text: string;
  holder: CommandLineHolder | null;
  /** False if no source shows it. */
  spoken: boolean;
}

function commandLineOf(
  { commandLine, facts, log, deviceTree }: ExplanationSources,
  seen: KernelMessages,
  config: KernelConfig | null,
): SpokenCommandLine {
  if (seen.commandLine) return { text: seen.commandLine.value, holder: null, spoken: true };
  const ofThisMachine = facts !== null && log === null;
  const handed = commandLine ?? (ofThisMachine ? null : (deviceTree?.bootargs ?? null));
  if (handed !== null) return { ...effectiveCommandLine(handed, config), spoken: true };
  const hidden = facts?.unread?.['/proc/cmdline'] !== undefined;
  return { text: facts?.kernel.commandLine ?? '', holder: null, spoken: ofThisMachine && !hidden };
}

const mtdparts = (commandLine: string): string =>
  /(?:^|\s)mtdparts=(\S+)/.exec(commandLine)?.[1] ?? '';

/** The devices that the log lists, with the facts about them; null if it lists none. */
function listedDevices(
  seen: KernelMessages,
  partitions: readonly Partition[],
): readonly KnownDevice[] | null {
  if (seen.devices.length === 0) return null;
  return seen.devices.map(({ value: { name, number } }) => ({
    name,
    number,
    content: partitions.find((each) => each.name === name)?.content ?? 'unknown',
    readonly: false,
  }));
}

/** The memory that the boot loader names to the kernel; null if unknown. */
function memoryOf({ deviceTree, facts }: ExplanationSources): KernelInputs['memory'] {
  const origin = facts?.origin;
  const memory = (deviceTree ?? origin?.deviceTree)?.memory ?? origin?.atags?.memory ?? [];
  return memory.length === 0 ? null : memory;
}

/** The devices and flash partitions that the kernel finds. */
function hardware(
  sources: ExplanationSources,
  seen: KernelMessages,
  commandLine: string,
  config: KernelConfig | null,
): Pick<KernelInputs, 'devices' | 'mtd'> {
  const { facts } = sources;
  const origin = facts?.origin;
  // With another partition table, the partitions differ from those in the facts.
  const same = facts !== null && mtdparts(commandLine) === mtdparts(facts.kernel.commandLine);
  // A machine shows its devices in /proc/partitions; an empty list shows nothing.
  const listed = same && origin && origin.partitions.length > 0 ? origin.partitions : null;
  const devices = listed ?? listedDevices(seen, origin?.partitions ?? []);
  return {
    devices: devices === null ? null : withRamdisks(devices, config),
    mtd: same ? facts.mtd : null,
  };
}

/**
 * The evidence in a machine's root. Evidence about the machine's own boot counts only for that
 * boot.
 */
function rootOf(
  facts: Facts | null,
  live: boolean,
): Pick<
  KernelInputs,
  'programs' | 'kernelRoot' | 'realRoot' | 'init' | 'running' | 'rootOfOthers'
> {
  const origin = facts?.origin;
  const mounted =
    facts === null
      ? null
      : kernelRootOf(facts.mounts, bootParameters(facts.kernel.commandLine).root);
  return {
    programs: {
      on: mounted === null || mounted === 'rootfs' ? null : mounted.device,
      found: origin?.programs ?? [],
    },
    ...ofThisBoot(live ? facts : null, mounted),
  };
}

/** The root in a tag list. The kernel ignores the tags if it has a device tree. */
function tagsOf(facts: Facts | null): KernelInputs['tags'] {
  const { atags = null, deviceTree = null } = facts?.origin ?? {};
  return atags && !deviceTree ? { root: atags.root, readonly: atags.readonly } : null;
}

/** Combines the sources and the messages of the log. */
export function collectInputs(
  sources: ExplanationSources,
  seen: KernelMessages,
): { given: KernelInputs; holder: CommandLineHolder | null } {
  const { facts } = sources;
  const config = sources.config ?? facts?.origin?.config ?? null;
  const { text, holder, spoken } = commandLineOf(sources, seen, config);
  const types = facts?.origin?.types ?? [];
  return {
    holder,
    given: {
      onlySeen: sources.log !== null,
      commandLine: text,
      spoken,
      release: seen.release?.value ?? facts?.kernel.release ?? null,
      config,
      handed: handedOver(sources),
      ...toldBytes(sources.deviceTree),
      memory: memoryOf(sources),
      initrd: sources.initrd,
      types: types.length > 0 ? types : null,
      tags: tagsOf(facts),
      ...hardware(sources, seen, text, config),
      ...rootOf(facts, sources.commandLine === null && sources.log === null),
    },
  };
}
