import { gunzipSync } from 'node:zlib';
import { readTar, type File } from './tar.js';

export const BUNDLE_SCHEMA = 'mountroot.bundle/1';
/** The directory in the archive. */
export const TOP = 'mountroot-bundle/';

/** More than a bundle ever holds, packed. */
export const LARGEST_BUNDLE = 64 << 20;
const MOST = 256 << 20;

/**
 * A gzip stream begins with 1f 8b (RFC 1952), and the second of them is no UTF-8; no facts file and
 * no journal begins like that.
 */
export const looksLikeBundle = (text: string): boolean => text.startsWith('\x1f\ufffd');

export interface Bundle {
  /** By their names without the directory. */
  files: Map<string, Buffer>;
}

/** A file is no bundle. */
export class NoBundleError extends Error {
  override name = 'NoBundleError';

  /** @param file its name. @param finding what shows that it is no bundle. */
  constructor(
    readonly file: string,
    readonly finding: string,
  ) {
    super(`${file} is no bundle: ${finding}; make one with \`mountroot bundle -o FILE\``);
  }
}

/** @throws {NoBundleError} */
export function readBundle(bytes: Buffer, name: string): Bundle {
  let files: File[];
  try {
    files = readTar(gunzipSync(bytes, { maxOutputLength: MOST }));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'Z_BUF_ERROR'
        ? 'is cut off: its end is missing'
        : code === 'ERR_BUFFER_TOO_LARGE'
          ? `holds more than ${MOST >> 20} MiB`
          : code?.startsWith('Z_')
            ? `is damaged (${message})`
            : message;
    throw new NoBundleError(name, `it ${why}`);
  }
  const ours = files
    .filter((file) => file.name.replace(/^\.\//, '').startsWith(TOP))
    .map((file): [string, Buffer] => [
      file.name.replace(/^\.\//, '').slice(TOP.length),
      file.content,
    ]);
  const found = new Map(ours);
  if (!found.has('manifest.json'))
    throw new NoBundleError(name, `there is no ${TOP}manifest.json in it`);
  return { files: found };
}

/** The first of some files that a bundle has, as text. @throws {Error} one sentence. */
export function textInBundle(bytes: Buffer, name: string, wanted: readonly string[]): string {
  const { files } = readBundle(bytes, name);
  const found = wanted.map((file) => files.get(file)).find((content) => content !== undefined);
  if (found === undefined)
    throw new Error(
      `there is no ${wanted.at(-1)} in ${name}; its manifest.json says what could not be had`,
    );
  return found.toString('utf8');
}

/**
 * The journals in a bundle, oldest first, each by its name on the data volume; that of the boot it
 * was made in is last, `journal.ndjson`.
 */
export const journalsInBundle = ({ files }: Bundle): { name: string; text: string }[] =>
  [...files]
    .filter(([name]) => name.startsWith('journals/'))
    .map(([name, content]) => ({
      name: name.slice('journals/'.length),
      text: content.toString('utf8'),
    }))
    .sort(
      (a, b) =>
        Number(a.name === 'journal.ndjson') - Number(b.name === 'journal.ndjson') ||
        (a.name < b.name ? -1 : 1),
    );
