/**
 * Turns messages of ssh and of a board's shell into one sentence each: the fault, its probable
 * cause, the cure.
 */

/** The reason why we could not ask a board, or why it could not answer. */
export interface SshCause {
  /** For a table, and for programs. */
  short: string;
  sentence: string;
}

/** The data for a sentence about ssh's message. */
interface SshMessage {
  host: string;
  /** The match of the pattern. */
  match: RegExpExecArray;
  /** The last line that ssh printed. */
  last: string;
}

interface SshRow {
  pattern: RegExp;
  short: string;
  say: (message: SshMessage) => string;
}

/** The messages of OpenSSH's client. A message is before those that it explains. */
const SSH_ROWS: readonly SshRow[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    short: 'host key changed',
    say: ({ host }) =>
      `the host key of ${host} is not the one that is known: ` +
      'the board was reset or written anew and made itself another one, ' +
      'or another machine answers in its place; ' +
      "compare the fingerprint at the board's console " +
      '(`ssh-keygen -lf` or `dropbearkey -y -f` on its host key), ' +
      'and only then remove the old key (`ssh-keygen -R`)',
  },
  {
    pattern: /(?:No \S+ host key is known|Host key verification failed)/,
    short: 'host key not known',
    say: ({ host }) =>
      `the host key of ${host} is not known here yet, and nobody is asked about it in a batch; ` +
      `log in once with \`ssh ${host}\` and compare the fingerprint`,
  },
  {
    pattern: /Too many authentication failures/,
    short: 'permission denied',
    say: ({ host }) =>
      `${host} refused after too many keys: the agent offers more than the board takes; ` +
      "name the right one in ssh's configuration (IdentityFile, and IdentitiesOnly yes)",
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    short: 'permission denied',
    say: ({ host }) =>
      `ssh does not use the key for ${host}, because others may read its file; chmod 600 it`,
  },
  {
    pattern: /Permission denied \((?:[^)]*,)?publickey(?:,[^)]*)?\)/,
    short: 'permission denied',
    say: ({ host }) =>
      `${host} took none of the keys: its authorized_keys has none of them ` +
      '(or may be written by others, which sshd does not accept), ' +
      `or the user is not the right one; try \`ssh -v ${host}\``,
  },
  {
    pattern: /Permission denied \(([^)]*)\)/,
    short: 'permission denied',
    say: ({ host, match: [, methods] }) =>
      `${host} lets nobody in by a key (it takes ${methods || 'nothing'}), ` +
      'and a batch has no password; allow keys there, and put yours into its authorized_keys',
  },
  {
    pattern: /Could not resolve hostname/,
    short: 'name not found',
    say: ({ host }) =>
      `no address is known for the name ${host}: it is misspelt, ` +
      "or neither in ssh's configuration nor in DNS or /etc/hosts; " +
      "give the address, or an alias in ssh's configuration",
  },
  {
    pattern: /Connection refused/,
    short: 'connection refused',
    say: ({ host }) =>
      `${host} refused the connection: its SSH server does not run, or listens on another port; ` +
      "start it, or set Port in ssh's configuration",
  },
  {
    pattern: /(?:Connection|Operation) timed out|timed out during banner exchange|Timeout, server/,
    short: 'timed out',
    say: ({ host }) =>
      `${host} did not answer: it is off, hangs or is behind a firewall, ` +
      "or the address is another's; look at its console",
  },
  {
    pattern: /No route to host|Network is unreachable|Host is unreachable|Host is down/,
    short: 'no route',
    say: ({ host }) =>
      `no way leads to ${host}: it is off, not on this network, or its address has changed; ` +
      'look at its cable and its address',
  },
  {
    pattern:
      /no matching (host key type|key exchange method|cipher|MAC) found\. Their offer: (\S{1,200})/i,
    short: 'no common method',
    say: ({ host, match: [, what, offer] }) =>
      `${host} and ssh have no ${what} in common (it offers ${offer}): one of them is old; ` +
      "update the board's SSH server, or allow that in ssh's configuration for this host alone",
  },
  {
    pattern: /invalid characters|Protocol (?:major versions|mismatch)/,
    short: 'no SSH server',
    say: ({ host }) =>
      `what answers at ${host} is no SSH server; check the port in ssh's configuration`,
  },
  {
    pattern:
      /Bad configuration option|bad configuration options|Bad owner or permissions on|Can't open user config file|[Kk]eyword \S+ extra arguments|missing argument|command-line: line 0/,
    short: 'ssh configuration',
    say: ({ last }) =>
      `ssh cannot use its configuration: ${last}; mend it there, or in -F and --ssh-option`,
  },
  {
    pattern: /stdio forwarding failed|open failed: (?:connect failed|administratively prohibited)/,
    short: 'jump host',
    say: ({ host, last }) =>
      `the jump host does not get through to ${host}: ${last}; try the way to it by hand`,
  },
  {
    pattern:
      /kex_exchange_identification|Connection (?:closed|reset) by (?!remote)|ssh_exchange_identification|Connection closed by UNKNOWN/,
    short: 'closed at once',
    say: ({ host }) =>
      `${host} closed the connection before anybody could log in: its SSH server has no host ` +
      'keys, takes no more connections (MaxStartups) or bans this address, ' +
      "or a jump host on the way failed; try again, and see the server's log",
  },
  {
    pattern: /Broken pipe|closed by remote host|Connection reset/,
    short: 'cut off',
    say: ({ host }) =>
      `the connection to ${host} broke off: ` +
      'the board went down or was rebooted, or the network failed',
  },
];

