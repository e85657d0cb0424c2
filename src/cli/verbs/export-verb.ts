import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseMountinfo } from '../../facts/mountinfo.js';
import type { ExportReport } from '../../layer/archive/tar-writer.js';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import type { WholeFile } from '../../bundle/whole-file.js';
import { namedUpper } from '../named-upper.js';
import { loadSystem } from '../open-system.js';
import { checkNotTerminal, isStdout, writeAllOut } from '../stdout.js';
import { asUsageError, UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

/** The layer to export. */
interface ExportedLayer {
  top: string;
  /** It is the upper layer of `/`. */
  ofRoot: boolean;
  /** The layer with the settings on flash, which is not in the archive. */
  left: string | null;
}

async function layerToExport(upper: string | undefined): Promise<ExportedLayer> {
  if (upper !== undefined) return { top: namedUpper(upper), ofRoot: false, left: null };
  const { rootLayers } = await import('../../layer/archive/archive-places.js');
  const layers = rootLayers(reader, parseMountinfo(reader.readText('/proc/self/mountinfo')));
  if (layers === null)
    throw new UsageError(
      '/ is no overlay, so it has no upper layer to export; name one with --upper DIR',
    );
  return { top: layers.upper, ofRoot: true, left: layers.kept[0] ?? null };
}

/** @throws {UsageError} if the archive cannot be written, or would contain itself. */
function checkOutput(path: string, { top, ofRoot }: ExportedLayer): void {
  const folder = dirname(path);
  const kind = reader.kind(path);
  if (kind === 'directory')
    throw new UsageError(`cannot write to ${path}: it is a directory; name a file`);
  if (kind !== 'missing' && !statSync(path).isFile())
    throw new UsageError(`cannot write to ${path}, which is no file; send it there with >${path}`);
  if (reader.kind(folder) === 'missing')
    throw new UsageError(`cannot write to ${path}: ${folder} is missing`);
  // A file that is written to the overlay is in its upper layer.
  const throughOverlay = ofRoot && statSync(folder).dev === statSync('/').dev;
  if (throughOverlay || `${reader.realPath(folder)}/`.startsWith(`${reader.realPath(top)}/`))
    throw new UsageError(
      `cannot write to ${path}: it is in the layer that is exported; ` +
        'name a file elsewhere (/tmp), or send it to another machine',
    );
}

function checkRoot(): void {
  const uid = process.getuid?.();
  if (uid !== 0)
    throw new Error(
      `export needs root, and this is user ${uid}: only root sees which directories hide what ` +
        'is below them (trusted.overlay.opaque); run it as root',
    );
}

function tellSettingsLeft(left: string, log: Log): void {
  log.warn(
    'the settings on flash are a layer of their own now, and are not in this archive, ' +
      'which has only what was changed since the start; ' +
      `\`--upper ${left}\` exports them`,
  );
}

async function fileFor(output: string): Promise<WholeFile> {
  const whole = await import('../../bundle/whole-file.js');
  return asUsageError(() => new whole.WholeFile(resolve(output)));
}

/** Writes the archive to a file, or to stdout. */
async function writeArchive(
  top: string,
  output: string | undefined,
  gzip: boolean,
): Promise<ExportReport> {
  const { layerTar } = await import('../../layer/archive/tar-writer.js');
  const counts: ExportReport = { entries: 0, whiteouts: 0, opaque: 0, bytes: 0, problems: [] };
  // A file that is not whole is removed. The compressor holds chunks back.
  const passing = !isStdout(output) && !gzip;
  const tar = layerTar(await loadSystem(), top, counts, { passing });
  const bytes = gzip ? (await import('../../ramdisk/compression.js')).compress('gzip', tar) : tar;
  if (isStdout(output)) await writeAllOut(bytes);
  else await (await fileFor(output)).putAll(bytes);
  return counts;
}

export const exportVerb = verb({
  name: 'export',
  summary: 'the changes against the image as a tar, with marks for what was removed',
  positionals: {},
  options: {
    output: {
      type: 'text',
      alias: 'o',
      argument: 'FILE',
      label: 'FILE',
      describe: 'where to write it; without it the standard output',
    },
    gzip: { type: 'flag', alias: 'z', describe: 'compress it' },
    upper: {
      type: 'text',
      argument: 'DIR',
      label: 'DIR',
      describe: 'this upper layer instead of that of /',
    },
  },
  examples: [
    ['$0 export --gzip -o /tmp/settings.tar.gz', 'a backup of the settings'],
    ['ssh board mountroot export -z >board.tar.gz', 'the same to another machine'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['problems'],
  run: async ({ output, gzip, upper }, { log }) => {
    checkNotTerminal('an archive', output);
    checkRoot();
    const layer = await layerToExport(upper);
    if (!isStdout(output)) checkOutput(resolve(output), layer);
    if (layer.left !== null) tellSettingsLeft(layer.left, log);
    const { problems, ...counts } = await writeArchive(layer.top, output, gzip);
    for (const { path, why } of problems) log.warn(`${path}: ${why}`);
    log.info(
      `exported ${layer.top}: ${counts.entries} entries, ${counts.whiteouts} whiteouts, ` +
        `${counts.opaque} opaque directories, ${counts.bytes} bytes`,
    );
    return problems.length > 0 || layer.left !== null ? EXIT.problems : EXIT.done;
  },
});
