import type { SshResult } from './ssh.js';

/**
 * Asks so many boards at once as `jobs` says, and hands on each answer as it comes; returns all, in
 * the order in which the hosts were named.
 * @param go stops giving out further hosts when it says false.
 */
export async function askAll<T>(
  hosts: readonly string[],
  jobs: number,
  askOne: (host: string) => Promise<SshResult>,
  use: (ended: SshResult) => T | Promise<T>,
  go: () => boolean,
): Promise<T[]> {
  const results: T[] = new Array<T>(hosts.length);
  const skipped = (host: string): SshResult => ({
    host,
    end: 'interrupted',
    exit: null,
    signal: null,
    stdout: Buffer.alloc(0),
    stderr: '',
    seconds: 0,
  });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index; (index = next++) < hosts.length;) {
      const host = hosts[index]!;
      results[index] = await use(go() ? await askOne(host) : skipped(host));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, hosts.length) }, worker));
  return results;
}