const clean = (text: string): string => text.replace(/[^\x20-\x7e\n]/g, '').trim();

const lastLine = (stderr: string): string =>
  clean(stderr)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^@+$/.test(line))
    .at(-1)
    ?.slice(0, 200) ?? '';

/** The message in parentheses; '' without a message. */
const inBrackets = (text: string): string => (text === '' ? '' : ` (${text})`);

/**
 * The cause where ssh ended with 255, its own status for a connection that failed.
 * @param received how many bytes of an answer came.
 */
export function sshCause(host: string, stderr: string, received: number): SshCause {
  const text = clean(stderr);
  const last = lastLine(stderr);
  for (const { pattern, short, say } of SSH_ROWS) {
    const match = pattern.exec(text);
    if (match !== null) return { short, sentence: say({ host, match, last }) };
  }
  // ssh may say nothing at all in the middle of an answer.
  if (received > 0 || text === '')
    return {
      short: 'cut off',
      sentence:
        `the connection to ${host} broke off${inBrackets(last)}: the board went down or was ` +
        'rebooted, or ran out of memory and killed what answers, or the network failed',
    };
  return {
    short: 'ssh failed',
    sentence: `ssh could not ask ${host}: ${last}; try \`ssh ${host}\` by hand`,
  };
}

/** The data for a sentence about the board's shell. */
interface ShellMessage {
  host: string;
  exit: number;
  /** The last line that was printed. */
  said: string;
  /** The command for mountroot on the boards. */
  command: string;
}

interface ShellRow {
  when: (message: ShellMessage) => boolean;
  short: string;
  say: (message: ShellMessage) => string;
}

/** The meanings of a shell's exit statuses (POSIX, 2.8.2). The first row that matches counts. */
const SHELL_ROWS: readonly ShellRow[] = [
  {
    when: ({ exit, said }) => exit === 127 && /\bnode\b/.test(said) && !/mountroot/.test(said),
    short: 'no Node.js',
    say: ({ host, said }) =>
      `there is no Node.js on ${host} (${said}); install it there, ` +
      'or take the plan as a script (`mountroot plan start --format sh`)',
  },
  {
    when: ({ exit }) => exit === 127,
    short: 'no mountroot',
    say: ({ host, said, command }) =>
      `there is no ${command} on ${host}${inBrackets(said)}: it is not installed, ` +
      'or not where its shell looks; say where with --command PATH',
  },
  {
    when: ({ exit }) => exit === 126,
    short: 'not executable',
    say: ({ host, said, command }) =>
      `${host} cannot run ${command}${inBrackets(said)}: it is not executable, ` +
      'or for another kind of machine',
  },
  {
    // SIGKILL.
    when: ({ exit }) => exit === 137,
    short: 'killed',
    say: ({ host, said, command }) =>
      `${command} was killed on ${host} by signal 9, ` +
      `which the kernel does when memory is short; see its log${inBrackets(said)}`,
  },
  {
    when: ({ exit }) => exit > 128 && exit < 255,
    short: 'killed',
    say: ({ host, exit, said, command }) =>
      `${command} was killed on ${host} by signal ${exit - 128}${inBrackets(said)}`,
  },
];

/**
 * The cause if the board's shell could not run mountroot, or if a signal ended it; null if it ended
 * by itself.
 */
export function boardCause(message: Omit<ShellMessage, 'said'>, stderr: string): SshCause | null {
  const whole = { ...message, said: lastLine(stderr) };
  const row = SHELL_ROWS.find(({ when }) => when(whole));
  return row === undefined ? null : { short: row.short, sentence: row.say(whole) };
}

/** The last messages of the board's mountroot, without its name before them. */
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
