import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { openJournal, LOCK_FILE } from '../../execute/journal.js';
import type { Facts } from '../../facts/facts.js';
import { META, NEXT_UPPER } from '../../facts/places.js';
import type { Log } from '../../log/log.js';
import type { CheckedArchive, Layering } from '../../layer/archive/import-archive.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { namedUpper, openSystem } from './export-verb.js';
import type { CommandDeps } from './locate-verb.js';
import { localFacts } from './plan-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';
import { plural } from '../../text/units.js';
import { wrap } from '../../text/columns.js';

interface Deps extends CommandDeps {
  log: Log;
}

interface ImportOptions {
  file: string | undefined;
  dryRun: boolean;
  merge: boolean;
  replace: boolean;
  cancel: boolean;
  upper: string | undefined;
  limit: string | undefined;
  json: boolean;
}

/** Something stands in the way; exit status 5. */
class Refused extends Error {}

/** Where the archive goes: at once, or in the next start. */
type Target = { when: 'now'; upper: string } | { when: 'next start'; upper: string; at: string };

async function targetOf(named: string | undefined): Promise<Target> {
  const { orderTrouble, overlaysOver, rootLayers } =
    await import('../../layer/archive/archive-places.js');
  let facts: Facts | undefined;
  const ordered = (): Target => {
    facts ??= localFacts();
    const trouble = orderTrouble(facts);
    if (trouble !== null) throw new UsageError(trouble);
    return { when: 'next start', upper: `${facts.opened!.at}/upper`, at: facts.opened!.at };
  };
  if (named === undefined) return ordered();
  facts = localFacts();
  const missing =
    reader.kind(named) === 'missing' && reader.kind(dirname(resolve(named))) === 'directory';
  const upper = missing
    ? join(reader.realPath(dirname(resolve(named))), basename(resolve(named)))
    : reader.realPath(namedUpper(named));
  if (missing) return { when: 'now', upper };
  const over = overlaysOver(reader, facts.mounts, upper);
  const mine = rootLayers(reader, facts.mounts)?.upper;
  if (mine !== undefined && reader.realPath(mine) === upper) return ordered();
  if (over.length > 0)
    throw new Refused(
      `${upper} is a layer of the overlay mounted on ${over[0]!.mountpoint}, and must not change under it; unmount that first`,
    );
  if (facts.mounts.some(({ mountpoint }) => mountpoint === upper))
    throw new UsageError(
      `cannot exchange ${upper} for another directory, because something is mounted on it; name a directory within it`,
    );
  return { when: 'now', upper };
}

function sizeOf(text: string): number {
  const [, digits, unit] = /^(\d{1,15})([KMG]?)$/.exec(text) ?? [];
  const value =
    digits === undefined ? NaN : Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit!);
  if (!Number.isSafeInteger(value))
    throw new UsageError(
      `--limit ${JSON.stringify(text)} is no number of bytes (K, M and G may stand behind it)`,
    );
  return value;
}

/** What may be filled: whoever runs meanwhile wants to write too. */
const FREE_PART = 0.9;

function jobFor(
  file: string,
  { upper }: Target,
  { merge, limit }: ImportOptions,
  copied: number,
): Layering {
  const there = reader.kind(upper) === 'directory';
  const free = Math.floor(reader.space(there ? upper : dirname(upper)).free * FREE_PART);
  const bytes = limit === undefined ? free - copied : sizeOf(limit);
  if (bytes < 0)
    throw new Error(
      `a copy of ${upper} needs ${copied} bytes beside it, and only ${free} of what is free may be filled; make room, or import without --merge`,
    );
  return { file, upper: there ? upper : null, merge, bytes, privileged: process.getuid?.() === 0 };
}

async function cancel(target: Target, log: Log): Promise<number> {
  if (target.when === 'now')
    throw new UsageError(
      `nothing waits for ${target.upper}: an import into a layer that is not in use acts at once`,
    );
  const { cancelAt } = await import('../../layer/archive/waiting.js');
  const system = await openSystem();
  lock(system, log);
  log.info(
    cancelAt(system, target.at)
      ? 'the import that waited was taken back; nothing was changed'
      : 'no import is waiting',
  );
  return EXIT.done;
}

