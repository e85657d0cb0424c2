import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { Argv } from 'yargs';
import type { Attributes } from '../../layer/diff/attributes.js';
import type { WalkOptions } from '../../layer/diff/walk.js';
import { layersOf } from '../../facts/layers.js';
import { parseMountinfo, visibleAt } from '../../facts/mountinfo.js';
import { META } from '../../facts/places.js';
import { identityOf } from '../../facts/rom-identity.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import type { CommandDeps } from './locate-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface DiffOptions {
  paths: readonly string[];
  format: 'table' | 'ndjson';
  json: boolean;
  exitCode: boolean;
  upper: string | undefined;
  lower: string | undefined;
  biggest: number | undefined;
}

/** What is compared: directories without symlinks on the way. */
interface Compared {
  upper: string;
  lower: string;
  /** It is the root of this machine, and not a tree somewhere. */
  here: boolean;
  notes: string[];
}

function directory(path: string, option: string): string {
  let real;
  try {
    real = fs.realpathSync(path);
  } catch (error) {
    throw new UsageError(`cannot use ${option} ${path}: ${(error as Error).message}`);
  }
  if (!fs.statSync(real).isDirectory())
    throw new UsageError(`cannot use ${option} ${path}, for it is no directory`);
  return real;
}

const ELSEWHERE = '--upper DIR and --lower DIR name the two layers of one that is somewhere else';

function compared({ upper, lower }: DiffOptions): Compared {
  if (upper !== undefined && lower !== undefined)
    return {
      upper: directory(upper, '--upper'),
      lower: directory(lower, '--lower'),
      here: false,
      notes: [],
    };
  if (upper !== undefined || lower !== undefined)
    throw new UsageError(
      '--upper and --lower go together: the one names the changes, the other what they are changes of',
    );
  const layers = layersOf(parseMountinfo(reader.readText('/proc/self/mountinfo')));
  if (layers === null)
    throw new Error(
      `/ is no overlay with an upper layer, so there is nothing it changes; ${ELSEWHERE}`,
    );
  if (layers.rom === null)
    throw new Error(
      `no path leads to the image below the overlay on / (nothing is mounted on /rom); ${ELSEWHERE}`,
    );
  const { kept, rom } = layers;
  const [changes] = [...kept, layers.upper];
  // In memory there is only what changed since the boot; what somebody asks for are the settings.
  const notes =
    kept.length === 0
      ? []
      : [
          `the settings in ${changes} are used read-only; what was changed since the boot is in memory, in ${layers.upper}, and is not shown`,
        ];
  return {
    upper: directory(changes, 'the upper layer'),
    lower: directory(rom, 'the image'),
    here: true,
    notes,
  };
}

async function attributes(notes: string[]): Promise<Attributes | null> {
  const unseen =
    'so opaque and redirected directories and metacopies cannot be told from others, nor files that differ in their attributes alone';
  if (process.getuid?.() !== 0)
    notes.push(
      `overlay's own attributes (trusted.overlay.*) are shown to root alone, ${unseen.replace(', nor files that differ in their attributes alone', '')}`,
    );
  try {
    const { openAttributes } = await import('../../layer/diff/attributes.js');
    return await openAttributes();
  } catch (error) {
    notes.push(
      `extended attributes cannot be read without the native parts of mountroot (${(error as Error).message.split('\n')[0]}), ${unseen}`,
    );
    return null;
  }
}

/** By what `done` noted, on the running root or beside an upper layer that was unpacked with it. */
async function newer({ upper, lower, here, notes }: Compared): Promise<WalkOptions['newer']> {
  const { findRecord, newerThan } = await import('../../layer/diff/newer.js');
  const top =
    [upper, dirname(upper)].find((path) => fs.existsSync(`${path}/${META}`)) ?? dirname(upper);
  const { record, complaints } = findRecord(top);
  notes.push(...complaints);
  if (record === null) return undefined;
  const mount = visibleAt(parseMountinfo(reader.readText('/proc/self/mountinfo')), lower);
  const identity = identityOf(reader, {
    path: lower,
    fstype: mount?.fstype ?? 'directory',
    device: mount?.device ?? '',
  });
  // Elsewhere nothing was written in this boot.
  if (!here) return newerThan(record, identity, { start: null, now: 0, uptime: 0 });
  let start: number | null = null;
  try {
    start = Math.floor(fs.lstatSync('/tmp/mountroot/facts.json').mtimeMs / 1000);
  } catch {
    // No start in this boot.
  }
  return newerThan(record, identity, {
    start,
    now: Math.floor(Date.now() / 1000),
    uptime: Number(process.hrtime.bigint() / 1_000_000_000n),
  });
}

