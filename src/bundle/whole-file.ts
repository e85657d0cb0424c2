/** Files that people name for the output of a report. Only reports use this. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { DESCRIPTORS, openNamed } from '../system/named-place.js';
import { withoutPath } from '../text/without-path.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

function checkPlace(path: string): void {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw new Error('it is a directory; name a file in it');
  if (stat !== undefined && !stat.isFile())
    throw new Error('it is no file; send it there with >FILE');
}

/**
 * A file that appears as a whole. It is for its owner alone unless a mode is given, because it may
 * hold keys and passwords. It is written beside its place under a name that nobody can foresee,
 * then fsync(2), rename(2) and fsync of the folder. Others may be able to write to the folder, or
 * to one on the way to it: they cannot make us write elsewhere nor read the bytes, and a file that
 * they put in its place is noticed.
 */
export class WholeFile {
  readonly #path: string;
  readonly #next: string;
  readonly #place: string;
  readonly #folder: number;
  readonly #file: number;

  /** @throws {Error} one sentence, which names the path and the kernel's error. */
  constructor(path: string, mode = 0o600) {
    this.#path = path;
    let folder = -1;
    try {
      checkPlace(path);
      folder = openNamed(dirname(path));
      const within = DESCRIPTORS ? `/proc/self/fd/${folder}` : dirname(path);
      this.#place = `${within}/${basename(path)}`;
      this.#next = `${within}/.mountroot-${randomBytes(12).toString('hex')}`;
      this.#file = fs.openSync(this.#next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    } catch (error) {
      if (folder >= 0) fs.closeSync(folder);
      throw this.#trouble(error);
    }
    this.#folder = folder;
  }

  #trouble(error: unknown): Error {
    return new Error(`cannot write to ${this.#path}: ${withoutPath(error)}`, { cause: error });
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;)
      done += fs.writeSync(this.#file, bytes, done, bytes.length - done);
  }

  #finish(): void {
    fs.fsyncSync(this.#file);
    fs.renameSync(this.#next, this.#place);
    const [ours, there] = [fs.fstatSync(this.#file), fs.lstatSync(this.#place)];
    if (ours.ino !== there.ino || ours.dev !== there.dev)
      throw new Error(
        'somebody else who may write to its directory has put another file there; ' +
          'name a place in a directory of your own',
      );
    fs.fsyncSync(this.#folder);
  }

  #close(): void {
    fs.closeSync(this.#file);
    fs.closeSync(this.#folder);
  }

  /** Writes all of it, or leaves nothing. @throws {Error} one sentence. */
  put(bytes: Uint8Array): void {
    try {
      this.#write(bytes);
      this.#finish();
    } catch (error) {
      fs.rmSync(this.#next, { force: true });
      throw this.#trouble(error);
    } finally {
      this.#close();
    }
  }

  /** The same, as the bytes come. An error of their source is thrown as it is. */
  async putAll(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const attempt = (call: () => void): void => {
      try {
        call();
      } catch (error) {
        throw this.#trouble(error);
      }
    };
    try {
      for await (const chunk of bytes) attempt(() => this.#write(chunk));
      attempt(() => this.#finish());
    } catch (error) {
      fs.rmSync(this.#next, { force: true });
      throw error;
    } finally {
      this.#close();
    }
  }
}

/** Writes a whole file. @throws {Error} one sentence. */
export const putWhole = (path: string, bytes: Uint8Array, mode?: number): void =>
  new WholeFile(path, mode).put(bytes);