/** Not beside a start, a reset or another import. */
function lock(system: Awaited<ReturnType<typeof openSystem>>, log: Log): void {
  openJournal((message) => log.warn(message));
  let ours = true;
  try {
    ours = system.lock(LOCK_FILE);
  } catch (error) {
    log.warn(`${(error as Error).message}; going on without a lock`);
  }
  if (!ours)
    throw new Refused(
      'import was refused because another mountroot is at work here; wait until it has ended',
    );
}

/** Makes the layer ready on the data volume, and orders the next start to use it. */
async function order(
  job: Layering,
  checked: CheckedArchive,
  at: string,
  log: Log,
): Promise<string[]> {
  const { prepare } = await import('../../layer/archive/import-archive.js');
  const { cancelAt, orderAt } = await import('../../layer/archive/waiting.js');
  const system = await openSystem();
  lock(system, log);
  const meta = system.kind(`${at}/${META}`);
  if (meta === 'missing') system.mkdir(`${at}/${META}`, 0o755);
  else if (meta !== 'directory')
    throw new Error(`cannot put anything into ${at}/${META}: it is a ${meta}; remove it`);
  if (cancelAt(system, at)) log.info('the import that waited before is taken back');
  const warnings = await prepare(system, job, checked, `${at}/${NEXT_UPPER}`);
  orderAt(system, at, {
    file: job.file,
    mode: job.merge ? 'merge' : 'replace',
    counts: checked.counts,
  });
  return warnings;
}

/** Makes the layer ready beside the one that is there, and lets them change places. */
async function putNow(job: Layering, checked: CheckedArchive, upper: string): Promise<string[]> {
  const { prepare, syncFolder } = await import('../../layer/archive/import-archive.js');
  const system = await openSystem();
  const { exchange } = await import('../../system/ffi.js');
  const { freeName, takePlace } = await import('../../layer/archive/take-place.js');
  const beside = (what: string): string =>
    join(dirname(upper), `.${basename(upper)}.mountroot-${what}`);
  const former = beside('former');
  if (reader.kind(former) !== 'missing')
    throw new Error(
      `${former} is there: it is what an import before this one that was cut off had taken away from ${upper}; ${job.upper === null ? `rename it to ${upper}` : 'remove it if it is not needed'}, and import again`,
    );
  const { next, warnings } = freeName(
    system,
    (attempt) => beside(attempt === 1 ? 'next' : `next-${attempt}`),
    process.getuid!(),
  );
  warnings.push(...(await prepare(system, job, checked, next)));
  if (job.upper !== null) return [...warnings, ...takePlace(system, exchange, next, upper, former)];
  system.rename(next, upper);
  try {
    syncFolder(dirname(upper));
  } catch (error) {
    warnings.push(
      `the new layer is in its place, and may not be there after a power cut: ${(error as Error).message}`,
    );
  }
  return warnings;
}

const SCHEMA = 'mountroot.import/1';

async function run(options: ImportOptions, deps: Deps): Promise<void> {
  const { print, finish, log } = deps;
  const { file, dryRun, merge, replace, json, upper } = options;
  if (options.cancel) {
    if (file !== undefined || dryRun || merge || replace)
      throw new UsageError('--cancel takes back what waits, and goes with nothing else');
    return finish(await cancel(await targetOf(upper), log));
  }
  if (merge && replace)
    throw new UsageError(
      '--merge lays the archive over what is there, --replace puts it in its place; choose one',
    );
  if (file === undefined || file === '')
    throw new UsageError('no archive was named; `mountroot import FILE`');
  if (reader.kind(file) === 'missing') throw new UsageError(`cannot read ${file}: it is missing`);
  if (!statSync(file).isFile())
    throw new UsageError(
      `${file} is no file, and an archive is read twice, to be checked before anything is touched; save it to a file first`,
    );
  const target = await targetOf(upper);
  if (target.when === 'next start' && process.getuid?.() !== 0 && !dryRun)
    throw new Error(
      `import needs root, and this is user ${process.getuid?.()}; run it as root, or look with --dry-run`,
    );
  const { checkArchive, measure } = await import('../../layer/archive/import-archive.js');
  const { ArchiveError } = await import('../../layer/archive/archive-error.js');
  const there =
    merge && reader.kind(target.upper) === 'directory'
      ? measure(reader, target.upper)
      : { odd: null, bytes: 0 };
  if (there.odd !== null)
    throw new Error(
      `${there.odd} cannot be copied, because its name is no UTF-8; rename it, or import without --merge`,
    );
  const job = jobFor(file, target, options, there.bytes);
  const whole = async <T>(use: () => Promise<T>): Promise<T> => {
    try {
      return await use();
    } catch (error) {
      throw new Error(
        `${error instanceof ArchiveError ? '' : `cannot import ${file}: `}${(error as Error).message}; nothing was changed`,
      );
    }
  };
  const checked = await whole(() => checkArchive(reader, job));
  const made = dryRun
    ? []
    : await whole(() =>
        target.when === 'now'
          ? putNow(job, checked, target.upper)
          : order(job, checked, target.at, log),
      );
  const warnings = [...checked.warnings, ...made];
  if (!job.privileged)
    warnings.push(
      'owners and set-user-ID bits are not as in the archive, for only root can set them',
    );
  const result = {
    schema: SCHEMA,
    file,
    upper: target.upper,
    mode: merge ? 'merge' : 'replace',
    when: dryRun ? 'never' : target.when,
    counts: checked.counts,
    warnings,
  };
  print(json ? `${JSON.stringify(result, null, 2)}\n` : wrap(importSentence(result), 0) + '\n');
  for (const warning of warnings) log.warn(warning);
  finish(warnings.length > 0 ? EXIT.problems : EXIT.done);
}

