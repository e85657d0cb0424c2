/**
 * The status for node_exporter's textfile collector: Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
import { RUNG_NAMES } from '../../facts/rungs.js';
import type { FullStatus } from './full-status.js';

/** One value of a metric. */
interface Sample {
  labels?: Record<string, string>;
  value: number;
}

/** A metric without samples is left out. */
interface Metric {
  /** Without `mountroot_`. By Prometheus' convention a counter's name ends in `_total`. */
  name: string;
  help: string;
  samples: (status: FullStatus) => Sample[];
}

/** A number as one sample; no sample for a value that is not known. */
const one = (value: number | null | undefined, labels?: Record<string, string>): Sample[] =>
  value === null || value === undefined ? [] : [{ value, ...(labels && { labels }) }];
const flag = (is: boolean | null): Sample[] => one(is === null ? null : Number(is));
const seconds = (ms: number | null | undefined): Sample[] =>
  one(ms === null || ms === undefined ? null : Number((ms / 1000).toFixed(6)));
const secondsSince1970 = (date: string | null | undefined): Sample[] =>
  one(date ? Date.parse(date) / 1000 : null);

const infoLabels = ({ boot, root }: FullStatus): Record<string, string> => ({
  mountroot: boot?.mountroot ?? '',
  node: boot?.node ?? '',
  kernel: boot?.kernel ?? '',
  fstype: root?.fstype ?? '',
  source: root?.source ?? '',
});

const ROOT: readonly Metric[] = [
  {
    name: 'info',
    help: 'What made the root, and what it is; always 1.',
    samples: (status) => one(1, infoLabels(status)),
  },
  {
    name: 'rung',
    help: 'The rung of the ladder that the root is on: 1 for that one, 0 for the others.',
    samples: ({ rung }) =>
      rung === null
        ? []
        : RUNG_NAMES.map((each) => ({ labels: { rung: each }, value: Number(rung.rung === each) })),
  },
  {
    name: 'reason',
    help: 'Why the root is no better one, "none" where it is the best; always 1.',
    samples: ({ rung }) => (rung === null ? [] : one(1, { reason: rung.reason ?? 'none' })),
  },
  {
    name: 'degraded',
    help: 'Whether the root is less than it should be.',
    samples: ({ degraded }) => flag(degraded),
  },
  {
    name: 'persistent',
    help: 'Whether what is changed on / is still there after a power cycle.',
    samples: ({ changes, persistent }) => flag(changes === 'unknown' ? null : persistent),
  },
  {
    name: 'root_timestamp_seconds',
    help:
      'When the root became what it is, as seconds since 1970; ' +
      'absent while the clock is not set.',
    samples: ({ since }) => secondsSince1970(since?.when),
  },
];

type SpaceValue = (space: NonNullable<FullStatus['space']>) => number | null | undefined;

const ofSpace = (name: string, help: string, value: SpaceValue): Metric => ({
  name: `data_${name}`,
  help,
  samples: ({ space }) =>
    space === null ? [] : one(value(space), { mountpoint: space.mountpoint, fstype: space.fstype }),
});

const SPACE: readonly Metric[] = [
  ofSpace('size_bytes', 'Size of the data volume.', ({ total }) => total),
  ofSpace('free_bytes', 'What statfs(2) promises of it.', ({ free }) => free),
  ofSpace(
    'writable_bytes',
    'What can be written for sure, before compression.',
    ({ writable }) => writable,
  ),
  ofSpace(
    'reserved_bytes',
    'What jffs2 keeps for collecting garbage.',
    ({ jffs2 }) => jffs2?.reserved,
  ),
  ofSpace(
    'inodes',
    'Inodes of the data volume, where their number is fixed.',
    ({ inodes }) => inodes?.total,
  ),
  ofSpace('free_inodes', 'Inodes that are not in use.', ({ inodes }) => inodes?.free),
];

type Health = NonNullable<FullStatus['health']>;
type MtdValue = (mtd: NonNullable<Health['mtd']>) => number | null;
type UbiValue = (ubi: NonNullable<Health['ubi']>) => number | null;

const ofMtd = (name: string, help: string, value: MtdValue): Metric => ({
  name: `mtd_${name}`,
  help,
  samples: ({ health }) =>
    health?.mtd ? one(value(health.mtd), { device: health.mtd.device, name: health.mtd.name }) : [],
});
const ofUbi = (name: string, help: string, value: UbiValue): Metric => ({
  name: `ubi_${name}`,
  help,
  samples: ({ health }) =>
    health?.ubi ? one(value(health.ubi), { device: health.ubi.device }) : [],
});

const MMC_MEMORY = ['a', 'b'] as const;

