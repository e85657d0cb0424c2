import fc from 'fast-check';
import t from 'tap';
import { chosenHosts, hostTrouble, parseHosts } from '../../../src/remote/hosts.js';
import { sshWords } from '../../../src/remote/ssh.js';
import { someOf } from '../../fixtures/sampling.js';
import { anyCharacter } from '../../fixtures/any-text.js';

t.test('names, aliases, addresses and users are valid hosts', async (t) => {
  for (const host of [
    'board',
    'board-1.lab.example',
    'root@board',
    '192.168.1.1',
    'root@192.168.1.1',
    'fe80::1',
    'fe80::1%eth0',
    'root@[fe80::1%eth0]',
    'ssh://root@board:2222',
    'ssh://[fe80::1]:22',
    'DOMAIN\\user@board',
    'a_b',
    'u+tag@h',
  ])
    t.equal(hostTrouble(host), null, host);
});

t.test('words that ssh or a shell would misread are no hosts', async (t) => {
  for (const host of [
    '',
    '-oProxyCommand=id',
    '--',
    '-',
    'root@-oProxyCommand=id',
    'ssh://-oProxyCommand=id',
    'ssh://root@-oX',
    'a b',
    'a;id',
    'a`id`',
    'a$(id)',
    '$HOME',
    'a|b',
    'a&b',
    'a\nb',
    'a\0',
    'a\x1b[2J',
    "a'b",
    'a"b',
    'a>b',
    'b/c',
    '../b',
    'ssh://b/c',
    'h'.repeat(256),
    'é',
    '*',
    '!a',
    '#a',
    '@',
    'root@',
    '@b',
    '{a,b}',
  ]) {
    const trouble = hostTrouble(host);
    t.match(trouble, /^[\x20-\x7e]+$/, JSON.stringify(host).slice(0, 40));
  }
});

t.test('any valid host is one word to ssh, after its options', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: anyCharacter, maxLength: 30 }),
        fc.string({ unit: fc.constantFrom(...'abz09.-_:@%[]/\\=$;\'" \n'), maxLength: 20 }),
      ),
      (host) => {
        if (hostTrouble(host) !== null) return;
        if (!/^[\w.:@%[\]\\+=/-]+$/.test(host) || host.startsWith('-'))
          throw new Error(JSON.stringify(host));
        const words = sshWords(host, ['mountroot', 'status'], { options: [], connect: 10 });
        if (words.at(-2) !== host || words.at(-3) !== '--') throw new Error(words.join(' '));
      },
    ),
    { numRuns: someOf(5000) },
  );
  t.pass('each string');
});

t.test('a list has one host per line, and comments', async (t) => {
  t.strictSame(
    parseHosts('# the shelf\nshelf1\n  root@shelf2  # upper row\n\n\t\nshelf1\r\n', 'boards.txt'),
    ['shelf1', 'root@shelf2', 'shelf1'],
  );
  t.strictSame(chosenHosts(['b', 'a', 'b']), ['b', 'a'], 'and each counts once');
  t.throws(
    () => parseHosts('a\n-oX\n', 'boards.txt'),
    /^line 2 of boards.txt: "-oX" cannot be a host, because ssh would take/,
  );
  t.throws(() => parseHosts('a b\n', 'boards.txt'), /line 1 of boards.txt/);
  t.throws(() => parseHosts('# nothing\n', 'boards.txt'), /there is no host in boards.txt/);
});

t.test("mandatory options come before the user's, because ssh uses the first", async (t) => {
  const words = sshWords('board', ['mountroot', 'status', '--json'], {
    configFile: 'conf',
    options: ['BatchMode=no', 'Port=22'],
    connect: 7,
  });
  t.strictSame(words.slice(0, 4), ['-F', 'conf', '-oBatchMode=yes', '-oConnectTimeout=7']);
  t.ok(words.indexOf('-oBatchMode=yes') < words.indexOf('-oBatchMode=no'));
  t.strictSame(words.slice(-3), ['--', 'board', "'mountroot' 'status' '--json'"]);
});
