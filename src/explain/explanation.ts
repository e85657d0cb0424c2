import type { DeviceTree } from '../facts/device-tree.js';
import type { Facts, Mount } from '../facts/facts.js';
import type { KernelConfig } from '../facts/kernel-config.js';
import type { KernelLog } from '../facts/kernel-log.js';
import { visibleAt } from '../facts/mountinfo.js';
import type { Status } from '../report/status/root-status.js';
import { adviceOn, type Advice } from './advice.js';
import { bootParameters } from './boot-parameters.js';
import {
  option,
  type KernelDecision,
  type KernelEnd,
  type KernelInputs,
  type Initrd,
} from './kernel-inputs.js';
import { readKernelMessages, type KernelMessages } from './kernel-messages.js';
import { tell } from './story.js';

/** All that an explanation may rest on; null is not there. */
export interface ExplanationSources {
  /** A machine's facts, with their origin where it was gathered. */
  facts: Facts | null;
  /**
   * A command line as a boot loader would hand it over: then the end is foretold, and what the
   * machine shows of its own boot does not count.
   */
  commandLine: string | null;
  config: KernelConfig | null;
  /** A blob that somebody has as a file; a boot loader may still change it. */
  deviceTree: DeviceTree | null;
  initrd: Initrd | null;
  /** A console's log. */
  log: KernelLog | null;
  /** What mountroot itself did in this boot; null where that is not known. */
  ours: Pick<Status, 'summary' | 'rung' | 'start'> | null;
}

export interface Explanation {
  schema: 'mountroot.explain/1';
  of: 'this boot' | 'a console log' | 'a command line';
  kernel: string | null;
  model: string | null;
  commandLine: string;
  decisions: KernelDecision[];
  end: KernelEnd;
  contradictions: string[];
  /** What cannot be known from what there is, a sentence each. */
  unknown: string[];
  /** After a panic, or a wait without an end. */
  advice: Advice | null;
  ours: ExplanationSources['ours'];
}

/**
 * What the kernel makes of the boot loader's command line and its own (drivers/of/fdt.c:
 * early_init_dt_scan_chosen; arch/arm/kernel/atags_parse.c).
 */
export function effectiveCommandLine(
  handed: string,
  config: KernelConfig | null,
): { text: string; why: string } {
  const own = config?.['CMDLINE'] ?? '';
  if (own === '') return { text: handed, why: "it is the boot loader's" };
  if (option(config, 'CMDLINE_FORCE'))
    return {
      text: own,
      why: "CONFIG_CMDLINE_FORCE puts the kernel's own in the place of the boot loader's",
    };
  if (option(config, 'CMDLINE_EXTEND'))
    return {
      text: `${handed} ${own}`.trim(),
      why: "CONFIG_CMDLINE_EXTEND adds the kernel's own to the boot loader's",
    };
  return handed === ''
    ? { text: own, why: 'the boot loader gives none, so CONFIG_CMDLINE holds' }
    : { text: handed, why: "it is the boot loader's, before which CONFIG_CMDLINE gives way" };
}

/**
 * What the mounts of today say of the kernel's own: it calls the source /dev/root, or as root= says
 * for flash names (init/do_mounts.c).
 */
function kernelRootOf(mounts: readonly Mount[], root: string | null): KernelInputs['kernelRoot'] {
  const top = visibleAt(mounts, '/');
  if (top?.fstype === 'rootfs') return 'rootfs';
  const mount = mounts.find(
    ({ source, root: inside }) =>
      inside === '/' &&
      (source === '/dev/root' || (root !== null && /^(?:mtd|ubi)/.test(root) && source === root)),
  );
  return mount === undefined
    ? null
    : { fstype: mount.fstype, device: mount.device, readonly: mount.superOptions.includes('ro') };
}

/** A ramdisk shows in no list of partitions, and is there. */
function withRamdisks(
  devices: KernelInputs['devices'],
  config: KernelConfig | null,
): KernelInputs['devices'] {
  if (
    devices === null ||
    devices.some(({ name }) => name === 'ram0') ||
    config?.['BLK_DEV_RAM'] !== 'y'
  )
    return devices;
  const count = Math.min(64, Number(config['BLK_DEV_RAM_COUNT'] ?? 16));
  return [
    ...devices,
    ...Array.from({ length: count }, (_, index) => ({
      name: `ram${index}`,
      number: `1:${index}`,
      content: 'unreadable' as const,
      readonly: false,
    })),
  ];
}

