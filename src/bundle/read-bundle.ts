import { gunzipSync } from 'node:zlib';
import { BUNDLE_LIMITS } from '../text/input-limits.js';
import { filesOfTar, type File } from './tar.js';

export const BUNDLE_SCHEMA = 'mountroot.bundle/1';
/** The directory in the archive that holds all files. */
export const TOP = 'mountroot-bundle/';

/** Limits in bytes that no real bundle reaches: compressed, and uncompressed. */
export const LARGEST_BUNDLE = BUNDLE_LIMITS.packed;
const MOST = BUNDLE_LIMITS.unpacked;

/**
 * Whether a file that was read as text is a bundle. A gzip stream begins with 1f 8b (RFC 1952). The
 * first is a control character, with which no facts file and no journal begins; the second is not
 * UTF-8, and it depends on the reader what stands for it.
 */
export const looksLikeBundle = (text: string): boolean => text.startsWith('\x1f');

export interface Bundle {
  /** By name, without the directory. */
  files: Map<string, Buffer>;
}

/** A file that is no bundle. Its message is one sentence, with what to do. */
export class NoBundleError extends Error {
  override name = 'NoBundleError';

  /** @param file its name. @param finding the evidence that it is no bundle. */
  constructor(
    readonly file: string,
    readonly finding: string,
    options: ErrorOptions = {},
  ) {
    super(`${file} is no bundle: ${finding}; make one with \`mountroot bundle -o FILE\``, options);
  }
}

/** The reason why the bytes are no bundle, as the end of a sentence. */
function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'Z_BUF_ERROR') return 'is cut off: its end is missing';
  if (code === 'ERR_BUFFER_TOO_LARGE') return `holds more than ${MOST >> 20} MiB`;
  // zlib's other errors; those of the tar are our own.
  return code?.startsWith('Z_') ? `is damaged (${message})` : message;
}

/**
 * @param name of the file, for the error.
 * @throws {NoBundleError}
 */
export function readBundle(bytes: Buffer, name: string): Bundle {
  let files: File[];
  try {
    files = filesOfTar(gunzipSync(bytes, { maxOutputLength: MOST }));
  } catch (error) {
    const why = whyUnreadable(error as NodeJS.ErrnoException);
    throw new NoBundleError(name, `it ${why}`, { cause: error });
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

/**
 * The first of the wanted files that a bundle has, as text.
 * @throws {Error} one sentence, where it has none of them.
 */
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
 * The journals in a bundle with their names on the data volume, oldest first. The last one,
 * `journal.ndjson`, is of the boot in which the bundle was made.
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
