import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { putWhole } from '../bundle/whole-file.js';
import { NoBundleError, readBundle } from '../bundle/read-bundle.js';
import { isTerminal } from '../log/is-terminal.js';
import type { Answer } from './judge.js';

export interface BundleStore {
  /** The bundle goes to the standard output. */
  piped: boolean;
  /** Stores a board's bundle if it is complete. */
  keep(bytes: Buffer, answer: Answer): Answer;
}

/** `root@[fe80::1]:22` as the name of a file. */
const fileName = (host: string): string => `mountroot-${host.replace(/[^\w.@-]/g, '_')}.tar.gz`;

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** A file for each host; two hosts whose names become the same file name get a number. */
function namesOf(hosts: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    hosts.map((host) => {
      let name = fileName(host);
      for (let count = 2; taken.has(name); count++) name = fileName(`${host}-${count}`);
      taken.add(name);
      return [host, name];
    }),
  );
}

/** Where each host's bundle is put. @throws {Error} where the place does not fit. */
function placesOf(output: string | undefined, hosts: readonly string[]): Map<string, string> {
  if (output === undefined) return namesOf(hosts);
  if (isDirectory(output))
    return new Map([...namesOf(hosts)].map(([host, name]) => [host, join(output, name)]));
  if (output.endsWith('/')) throw new Error(`there is no directory ${output}; make it first`);
  if (hosts.length > 1)
    throw new Error(
      `the bundles of ${hosts.length} hosts need a directory, and ${output} is none; ` +
        'make it, or leave out -o',
    );
  return new Map([[hosts[0]!, output]]);
}

/** @throws {Error} for bundles that cannot go to the standard output. */
function checkPipe(hosts: readonly string[]): void {
  if (hosts.length > 1)
    throw new Error(
      'the bundles of several hosts cannot go to one output; name a directory with -o',
    );
  if (isTerminal(1))
    throw new Error(
      'a bundle is not for a terminal; name a file with -o, or send it to another program',
    );
}

type BundleTrouble = { cause: 'no bundle' | 'not written'; sentence: string } | null;

/** The fault of the bytes that a host sent as a bundle. */
function bundleTrouble(bytes: Buffer, host: string): BundleTrouble {
  try {
    readBundle(bytes, `what ${host} sent`);
    return null;
  } catch (error) {
    if (!(error instanceof NoBundleError)) throw error;
    return {
      cause: 'no bundle',
      sentence:
        `${error.file} is no bundle: ${error.finding}; its mountroot may be too old, ` +
        'or what a login prints there is in the way',
    };
  }
}

function writeTrouble(file: string, bytes: Buffer): BundleTrouble {
  try {
    putWhole(file, bytes);
    return null;
  } catch (error) {
    return { cause: 'not written', sentence: (error as Error).message };
  }
}

/** @throws {Error} if the bundles of these hosts cannot be stored there. */
export function bundleStore(output: string | undefined, hosts: readonly string[]): BundleStore {
  const piped = output === '-';
  if (piped) checkPipe(hosts);
  const places = piped ? new Map<string, string>() : placesOf(output, hosts);
  return {
    piped,
    keep: (bytes, answer) => {
      const told: Answer = { ...answer };
      delete told.output;
      if (answer.status !== 'well') return told;
      const file = places.get(answer.host);
      const trouble =
        bundleTrouble(bytes, answer.host) ??
        (file === undefined ? null : writeTrouble(file, bytes));
      if (trouble !== null)
        return { ...told, status: 'failed', error: trouble.sentence, cause: trouble.cause };
      return file === undefined ? told : { ...told, output: { file, bytes: bytes.length } };
    },
  };
}