const mtdparts = (commandLine: string): string | undefined =>
  /(?:^|\s)mtdparts=(\S+)/.exec(commandLine)?.[1];

function handedOver({
  facts,
  deviceTree,
  commandLine,
}: ExplanationSources): KernelInputs['handed'] {
  const tree = deviceTree ?? facts?.origin?.deviceTree ?? null;
  // What a boot loader did last time, or put in a file, it need not do next time.
  const live = commandLine === null && deviceTree === null;
  if (
    tree !== null &&
    tree.initrd.start !== null &&
    tree.initrd.end !== null &&
    tree.initrd.end > tree.initrd.start
  )
    return {
      told: true,
      by: `/chosen says that it lies at 0x${tree.initrd.start.toString(16)}`,
      evidence: 'device-tree',
    };
  const tags = facts?.origin?.atags?.initrd;
  if (tags)
    return {
      told: true,
      by: `ATAG_INITRD${tags.virtual ? '' : '2'} says that it lies at 0x${tags.start.toString(16)}`,
      evidence: 'facts',
    };
  return tree !== null && live
    ? { told: false, by: '/chosen has no linux,initrd-start', evidence: 'device-tree' }
    : null;
}

function collect(
  sources: ExplanationSources,
  seen: KernelMessages,
): { given: KernelInputs; own: string } {
  const { facts, config: file } = sources;
  const origin = facts?.origin ?? null;
  const config = file ?? origin?.config ?? null;
  const live = sources.commandLine === null && sources.log === null;
  const spoken =
    sources.commandLine ??
    (facts === null || sources.log !== null ? (sources.deviceTree?.bootargs ?? null) : null);
  const effective = seen.commandLine
    ? { text: seen.commandLine.value, why: '' }
    : spoken !== null
      ? effectiveCommandLine(spoken, config)
      : { text: facts?.kernel.commandLine ?? '', why: '' };
  // The partitions of another table are not those that were looked at.
  const same =
    facts !== null &&
    (mtdparts(effective.text) ?? '') === (mtdparts(facts.kernel.commandLine) ?? '');
  const listed =
    seen.devices.length > 0
      ? seen.devices.map(({ name, number }) => ({
          name,
          number,
          content:
            origin?.partitions.find((each) => each.name === name)?.content ?? ('unknown' as const),
          readonly: false,
        }))
      : null;
  const mounted =
    facts === null
      ? null
      : kernelRootOf(facts.mounts, bootParameters(facts.kernel.commandLine).root);
  const memory = (sources.deviceTree ?? origin?.deviceTree)?.memory ?? origin?.atags?.memory ?? [];
  const tags =
    origin?.atags && !origin.deviceTree
      ? { root: origin.atags.root, readonly: origin.atags.readonly }
      : null;
  return {
    own: effective.why,
    given: {
      commandLine: effective.text,
      spoken:
        seen.commandLine !== undefined ||
        spoken !== null ||
        (facts !== null && sources.log === null),
      release: seen.release?.value ?? facts?.kernel.release ?? null,
      config,
      handed: handedOver(sources),
      memory: memory.length === 0 ? null : memory,
      initrd: sources.initrd,
      devices: withRamdisks(same && origin !== null ? origin.partitions : listed, config),
      mtd: same ? facts.mtd : null,
      types: origin !== null && origin.types.length > 0 ? origin.types : null,
      programs: {
        on: mounted === null || mounted === 'rootfs' ? null : mounted.device,
        found: origin?.programs ?? [],
      },
      kernelRoot: live ? mounted : null,
      realRoot: live ? (origin?.realRootDevice ?? null) : null,
      init: live ? (origin?.init ?? null) : null,
      tags,
    },
  };
}

