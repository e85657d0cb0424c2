import type { Rung } from '../../facts/facts.js';
import type { FullStatus } from './full-status.js';

/** One value of a metric. */
interface Sample {
  labels?: Record<string, string>;
  value: number;
}

interface Metric {
  name: string;
  type: 'gauge' | 'counter';
  help: string;
  samples: Sample[];
}

const RUNGS: readonly Rung[] = ['persistent', 'kept-read-only', 'volatile', 'rom'];

/**
 * The text format's own escapes: of a label's value backslash, quote and newline; of a help text no
 * quote (exposition_formats, "Comments, help text, and type information").
 */
/** Half a surrogate pair has no form in UTF-8. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');
const inLabel = (text: string): string =>
  wellFormed(text).replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`));
const inHelp = (text: string): string =>
  text.replace(/[\\\n]/g, (each) => (each === '\n' ? '\\n' : '\\\\'));

function line(name: string, { labels = {}, value }: Sample): string {
  const words = Object.entries(labels).map(([label, text]) => `${label}="${inLabel(text)}"`);
  return `${name}${words.length === 0 ? '' : `{${words.join(',')}}`} ${value}`;
}

const flag = (is: boolean): number => (is ? 1 : 0);
const one = (value: number | null | undefined, labels?: Record<string, string>): Sample[] =>
  value === null || value === undefined ? [] : [{ value, ...(labels && { labels }) }];
const seconds = (ms: number | null | undefined): number | null =>
  ms === null || ms === undefined ? null : Number((ms / 1000).toFixed(6));

function rootMetrics({ rung, degraded, persistent, root, boot, since }: FullStatus): Metric[] {
  const info = {
    mountroot: boot?.mountroot ?? '',
    node: boot?.node ?? '',
    kernel: boot?.kernel ?? '',
    fstype: root?.fstype ?? '',
    source: root?.source ?? '',
  };
  return [
    {
      name: 'mountroot_info',
      type: 'gauge',
      help: 'What made the root, and what it is; always 1.',
      samples: [{ labels: info, value: 1 }],
    },
    {
      name: 'mountroot_rung',
      type: 'gauge',
      help: 'The rung of the ladder that the root is on: 1 for that one, 0 for the others.',
      samples:
        rung === null
          ? []
          : RUNGS.map((each) => ({ labels: { rung: each }, value: flag(rung.rung === each) })),
    },
    {
      name: 'mountroot_reason',
      type: 'gauge',
      help: 'Why the root is no better one, "none" where it is the best; always 1.',
      samples: rung === null ? [] : [{ labels: { reason: rung.reason ?? 'none' }, value: 1 }],
    },
    {
      name: 'mountroot_degraded',
      type: 'gauge',
      help: 'Whether the root is less than it should be.',
      samples: degraded === null ? [] : one(flag(degraded)),
    },
    {
      name: 'mountroot_persistent',
      type: 'gauge',
      help: 'Whether what is changed on / is still there after a power cycle.',
      samples: one(flag(persistent)),
    },
    {
      name: 'mountroot_root_timestamp_seconds',
      type: 'gauge',
      help: 'When the root became what it is, as seconds since 1970; absent while the clock is not set.',
      samples: since?.when ? one(Date.parse(since.when) / 1000) : [],
    },
  ];
}

function spaceMetrics({ space }: FullStatus): Metric[] {
  if (space === null) return [];
  const labels = { mountpoint: space.mountpoint, fstype: space.fstype };
  const gauge = (name: string, help: string, value: number | null | undefined): Metric => ({
    name: `mountroot_data_${name}`,
    type: 'gauge',
    help,
    samples: one(value, labels),
  });
  return [
    gauge('size_bytes', 'Size of the data volume.', space.total),
    gauge('free_bytes', 'What statfs(2) promises of it.', space.free),
    gauge('writable_bytes', 'What can be written for sure, before compression.', space.writable),
    gauge('reserved_bytes', 'What jffs2 keeps for collecting garbage.', space.jffs2?.reserved),
    gauge('inodes', 'Inodes of the data volume, where their number is fixed.', space.inodes?.total),
    gauge('free_inodes', 'Inodes that are not in use.', space.inodes?.free),
  ];
}

function flashMetrics({ health }: FullStatus): Metric[] {
  const { mtd, ubi, mmc } = health ?? { mtd: null, ubi: null, mmc: null };
  const on = mtd === null ? undefined : { device: mtd.device, name: mtd.name };
  const in_ = ubi === null ? undefined : { device: ubi.device };
  const tenths = { a: mmc?.lifeUsed[0], b: mmc?.lifeUsed[1] };
  return [
    {
      name: 'mountroot_mtd_bad_blocks',
      type: 'gauge',
      help: 'Erase blocks of the partition that are marked bad.',
      samples: one(mtd?.badBlocks, on),
    },
    {
      name: 'mountroot_mtd_ecc_corrected_total',
      type: 'counter',
      help: 'Bits that ECC has corrected since the kernel started.',
      samples: one(mtd?.correctedBits, on),
    },
    {
      name: 'mountroot_mtd_ecc_failures_total',
      type: 'counter',
      help: 'Reads since the kernel started that ECC could not correct.',
      samples: one(mtd?.eccFailures, on),
    },
    {
      name: 'mountroot_mtd_ecc_strength',
      type: 'gauge',
      help: 'Bits that ECC can correct in one step; 0 where there is no ECC.',
      samples: one(mtd?.eccStrength, on),
    },
    {
      name: 'mountroot_mtd_bitflip_threshold',
      type: 'gauge',
      help: 'Corrected bits in one read at which a block should be moved.',
      samples: one(mtd?.bitflipThreshold, on),
    },
    {
      name: 'mountroot_ubi_erases_max',
      type: 'gauge',
      help: 'How often the most worn erase block was erased.',
      samples: one(ubi?.maxEraseCount, in_),
    },
    {
      name: 'mountroot_ubi_bad_blocks',
      type: 'gauge',
      help: 'Physical erase blocks that are bad.',
      samples: one(ubi?.badBlocks, in_),
    },
    {
      name: 'mountroot_ubi_reserved_blocks',
      type: 'gauge',
      help: 'Erase blocks that are kept to take the place of bad ones.',
      samples: one(ubi?.reservedForBad, in_),
    },
    {
      name: 'mountroot_mmc_life_used_ratio',
      type: 'gauge',
      help: 'How much of its life an eMMC estimates to have used, of its two kinds of memory; more than 1 is past its end.',
      samples: Object.entries(tenths).flatMap(([kind, used]) =>
        used === undefined || mmc === null
          ? []
          : one(used / 10, { device: mmc.device, memory: kind }),
      ),
    },
  ];
}

function bootMetrics({ boot, pending, attention }: FullStatus): Metric[] {
  const gauge = (name: string, help: string, value: number | null | undefined): Metric => ({
    name: `mountroot_${name}`,
    type: 'gauge',
    help,
    samples: one(value),
  });
  return [
    {
      name: 'mountroot_boots_total',
      type: 'counter',
      help: 'Boots on this data volume whose journal was kept.',
      samples: one(boot?.number),
    },
    gauge('start_duration_seconds', 'How long the last start took.', seconds(boot?.start?.ms)),
    gauge(
      'start_exit_code',
      'Exit status of the last start: 0 done, 3 degraded, others failed.',
      boot?.start?.exit,
    ),
    gauge(
      'start_kernel_seconds',
      'When the last start began, in seconds since the kernel started.',
      seconds(boot?.start?.at),
    ),
    gauge(
      'start_timestamp_seconds',
      'When the last start began, as seconds since 1970; absent while the clock is not set.',
      boot?.start?.when ? Date.parse(boot.start.when) / 1000 : null,
    ),
    gauge(
      'done_duration_seconds',
      'How long done took, which confirms a start.',
      seconds(boot?.done?.ms),
    ),
    gauge(
      'confirmed',
      'Whether this boot was confirmed by done.',
      boot === null ? null : flag(boot.confirmed),
    ),
    gauge('unconfirmed_starts', 'Starts since the last one that was confirmed.', boot?.attempts),
    gauge('warnings', 'Warnings of this boot.', boot?.warnings.length),
    gauge(
      'attention',
      'Things that somebody should look at (mountroot status names them).',
      attention.length,
    ),
    gauge(
      'pending_reset',
      'Whether the next start resets the settings.',
      flag(pending.reset !== null && pending.reset !== 'damaged'),
    ),
  ];
}

/**
 * The status for node_exporter's textfile collector (Prometheus' text format, version 0.0.4). What
 * is not known is left out.
 */
export function renderPrometheus(status: FullStatus): string {
  return [rootMetrics, spaceMetrics, flashMetrics, bootMetrics]
    .flatMap((metricsOf) => metricsOf(status))
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, type, help, samples }) =>
        `# HELP ${name} ${inHelp(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => `${line(name, sample)}\n`).join('')}`,
    )
    .join('');
}