/** What was done, or is going to be. */
export function importSentence({
  file,
  upper,
  mode,
  when,
  counts,
}: {
  file: string;
  upper: string;
  mode: string;
  when: string;
  counts: CheckedArchive['counts'];
}): string {
  const { files, directories, symlinks, links, nodes, whiteouts, opaque, bytes } = counts;
  const what = [
    plural(files, 'file'),
    plural(directories, 'directory', 'directories'),
    ...(symlinks > 0 ? [plural(symlinks, 'symlink')] : []),
    ...(links > 0 ? [plural(links, 'hard link')] : []),
    ...(nodes > 0 ? [plural(nodes, 'node')] : []),
    plural(whiteouts, 'whiteout'),
    ...(opaque > 0 ? [plural(opaque, 'opaque directory', 'opaque directories')] : []),
    plural(bytes, 'byte'),
  ].join(', ');
  const place = mode === 'merge' ? `over what is in ${upper}` : `in place of ${upper}`;
  if (when === 'never') return `${file} can be imported, ${place}: ${what}. Nothing was changed.`;
  if (when === 'now')
    return `${file} was imported, ${place}: ${what}. Empty the workdir that an overlay had with the old layer before it is mounted with this one.`;
  return `${file} waits to be imported, ${place}: ${what}. The next start puts it there: reboot to have it done. What is changed until then is lost with the old layer; \`mountroot import --cancel\` takes the import back.`;
}

/** `import`: an archive as the upper layer. */
export function importCommand(y: Argv, deps: Deps): Argv {
  return y.command(
    'import [file]',
    'an archive of `export`, or a container layer, as what is changed',
    (parser) =>
      parser
        .positional('file', { type: 'string', describe: 'the archive, compressed or not' })
        .nargs('file', 1)
        .option('dry-run', { boolean: true, default: false, describe: 'only check it' })
        .option('replace', {
          boolean: true,
          default: false,
          describe: 'put it in the place of what is there (the default)',
        })
        .option('merge', { boolean: true, default: false, describe: 'lay it over what is there' })
        .option('upper', {
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'DIR: into this upper layer, which is not in use, at once',
        })
        .option('limit', {
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe:
            'bytes that its files may have (or with K, M, G); nine tenths of what is free without it',
        })
        .option('cancel', {
          boolean: true,
          default: false,
          describe: 'take back an import that waits for the next start',
        })
        .option('json', { boolean: true, default: false, describe: 'as data' })
        .example(
          '$0 import settings.tar.gz',
          'on a board: checked now, in place after the next start',
        ),
    async (args) => {
      const { file, merge, replace, cancel, upper, limit, json } = args;
      try {
        await run(
          { file, dryRun: args['dry-run'], merge, replace, cancel, upper, limit, json },
          deps,
        );
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        deps.log.error(error.message);
        deps.finish(EXIT.refused);
      }
    },
  );
}