const FLASH: readonly Metric[] = [
  ofMtd(
    'bad_blocks',
    'Erase blocks of the partition that are marked bad.',
    ({ badBlocks }) => badBlocks,
  ),
  ofMtd(
    'ecc_corrected_total',
    'Bits that ECC has corrected since the kernel started.',
    ({ correctedBits }) => correctedBits,
  ),
  ofMtd(
    'ecc_failures_total',
    'Reads since the kernel started that ECC could not correct.',
    ({ eccFailures }) => eccFailures,
  ),
  ofMtd(
    'ecc_strength',
    'Bits that ECC can correct in one step; 0 where there is no ECC.',
    ({ eccStrength }) => eccStrength,
  ),
  ofMtd(
    'bitflip_threshold',
    'Corrected bits in one read at which a block should be moved.',
    ({ bitflipThreshold }) => bitflipThreshold,
  ),
  ofUbi(
    'erases_max',
    'How often the most worn erase block was erased.',
    ({ maxEraseCount }) => maxEraseCount,
  ),
  ofUbi('bad_blocks', 'Physical erase blocks that are bad.', ({ badBlocks }) => badBlocks),
  ofUbi(
    'reserved_blocks',
    'Erase blocks that are kept to take the place of bad ones.',
    ({ reservedForBad }) => reservedForBad,
  ),
  {
    name: 'mmc_life_used_ratio',
    help:
      'How much of its life an eMMC estimates to have used, of its two kinds of memory; ' +
      'more than 1 is past its end.',
    samples: ({ health }) =>
      MMC_MEMORY.flatMap((memory, index) => {
        const tenths = health?.mmc?.lifeUsed[index];
        return tenths === undefined
          ? []
          : one(tenths / 10, { device: health!.mmc!.device, memory });
      }),
  },
];

const BOOT: readonly Metric[] = [
  {
    name: 'boots_total',
    help: 'Boots on this data volume whose journal was kept.',
    samples: ({ boot }) => one(boot?.number),
  },
  {
    name: 'start_duration_seconds',
    help: 'How long the last start took.',
    samples: ({ boot }) => seconds(boot?.start?.ms),
  },
  {
    name: 'start_exit_code',
    help: 'Exit status of the last start: 0 done, 3 degraded, others failed.',
    samples: ({ boot }) => one(boot?.start?.exit),
  },
  {
    name: 'start_kernel_seconds',
    help: 'When the last start began, in seconds since the kernel started.',
    samples: ({ boot }) => seconds(boot?.start?.at),
  },
  {
    name: 'start_timestamp_seconds',
    help: 'When the last start began, as seconds since 1970; absent while the clock is not set.',
    samples: ({ boot }) => secondsSince1970(boot?.start?.when),
  },
  {
    name: 'done_duration_seconds',
    help: 'How long done took, which confirms a start.',
    samples: ({ boot }) => seconds(boot?.done?.ms),
  },
  {
    name: 'confirmed',
    help: 'Whether this boot was confirmed by done.',
    samples: ({ boot }) => flag(boot && boot.confirmed),
  },
  {
    name: 'unconfirmed_starts',
    help: 'Starts since the last one that was confirmed.',
    samples: ({ boot }) => one(boot?.attempts),
  },
  {
    name: 'warnings',
    help: 'Warnings of this boot.',
    samples: ({ boot }) => one(boot?.warnings.length),
  },
  {
    name: 'attention',
    help: 'Things that somebody should look at (mountroot status names them).',
    samples: ({ attention }) => one(attention.length),
  },
  {
    name: 'pending_reset',
    help: 'Whether the next start resets the settings.',
    samples: ({ pending: { looked, reset } }) =>
      flag(looked ? reset !== null && reset !== 'damaged' : null),
  },
];

const METRICS = [...ROOT, ...SPACE, ...FLASH, ...BOOT];

/** Half a surrogate pair has no form in UTF-8, so it becomes U+FFFD. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');
/** A label's value has backslash, quote and newline escaped; a help text has no quote to escape. */
const inLabel = (text: string): string =>
  wellFormed(text).replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`));
const inHelp = (text: string): string =>
  text.replace(/[\\\n]/g, (each) => (each === '\n' ? '\\n' : '\\\\'));

function line(name: string, { labels = {}, value }: Sample): string {
  const words = Object.entries(labels).map(([label, text]) => `${label}="${inLabel(text)}"`);
  return `${name}${words.length === 0 ? '' : `{${words.join(',')}}`} ${value}\n`;
}

/** A value that is not known is left out. */
export const renderPrometheus = (status: FullStatus): string =>
  METRICS.map(({ name: shortName, help, samples }) => {
    const found = samples(status);
    const name = `mountroot_${shortName}`;
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    const head = `# HELP ${name} ${inHelp(help)}\n# TYPE ${name} ${type}\n`;
    return found.length === 0 ? '' : head + found.map((each) => line(name, each)).join('');
  }).join('');
