import type { Argv } from 'yargs';
import type { FullStatus } from '../../report/status/full-status.js';
import { lastStart } from '../../report/journal/last-start.js';
import { status, type Status, type StatusInput } from '../../report/status/root-status.js';
import { JOURNAL_FILE, JOURNAL_FOLDER } from '../../facts/places.js';
import { STATE_FILE, parseState } from '../../facts/gather.js';
import { parseMountinfo } from '../../facts/mountinfo.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import type { CommandDeps } from './locate-verb.js';
import { localFacts } from './plan-verb.js';
import { writeReport } from '../write-report.js';
import { lastValue } from '../last-value.js';
import { orElse } from '../../system/or-else.js';

function rungOf(text: string): StatusInput['rung'] {
  const { rung, reason } = parseState(text) ?? {};
  const { because } = JSON.parse(text) as { because?: unknown };
  return rung === undefined || reason === undefined
    ? null
    : { rung, reason, because: typeof because === 'string' ? because : null };
}

/** What the root of this machine is now, and how the last start went. */
export const localStatus = (): Status =>
  status({
    mounts: parseMountinfo(reader.readText('/proc/self/mountinfo')),
    // No journal is a fact like others: there was no start in this boot.
    journal: lastStart(orElse('', () => reader.readText(JOURNAL_FILE))),
    rung: orElse(null, () => rungOf(reader.readText(STATE_FILE))),
    space: (path) => orElse(null, () => reader.space(path)),
  });

const recordedAt = (text: string): number | null => {
  const { at } = JSON.parse(text) as { at?: unknown };
  return typeof at === 'number' && Number.isFinite(at) && at >= 0 ? at : null;
};

/**
 * A status compares this boot with the one before it, and says which journals of late are damaged;
 * `journal` reads all.
 */
const NEWEST = 16;

/**
 * The same with space, health, the boots before and what is pending, which costs a boot too much to
 * gather.
 */
export async function localFullStatus(): Promise<FullStatus> {
  const { dataMount, fullStatus, spaceMount } = await import('../../report/status/full-status.js');
  const { gatherBoots } = await import('../../report/journal/gather-boots.js');
  const { knownTime } = await import('../../report/journal/boot-runs.js');
  const { spaceOf } = await import('../../report/status/space.js');
  const { gatherHealth } = await import('../../report/status/flash-health.js');
  const now = localStatus();
  const facts = localFacts();
  const [mount, writable] = [dataMount(now, facts), spaceMount(now, facts)];
  const { boots, kept, problems } = gatherBoots(reader, { newest: NEWEST });
  return fullStatus(now, {
    now: { at: Number(process.hrtime.bigint()) / 1e6, time: knownTime(Date.now()) },
    recordedAt: orElse(null, () => recordedAt(reader.readText(STATE_FILE))),
    space:
      writable === undefined
        ? null
        : orElse(null, () => spaceOf(writable, reader.space(writable.mountpoint), facts.mtd)),
    health: mount === undefined ? null : orElse(null, () => gatherHealth(reader, mount, facts.mtd)),
    boots,
    kept,
    opened: facts.opened,
    content: facts.volume.content?.kind ?? null,
    notice: orElse(null, () => reader.readText(`${JOURNAL_FOLDER}/notice`).trim() || null),
    problems,
  });
}

const STATUS_FORMATS = ['text', 'json', 'prometheus'] as const;

interface StatusOptions {
  format: (typeof STATUS_FORMATS)[number];
  steps: boolean;
  output: string | undefined;
}

async function textOf({ format, steps }: StatusOptions): Promise<string> {
  const now = await localFullStatus();
  if (format === 'json') return `${JSON.stringify(now, null, 2)}\n`;
  if (format === 'prometheus')
    return (await import('../../report/status/prometheus.js')).renderPrometheus(now);
  const { renderStatus, renderSteps } = await import('../../report/status/status-text.js');
  return renderStatus(now) + (steps ? renderSteps(now) : '');
}

/**
 * `status`: what / is, why, and how it fares: for a person, as data, or for a collector of figures.
 */
export function statusCommand(y: Argv, { print, finish }: CommandDeps): Argv {
  return y.command(
    'status',
    'what / is now and why, what it has room for, and what to do',
    (parser) =>
      parser
        .option('format', {
          choices: STATUS_FORMATS,
          default: 'text' as const,
          coerce: lastValue<StatusOptions['format']>,
          describe: "as a person reads it, as data, or for node_exporter's textfile collector",
        })
        .option('json', { boolean: true, default: false, describe: 'the same as --format json' })
        .option('steps', {
          boolean: true,
          default: false,
          describe: 'with the steps of the last start',
        })
        .option('output', {
          alias: 'o',
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'FILE: put it there, whole or not at all',
        })
        .example(
          '$0 status --format prometheus -o /var/lib/prometheus/node-exporter/mountroot.prom',
          'for a collector',
        ),
    async ({ format, json, steps, output }) => {
      const text = await textOf({ format: json ? 'json' : format, steps, output });
      if (output === undefined || output === '-') print(text);
      else writeReport(output, text);
      finish(EXIT.done);
    },
  );
}
