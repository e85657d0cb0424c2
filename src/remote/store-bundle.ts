import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { putWhole } from '../bundle/put-whole.js';
import { readBundle } from '../bundle/read-bundle.js';
import type { Answer } from './judge.js';

export interface BundleStore {
  /** It goes to the standard output. */
  piped: boolean;
  /** Keeps what a board sent, if it is whole. */
  keep(bytes: Buffer, answer: Answer): Answer;
}

/** `root@[fe80::1]:22` as a name of a file. */
const fileName = (host: string): string => `mountroot-${host.replace(/[^\w.@-]/g, '_')}.tar.gz`;

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Where each host's bundle is put. @throws {Error} where the place does not fit. */
function placesOf(output: string | undefined, hosts: readonly string[]): Map<string, string> {
  if (output !== undefined && !output.endsWith('/') && !isDirectory(output)) {
    if (hosts.length > 1)
      throw new Error(
        `the bundles of ${hosts.length} hosts need a directory, and ${output} is none; make it, or leave out -o`,
      );
    return new Map([[hosts[0]!, output]]);
  }
  const folder = output ?? '.';
  if (!isDirectory(folder)) throw new Error(`there is no directory ${folder}; make it first`);
  const taken = new Set<string>();
  return new Map(
    hosts.map((host) => {
      let name = fileName(host);
      for (let count = 2; taken.has(name); count++) name = fileName(`${host}-${count}`);
      taken.add(name);
      return [host, output === undefined ? name : join(folder, name)];
    }),
  );
}

export function bundleStore(output: string | undefined, hosts: readonly string[]): BundleStore {
  const piped = output === '-';
  if (piped && hosts.length > 1)
    throw new Error(
      'the bundles of several hosts cannot go to one output; name a directory with -o',
    );
  if (piped && process.stdout.isTTY)
    throw new Error(
      'a bundle is not for a terminal; name a file with -o, or send it to another program',
    );
  const places = piped ? new Map<string, string>() : placesOf(output, hosts);
  return {
    piped,
    keep: (bytes, answer) => {
      const { output: _text, ...told } = answer;
      if (answer.status !== 'well') return told;
      const failed = (sentence: string, cause: string): Answer => ({
        ...told,
        status: 'failed',
        error: sentence,
        cause,
      });
      try {
        readBundle(bytes, `what ${answer.host} sent`);
      } catch (error) {
        return failed(
          (error as Error).message.replace(
            /; make one with .*$/,
            '; its mountroot may be too old, or what a login prints there is in the way',
          ),
          'no bundle',
        );
      }
      if (piped) return told;
      const file = places.get(answer.host)!;
      try {
        putWhole(file, bytes);
      } catch (error) {
        return failed((error as Error).message, 'not written');
      }
      return { ...told, output: { file, bytes: bytes.length } };
    },
  };
}
