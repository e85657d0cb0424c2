import { renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { parseMountinfo } from '../../facts/mountinfo.js';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import type { System } from '../../system/port.js';
import type { CommandDeps } from './locate-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface Deps extends CommandDeps {
  log: Log;
}

interface ExportOptions {
  output: string | undefined;
  gzip: boolean;
  upper: string | undefined;
}

/** The real kernel, or one sentence why it cannot be asked. */
export async function openSystem(): Promise<System> {
  try {
    return (await import('../../system/ffi.js')).system;
  } catch (error) {
    throw new Error(
      `the native parts of mountroot cannot be loaded: ${(error as Error).message.split('\n')[0]}; install them beside the agent (npm run build makes them)`,
    );
  }
}

/** The directory that --upper names. */
export function namedUpper(path: string): string {
  if (path === '') throw new UsageError('--upper names no directory');
  const kind = reader.kind(path);
  if (kind === 'symlink') return resolve(reader.realPath(path));
  if (kind !== 'directory')
    throw new UsageError(
      `cannot use ${path} as an upper layer: it is ${kind === 'missing' ? 'missing' : `a ${kind}`}`,
    );
  return resolve(path);
}

/** Where the layer is that is asked for, and what is to be said of it. */
async function source(
  upper: string | undefined,
  log: Log,
): Promise<{ top: string; partial: boolean }> {
  if (upper !== undefined) return { top: namedUpper(upper), partial: false };
  const { rootLayers } = await import('../../layer/archive/archive-places.js');
  const layers = rootLayers(reader, parseMountinfo(reader.readText('/proc/self/mountinfo')));
  if (layers === null)
    throw new UsageError(
      '/ is no overlay, so it has no upper layer to export; name one with --upper DIR',
    );
  const [kept] = layers.kept;
  if (kept !== undefined)
    log.warn(
      `the settings on flash are a layer of their own now, and are not in this archive, which has only what was changed since the start; \`--upper ${kept}\` exports them`,
    );
  return { top: layers.upper, partial: kept !== undefined };
}

/** To a pipe, no faster than it is read. */
async function toPipe(bytes: AsyncIterable<Buffer>): Promise<void> {
  const { toStream } = await import('../../ramdisk/write.js');
  await toStream(process.stdout, bytes);
}

/** Whole or not at all: beside its place, fsync(2), rename(2), fsync of the directory. */
async function toFile(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const { syncFolder } = await import('../../layer/archive/import-archive.js');
  const next = `${dirname(path)}/.${basename(path)}.next-${process.pid}`;
  // It holds keys and passwords.
  const file = await open(next, 'wx', 0o600).catch((error: Error) => {
    throw new UsageError(`cannot write to ${path}: ${error.message}`);
  });
  try {
    try {
      for await (const chunk of bytes)
        for (let done = 0; done < chunk.length;)
          done += (await file.write(chunk, done)).bytesWritten;
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** A file in the layer would be in itself. */
function outside(path: string, top: string, ofRoot: boolean): void {
  const folder = dirname(path);
  const kind = reader.kind(path);
  if (kind === 'directory')
    throw new UsageError(`cannot write to ${path}: it is a directory; name a file`);
  if (kind !== 'missing' && !statSync(path).isFile())
    throw new UsageError(`cannot write to ${path}, which is no file; send it there with >${path}`);
  if (reader.kind(folder) === 'missing')
    throw new UsageError(`cannot write to ${path}: ${folder} is missing`);
  const inside = `${reader.realPath(folder)}/`;
  // What is written to the overlay itself comes to lie in its upper layer.
  const through = ofRoot && statSync(folder).dev === statSync('/').dev;
  if (through || inside.startsWith(`${reader.realPath(top)}/`))
    throw new UsageError(
      `cannot write to ${path}: it is in the layer that is exported; name a file elsewhere (/tmp), or send it to another machine`,
    );
}

async function run({ output, gzip, upper }: ExportOptions, { finish, log }: Deps): Promise<void> {
  const piped = output === undefined || output === '-';
  if (piped && process.stdout.isTTY)
    throw new UsageError(
      'an archive is not for a terminal; name a file with -o, or send it to another program',
    );
  if (process.getuid?.() !== 0)
    throw new Error(
      `export needs root, and this is user ${process.getuid?.()}: only root sees which directories hide what is below them (trusted.overlay.opaque); run it as root`,
    );
  const { top, partial } = await source(upper, log);
  if (!piped) outside(resolve(output), top, upper === undefined);
  const { layerTar } = await import('../../layer/archive/tar-writer.js');
  const report = { entries: 0, whiteouts: 0, opaque: 0, bytes: 0, problems: [] };
  const tar = layerTar(await openSystem(), top, report);
  const bytes = gzip ? (await import('../../ramdisk/compression.js')).compress('gzip', tar) : tar;
  if (piped) await toPipe(bytes);
  else await toFile(resolve(output), bytes);
  for (const { path, why } of report.problems as { path: string; why: string }[])
    log.warn(`${path}: ${why}`);
  log.info(
    `exported ${top}: ${report.entries} entries, ${report.whiteouts} whiteouts, ${report.opaque} opaque directories, ${report.bytes} bytes`,
  );
  finish(report.problems.length > 0 || partial ? EXIT.problems : EXIT.done);
}

/** `export`: what the overlay changes against the image, as a tar. */
export function exportCommand(y: Argv, deps: Deps): Argv {
  return y.command(
    'export',
    'what is changed against the image, as a tar that carries what is removed too',
    (parser) =>
      parser
        .option('output', {
          alias: 'o',
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'FILE: where to; without it to the standard output',
        })
        .option('gzip', { alias: 'z', boolean: true, default: false, describe: 'compress it' })
        .option('upper', {
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'DIR: this upper layer, and not that of /',
        })
        .example('$0 export --gzip -o /tmp/settings.tar.gz', 'a backup of the settings')
        .example('ssh board mountroot export -z >board.tar.gz', 'the same to another machine'),
    (args) => run({ output: args.output, gzip: args.gzip, upper: args.upper }, deps),
  );
}
