import type { SshResult } from './ssh.js';

interface Asking<T> {
  /** The number of hosts to ask at the same time. */
  jobs: number;
  ask: (host: string) => Promise<SshResult>;
  /** Receives each answer when it arrives. */
  use: (result: SshResult) => T | Promise<T>;
  /** When this returns false, no further host is asked. */
  go: () => boolean;
}

const notAsked = (host: string): SshResult => ({
  host,
  end: 'interrupted',
  exit: null,
  signal: null,
  stdout: Buffer.alloc(0),
  stderr: '',
  seconds: 0,
});

/** Asks several hosts at once. Returns the answers in the order in which the hosts were named. */
export async function askAll<T>(
  hosts: readonly string[],
  { jobs, ask, use, go }: Asking<T>,
): Promise<T[]> {
  const results: T[] = new Array<T>(hosts.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index; (index = next++) < hosts.length;) {
      const host = hosts[index]!;
      results[index] = await use(go() ? await ask(host) : notAsked(host));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, hosts.length) }, worker));
  return results;
}
