import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CheckedArchive, Layering } from '../../layer/archive/import-archive.js';
import { EXIT } from '../../plan/plan.js';
import { wrap } from '../../text/columns.js';
import { reader } from '../../system/files.js';
import { importSentence, type ImportResult } from '../import-sentence.js';
import { importTarget, type ImportTarget } from '../import-target.js';
import { cancelImport, importNow, orderImport } from '../import-work.js';
import { wholeNumber } from '../number-words.js';
import { loadSystem } from '../open-system.js';
import { RefusedError, UsageError } from '../usage-error.js';
import { verb, type OptionRows, type OptionValues, type VerbContext } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';

/** The share of the free space to use. Other programs may write meanwhile. */
const FREE_PART = 0.9;

const OPTIONS = {
  'dry-run': { type: 'flag', describe: 'only check it' },
  replace: { type: 'flag', describe: 'put it in the place of what is there (the default)' },
  merge: { type: 'flag', describe: 'lay it over what is there' },
  upper: {
    type: 'text',
    argument: 'DIR',
    label: 'DIR',
    describe: 'change this upper layer, which must not be in use, at once',
  },
  limit: {
    type: 'text',
    argument: 'TEXT',
    describe: 'most bytes of its files (or K, M, G); without it nine tenths of the free space',
  },
  cancel: { type: 'flag', describe: 'take back an import that waits for the next start' },
  json: { type: 'flag', describe: 'as data' },
} as const satisfies OptionRows;

type ImportOptions = OptionValues<typeof OPTIONS>;

function checkFile(file: string | undefined): string {
  if (file === undefined || file === '')
    throw new UsageError('no archive was named; `mountroot import FILE`');
  if (reader.kind(file) === 'missing') throw new UsageError(`cannot read ${file}: it is missing`);
  if (!statSync(file).isFile())
    throw new UsageError(
      `${file} is no file, and an archive is read twice, ` +
        'to be checked before anything is touched; save it to a file first',
    );
  return file;
}

function checkOptions({ merge, replace }: ImportOptions): void {
  if (merge && replace)
    throw new UsageError(
      '--merge lays the archive over what is there, --replace puts it in its place; choose one',
    );
}

function checkRoot(target: ImportTarget, dryRun: boolean): void {
  const uid = process.getuid?.();
  if (target.when === 'next start' && uid !== 0 && !dryRun)
    throw new Error(
      `import needs root, and this is user ${uid}; run it as root, or look with --dry-run`,
    );
}

/** The bytes that a merge copies from the existing layer. */
async function bytesToCopy(upper: string, merge: boolean): Promise<number> {
  if (!merge || reader.kind(upper) !== 'directory') return 0;
  const { measure } = await import('../../layer/archive/import-archive.js');
  return measure(await loadSystem(), upper);
}

/** The work to do after all checks except the check of the archive. */
async function jobFor(
  file: string,
  { upper }: ImportTarget,
  { merge, limit }: ImportOptions,
): Promise<Layering> {
  const copied = await bytesToCopy(upper, merge);
  const there = reader.kind(upper) === 'directory';
  const free = Math.floor(reader.space(there ? upper : dirname(upper)).free * FREE_PART);
  const bytes = limit === undefined ? free - copied : wholeNumber(limit, '--limit');
  if (bytes < 0)
    throw new Error(
      `a copy of ${upper} needs ${copied} bytes beside it, ` +
        `and only ${free} of what is free may be filled; make room, or import without --merge`,
    );
  return {
    ...{ file, upper: there ? upper : null, merge, bytes },
    privileged: process.getuid?.() === 0,
    ordinary: await openOrdinary(),
  };
}

/** Without native parts, which only a check can do without, each entry is read by itself. */
async function openOrdinary(): Promise<Layering['ordinary']> {
  const { archiveDoor } = await import('../../system/archive-ffi.js');
  try {
    return archiveDoor();
  } catch {
    return null;
  }
}

/** Runs one half of an import. Its errors name the archive and say that nothing was changed. */
async function orNothing<T>(file: string, use: () => Promise<T>): Promise<T> {
  const { ArchiveError } = await import('../../layer/archive/archive-error.js');
  try {
    return await use();
  } catch (error) {
    if (error instanceof RefusedError)
      throw new RefusedError(`${error.message}; nothing was changed`);
    const attempted = error instanceof ArchiveError ? '' : `cannot import ${file}: `;
    throw new Error(`${attempted}${(error as Error).message}; nothing was changed`, {
      cause: error,
    });
  }
}

const carryOut = (
  job: Layering,
  checked: CheckedArchive,
  target: ImportTarget,
  { log }: VerbContext,
): Promise<string[]> =>
  orNothing(job.file, () =>
    target.when === 'now'
      ? importNow(job, checked, target)
      : orderImport(job, checked, target, log),
  );

async function cancel(
  file: string | undefined,
  options: ImportOptions,
  { log }: VerbContext,
): Promise<number> {
  if (file !== undefined || options['dry-run'] || options.merge || options.replace)
    throw new UsageError('--cancel takes back what waits, and goes with nothing else');
  const target = await importTarget(options.upper);
  if (target.when === 'now')
    throw new UsageError(
      `nothing waits for ${target.upper}: an import into a layer that is not in use acts at once`,
    );
  const cancelled = await cancelImport(target, log);
  log.info(
    cancelled
      ? 'the import that waited was taken back; nothing was changed'
      : 'no import is waiting',
  );
  return EXIT.done;
}

async function importFile(
  file: string,
  options: ImportOptions,
  context: VerbContext,
): Promise<ImportResult> {
  const dryRun = options['dry-run'];
  const target = await importTarget(options.upper);
  checkRoot(target, dryRun);
  const { checkArchive } = await import('../../layer/archive/import-archive.js');
  const job = await jobFor(file, target, options);
  const checked = await orNothing(file, () => checkArchive(reader, job));
  const warnings = dryRun ? [] : await carryOut(job, checked, target, context);
  const owners = job.privileged
    ? []
    : ['owners and set-user-ID bits are not as in the archive, for only root can set them'];
  return {
    schema: 'mountroot.import/1',
    file,
    upper: target.upper,
    mode: job.merge ? 'merge' : 'replace',
    when: dryRun ? 'never' : target.when,
    counts: checked.counts,
    warnings: [...checked.warnings, ...warnings, ...owners],
  };
}

export const importVerb = verb({
  name: 'import',
  summary: 'make an archive of `export`, or a container layer, the upper layer',
  positionals: {
    file: {
      type: 'optional',
      completes: 'paths',
      dash: true,
      describe: 'the archive, compressed or not',
    },
  },
  options: OPTIONS,
  examples: [
    ['$0 import settings.tar.gz', 'on a board: checked now, in place after the next start'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['problems', 'refused'],
  run: async ({ file, ...options }, context) => {
    if (options.cancel) return cancel(file, options, context);
    checkOptions(options);
    const result = await importFile(checkFile(file), options, context);
    context.print(options.json ? jsonText(result) : `${wrap(importSentence(result), 0)}\n`);
    for (const warning of result.warnings) context.log.warn(warning);
    return result.warnings.length > 0 ? EXIT.problems : EXIT.done;
  },
});
