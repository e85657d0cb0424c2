import t from 'tap';
import { sshCause } from '../../../src/remote/ssh-says.js';

t.test("ssh's messages are reported with their cause and their cure", async (t) => {
  const cases: [string, string][] = [
    [
      '@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n' +
        '@@@@@@@@@\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n' +
        'Host key verification failed.',
      'host key changed',
    ],
    [
      'No ED25519 host key is known for board and you have requested strict checking.\r\n' +
        'Host key verification failed.\r\n',
      'host key not known',
    ],
    ['root@board: Permission denied (publickey,password).', 'permission denied'],
    ['root@board: Permission denied (password,keyboard-interactive).', 'permission denied'],
    [
      'Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\n' +
        'Disconnected from 10.0.0.1 port 22',
      'permission denied',
    ],
    [
      '@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\nPermissions 0644 for ' +
        "'k' are too open.\nroot@b: Permission denied (publickey).",
      'permission denied',
    ],
    ['ssh: connect to host board port 22: Connection refused', 'connection refused'],
    ['ssh: connect to host board port 22: Connection timed out', 'timed out'],
    [
      'Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out',
      'timed out',
    ],
    ['ssh: connect to host board port 22: No route to host', 'no route'],
    ['ssh: Could not resolve hostname board: Name or service not known', 'name not found'],
    [
      'Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their ' +
        'offer: ssh-rsa',
      'no common method',
    ],
    [
      'kex_exchange_identification: banner line contains invalid characters\n' +
        'banner exchange: Connection to 127.0.0.1 port 80: invalid format',
      'no SSH server',
    ],
    [
      'kex_exchange_identification: Connection closed by remote host\n' +
        'Connection closed by 10.0.0.1 port 22',
      'closed at once',
    ],
    [
      '/home/me/.ssh/config: line 3: Bad configuration option: porrt\n' +
        '/home/me/.ssh/config: terminating, 1 bad configuration options',
      'ssh configuration',
    ],
    [
      'channel 0: open failed: connect failed: No address\nstdio forwarding failed\n' +
        'Connection closed by UNKNOWN port 65535',
      'jump host',
    ],
    ['client_loop: send disconnect: Broken pipe', 'cut off'],
    ['something new\nthat nobody foresaw', 'ssh failed'],
    ['', 'cut off'],
  ];
  for (const [stderr, short] of cases) {
    const cause = sshCause('board', stderr, 0);
    t.equal(cause.short, short, stderr);
    t.match(cause.sentence, /^[^\n]+[:;(][^\n]+[^.\n]$/, cause.sentence);
  }
  t.match(
    sshCause('board', 'something new\nthat nobody foresaw', 0).sentence,
    /that nobody foresaw/,
    'what is not known is quoted',
  );
  t.match(
    sshCause('board', 'ssh: connect\x1b[2J failed', 0).sentence,
    /^[\x20-\x7e]+$/,
    'without orders to the terminal',
  );
});