/** Paths as on the root that the layers make. */
async function wanted(paths: readonly string[]): Promise<string[]> {
  const { fromText } = await import('../../layer/diff/lower-files.js');
  return paths.map((path) => {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..'))
      throw new UsageError(`cannot look for ${path}: paths are those on the root, without ..`);
    return fromText(parts.join('/'));
  });
}

/** Calls through FFI leave memory behind that is freed only while this process is idle. */
const AT_ONCE = 256;
const CHUNK = 1 << 15;

async function run(options: DiffOptions, { finish }: CommandDeps): Promise<void> {
  const { Biggest, Totals } = await import('../../layer/diff/diff-entry.js');
  const { report } = await import('../../layer/diff/diff-report.js');
  const { walk } = await import('../../layer/diff/walk.js');
  const { biggest: most } = options;
  if (most !== undefined && !(Number.isInteger(most) && most >= 1 && most <= 10_000))
    throw new UsageError('--biggest N wants a whole number from 1 to 10000');
  const layers = compared(options);
  const { notes } = layers;
  const looking = {
    upper: fromPath(layers.upper),
    lower: fromPath(layers.lower),
    wanted: await wanted(options.paths),
    attributes: await attributes(notes),
  };
  const isNewer = await newer(layers);
  const form = report(options.json ? 'json' : options.format);
  const [totals, biggest] = [new Totals(), most === undefined ? null : new Biggest(most)];

  let held = form.begin({ upper: layers.upper, lower: layers.lower, notes });
  const flush = async (): Promise<void> => {
    const text = held;
    held = '';
    // Whoever reads slowly is waited for: what is not read yet would be kept in memory.
    if (text !== '' && !process.stdout.write(text))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  };
  for (const told of walk({ ...looking, ...(isNewer && { newer: isNewer }) })) {
    totals.add(told);
    if (told !== null && 'problem' in told) held += form.problem(told.problem);
    else if (told !== null) {
      biggest?.add(told);
      held += form.entry(told);
    }
    if (held.length >= CHUNK) await flush();
    if (totals.looked % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  held += form.end(totals, biggest);
  await flush();
  finish(options.exitCode && totals.different ? EXIT.problems : EXIT.done);
}

const fromPath = (path: string): string => Buffer.from(path, 'utf8').toString('latin1');

const folder = (describe: string) =>
  ({ string: true, requiresArg: true, coerce: lastValue<string | undefined>, describe }) as const;

/** `diff`: what the overlay changes against rom. */
export function diffCommand(y: Argv, deps: CommandDeps): Argv {
  return y.command(
    'diff [path..]',
    'what the overlay changes against rom',
    (parser) =>
      parser
        .positional('path', {
          type: 'string',
          array: true,
          default: [] as string[],
          describe: 'only what is there and below, as on the root',
        })
        .option('json', { boolean: true, default: false, describe: 'as one value' })
        .option('format', {
          choices: ['table', 'ndjson'] as const,
          default: 'table' as const,
          coerce: lastValue<DiffOptions['format']>,
          describe: 'as a person reads it, or a line of JSON for each',
        })
        .option('exit-code', {
          boolean: true,
          default: false,
          describe: 'exit with 4 if anything differs',
        })
        .option('biggest', {
          number: true,
          requiresArg: true,
          coerce: lastValue<number | undefined>,
          describe: 'N: also list the N that take most',
        })
        .option('upper', folder('DIR: the changes, of an overlay that is somewhere else'))
        .option('lower', folder('DIR: what they are changes of'))
        .example('$0 diff /etc', 'the settings that were made')
        .example('$0 diff --upper overlay/upper --lower squashfs-root', 'of an unpacked overlay'),
    ({ path, json, format, exitCode, biggest, upper, lower }) =>
      run({ paths: path, format, json, exitCode, upper, lower, biggest }, deps),
  );
}
