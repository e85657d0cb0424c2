/** What ssh said, as one sentence: what is wrong, the probable cause, the cure. */

export interface SshCause {
  /** For a table, and for programs. */
  short: string;
  sentence: string;
}

type Say = (host: string, match: RegExpExecArray, last: string) => string;

const CAUSES: readonly (readonly [RegExp, string, Say])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    'host key changed',
    (host) =>
      `the host key of ${host} is not the one that is known: the board was reset or written anew and made itself another one, or another machine answers in its place; compare the fingerprint at the board's console (\`ssh-keygen -lf\` or \`dropbearkey -y -f\` on its host key), and only then remove the old key (\`ssh-keygen -R\`)`,
  ],
  [
    /(?:No \S+ host key is known|Host key verification failed)/,
    'host key not known',
    (host) =>
      `the host key of ${host} is not known here yet, and nobody is asked about it in a batch; log in once with \`ssh ${host}\` and compare the fingerprint`,
  ],
  [
    /Too many authentication failures/,
    'permission denied',
    (host) =>
      `${host} refused after too many keys: the agent offers more than the board takes; name the right one in ssh's configuration (IdentityFile, and IdentitiesOnly yes)`,
  ],
  [
    /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    'permission denied',
    (host) =>
      `ssh does not use the key for ${host}, because others may read its file; chmod 600 it`,
  ],
  [
    /Permission denied \(([^)]*)\)/,
    'permission denied',
    (host, [, methods = '']) =>
      methods.split(',').includes('publickey')
        ? `${host} took none of the keys: its authorized_keys has none of them (or may be written by others, which sshd does not accept), or the user is not the right one; try \`ssh -v ${host}\``
        : `${host} lets nobody in by a key (it takes ${methods || 'nothing'}), and a batch has no password; allow keys there, and put yours into its authorized_keys`,
  ],
  [
    /Could not resolve hostname/,
    'name not found',
    (host) =>
      `no address is known for the name ${host}: it is misspelt, or neither in ssh's configuration nor in DNS or /etc/hosts; give the address, or an alias in ssh's configuration`,
  ],
  [
    /Connection refused/,
    'connection refused',
    (host) =>
      `${host} refused the connection: its SSH server does not run, or listens on another port; start it, or set Port in ssh's configuration`,
  ],
  [
    /(?:Connection|Operation) timed out|timed out during banner exchange|Timeout, server/,
    'timed out',
    (host) =>
      `${host} did not answer: it is off, hangs or is behind a firewall, or the address is another's; look at its console`,
  ],
  [
    /No route to host|Network is unreachable|Host is unreachable|Host is down/,
    'no route',
    (host) =>
      `no way leads to ${host}: it is off, not on this network, or its address has changed; look at its cable and its address`,
  ],
  [
    /no matching (host key type|key exchange method|cipher|MAC) found\. Their offer: (\S{1,200})/i,
    'no common method',
    (host, [, what, offer]) =>
      `${host} and ssh have no ${what} in common (it offers ${offer}): one of them is old; update the board's SSH server, or allow that in ssh's configuration for this host alone`,
  ],
  [
    /invalid characters|Protocol (?:major versions|mismatch)/,
    'no SSH server',
    (host) => `what answers at ${host} is no SSH server; check the port in ssh's configuration`,
  ],
  [
    /Bad configuration option|bad configuration options|Bad owner or permissions on|Can't open user config file|[Kk]eyword \S+ extra arguments|missing argument|command-line: line 0/,
    'ssh configuration',
    (_host, _match, last) =>
      `ssh cannot use its configuration: ${last}; mend it there, or in -F and --ssh-option`,
  ],
  [
    /stdio forwarding failed|open failed: (?:connect failed|administratively prohibited)/,
    'jump host',
    (host, _match, last) =>
      `the jump host does not get through to ${host}: ${last}; try the way to it by hand`,
  ],
  [
    /kex_exchange_identification|Connection (?:closed|reset) by (?!remote)|ssh_exchange_identification|Connection closed by UNKNOWN/,
    'closed at once',
    (host) =>
      `${host} closed the connection before anybody could log in: its SSH server has no host keys, takes no more connections (MaxStartups) or bans this address, or a jump host on the way failed; try again, and see the server's log`,
  ],
  [
    /Broken pipe|closed by remote host|Connection reset/,
    'cut off',
    (host) =>
      `the connection to ${host} broke off: the board went down or was rebooted, or the network failed`,
  ],
];

const clean = (text: string): string => text.replace(/[^\x20-\x7e\n]/g, '').trim();
const lastLine = (stderr: string): string =>
  clean(stderr)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^@+$/.test(line))
    .at(-1)
    ?.slice(0, 200) ?? '';

/** Of ssh that ended with 255, its own number for what went wrong with the connection. */
export function sshCause(host: string, stderr: string, received: number): SshCause {
  const text = clean(stderr);
  for (const [pattern, short, say] of CAUSES) {
    const match = pattern.exec(text);
    if (match !== null) return { short, sentence: say(host, match, lastLine(stderr)) };
  }
  // In the middle of an answer ssh may say nothing at all.
  if (received > 0 || text === '')
    return {
      short: 'cut off',
      sentence: `the connection to ${host} broke off${text === '' ? '' : ` (${lastLine(stderr)})`}: the board went down or was rebooted, or ran out of memory and killed what answers, or the network failed`,
    };
  return {
    short: 'ssh failed',
    sentence: `ssh could not ask ${host}: ${lastLine(stderr)}; try \`ssh ${host}\` by hand`,
  };
}

/**
 * Of a program that the board's shell could not run (127, 126), or that did not end by itself; null
 * where it ended as ours does.
 */
export function boardCause(
  host: string,
  exit: number,
  stderr: string,
  command: string,
): SshCause | null {
  const said = lastLine(stderr);
  if (exit === 127 && /\bnode\b/.test(said) && !/mountroot/.test(said))
    return {
      short: 'no Node.js',
      sentence: `there is no Node.js on ${host} (${said}); install it there, or take the plan as a script (\`mountroot plan start --format sh\`)`,
    };
  if (exit === 127)
    return {
      short: 'no mountroot',
      sentence: `there is no ${command} on ${host}${said === '' ? '' : ` (${said})`}: it is not installed, or not where its shell looks; say where with --command PATH`,
    };
  if (exit === 126)
    return {
      short: 'not executable',
      sentence: `${host} cannot run ${command}${said === '' ? '' : ` (${said})`}: it is not executable, or for another kind of machine`,
    };
  if (exit > 128 && exit < 255)
    return {
      short: 'killed',
      sentence: `${command} was killed on ${host} by signal ${exit - 128}${exit === 137 ? ', which the kernel does when memory is short; see its log' : ''}${said === '' ? '' : ` (${said})`}`,
    };
  return null;
}

/** What the agent itself said, without the name before it. A board may say much. */
export const agentSaid = (stderr: string): string[] =>
  clean(stderr)
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^mountroot: /, '')
        .slice(0, 1000),
    )
    .filter((line) => line !== '')
    .slice(-20);