function unknowns(
  { facts, log, commandLine, initrd }: ExplanationSources,
  seen: KernelMessages,
  { config, handed, devices, spoken }: KernelInputs,
  decisions: readonly KernelDecision[],
): string[] {
  const out: string[] = [];
  const origin = facts?.origin;
  const running = log === null && commandLine === null;
  if (running && origin === undefined)
    out.push(
      'what the kernel said: these facts were gathered without their origin; gather them with `mountroot facts`',
    );
  else if (running && origin?.log === null)
    out.push(
      'what the kernel said: its log cannot be read here; be root, or take the log of the serial console (--console)',
    );
  else if (running && !origin?.log?.fromStart)
    out.push(
      `what the kernel said at its start: its log no longer goes back to the boot (it begins ${origin?.logBegins?.toFixed(1) ?? '?'} s after it); enlarge it with log_buf_len=1M on the command line, or take the log of the serial console (--console)`,
    );
  if (log !== null && !log.fromStart)
    out.push("what the kernel said at its start: the console's log begins later");
  else if (log !== null && !log.allLevels)
    out.push(
      'what the kernel said below the level of the console (quiet, loglevel=): what is not in this log may have been said',
    );
  if (!spoken) out.push('the command line: nothing shows it; give it with --cmdline');
  if (config === null)
    out.push(
      `how the kernel is configured${running ? ': there is no /proc/config.gz' : ''}; give its .config with --config`,
    );
  if (devices === null && commandLine !== null)
    out.push(
      "which devices and file systems there are: give the board's facts with --facts (`mountroot facts >FILE` on it)",
    );
  if (handed?.told === true && initrd === null && seen.runs.length === 0)
    out.push(
      'what the initrd holds: its memory is given back once it is unpacked; give the file with --initrd',
    );
  if (running && decisions.some(({ certain }) => !certain))
    out.push('what is marked as assumed: it is what a kernel usually does with this command line');
  return out;
}

/** After the kernel's own end, what the machine shows today. */
function today({ facts, ours }: ExplanationSources, decisions: KernelDecision[]): void {
  const init = facts?.origin?.init;
  if (init)
    decisions.push({
      id: 'process-1-now',
      question: 'what is process 1 by now?',
      answer: `${init.args[0] || init.program || 'a program without a name'}${init.program !== null && init.program !== init.args[0] ? ` (${init.program})` : ''}`,
      because: '/proc/1 shows it',
      evidence: 'facts',
      certain: true,
    });
  if (ours)
    decisions.push({
      id: 'root-now',
      question: 'what is / by now?',
      answer: ours.summary,
      because: '/proc/self/mountinfo shows it',
      evidence: 'facts',
      certain: true,
    });
}

/** How a root came to be, or would. */
export function explain(sources: ExplanationSources): Explanation {
  const { facts, log, commandLine } = sources;
  const seen = readKernelMessages(
    log ?? (commandLine === null ? (facts?.origin?.log ?? null) : null),
  );
  const { given, own } = collect(sources, seen);
  const { decisions, end, contradictions } = tell(given, seen);
  if (own !== '' && given.config !== null)
    decisions.unshift({
      id: 'command-line',
      question: 'whose command line holds?',
      answer: own,
      because: `CONFIG_CMDLINE="${given.config['CMDLINE'] ?? ''}"`,
      evidence: 'config',
      certain: true,
    });
  if (
    log !== null &&
    commandLine !== null &&
    seen.commandLine &&
    seen.commandLine.value !== commandLine.trim()
  )
    contradictions.push(
      `the command line: the console shows ${JSON.stringify(seen.commandLine.value)}, which is not the one given, and holds`,
    );
  const of =
    log !== null
      ? 'a console log'
      : commandLine !== null || facts === null
        ? 'a command line'
        : 'this boot';
  const cut =
    of === 'a console log' &&
    !seen.panic &&
    !seen.waiting &&
    seen.runs.length === 0 &&
    !seen.started &&
    !seen.down;
  if (of === 'this boot') today(sources, decisions);
  return {
    schema: 'mountroot.explain/1',
    of,
    kernel: given.release,
    model:
      seen.model?.value ?? sources.deviceTree?.model ?? facts?.origin?.deviceTree?.model ?? null,
    commandLine: given.commandLine,
    decisions,
    end: cut
      ? {
          kind: 'unknown',
          because: `the log ends before the kernel is done, with "${seen.last ?? ''}"`,
        }
      : end,
    contradictions,
    unknown: unknowns(sources, seen, given, decisions),
    advice: adviceOn(end, given, seen, decisions),
    ours: of === 'this boot' ? sources.ours : null,
  };
}
