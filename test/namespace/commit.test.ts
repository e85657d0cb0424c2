/** `commit` on this machine's kernel: the root below the overlay is an ext4. */
import t from 'tap';
import { maintained } from './maintained.js';
import { someOf } from '../fixtures/sampling.js';

const CLOSED = { mount: 'ro', file: 'ro', writes: /Read-only file system/ };

/** Every kind of change: made, replaced, removed, renamed, opaque, of another kind, a link. */
const CHANGES =
  'cd /etc/network; echo mine >interfaces; rm old; mkdir -p if-up.d/deep; ' +
  'echo x >if-up.d/deep/script; chmod 0750 if-up.d/deep/script; chown 3:4 if-up.d; ' +
  'ln -s interfaces link; mkfifo fifo; rm /etc/hostname; mkdir /etc/hostname; ' +
  'echo in >/etc/hostname/inside; rm -r /etc/tree; mkdir /etc/tree; echo y >/etc/tree/new; ' +
  'chmod 0700 /etc/kept; mkdir /etc/other; echo z >/etc/other/file';
const BELOW =
  'mkdir -p /etc/tree/below /etc/kept; echo b >/etc/tree/below/file; echo k >/etc/kept/file';

/** What a tree shows, without what nobody may compare. */
const listing = (top: string): string =>
  `cd ${top} && find etc/network etc/hostname etc/tree etc/kept etc/other 2>/dev/null | sort | ` +
  'while read -r f; do stat -c "%n %F %a %u:%g" "$f"; [ ! -f "$f" ] || cat "$f"; done; ';

t.test('what was committed is below as the overlay shows it', async (t) => {
  const [dry, done, again] = await maintained(t, {
    below: BELOW,
    first: CHANGES,
    calls: [
      {
        run: ['--dry-run', '/etc/network', '/etc/hostname', '/etc/tree', '/etc/kept'],
        then: 'cat /rom/etc/network/interfaces; ls /rom',
      },
      {
        run: ['/etc/network/', '/etc/network/if-up.d', '/etc/hostname', '/etc/tree', '/etc/kept'],
        then: `${listing('/rom')} echo ==; ${listing('/')}echo lost+found; ls -A /rom`,
      },
      { run: ['/etc/network'], then: 'cat /overlay/upper/etc/network/interfaces' },
    ],
  });
  t.match(dry, { ...CLOSED, status: 0 });
  t.match(dry?.then, /^image\n/, 'a dry run changes nothing');
  for (const line of [
    '~ /etc/network/interfaces',
    '- /etc/network/old',
    '+ /etc/network/if-up.d/',
    '+ /etc/network/if-up.d/deep/script',
    '+ /etc/hostname/',
    '- /etc/tree/below',
    '+ /etc/tree/new',
  ])
    t.ok(dry?.stdout.split('\n').includes(line), line, { stdout: dry?.stdout });
  t.match(done, { ...CLOSED, status: 0 });
  const [below, shown] = done!.then.split('==\n');
  const wanted = shown!
    .replace(/etc\/other directory.*\netc\/other\/file.*\nz\n/, '')
    .split('lost+found')[0];
  t.equal(below, wanted, 'the same files, owners and modes');
  t.match(below, /etc\/network\/if-up.d directory 755 3:4/);
  t.match(below, /etc\/kept directory 700 /);
  t.notMatch(below, /etc\/other/, 'and nothing else');
  t.notMatch(done?.then, /scratch/);
  t.match(again, { ...CLOSED, status: 0, then: 'mine\n' }, 'the overlay keeps its copy');
});

t.test('what cannot be committed is refused before anything is changed', async (t) => {
  const calls = await maintained(t, {
    first: CHANGES + '; mkdir /etc/network/mnt; mount -t tmpfs x /etc/network/mnt',
    calls: [
      { run: ['/etc/network'], then: 'cat /rom/etc/network/interfaces' },
      { run: ['etc'] },
      { run: ['/'] },
      { run: ['/etc/../usr'] },
      { run: [] },
      { run: ['/nothing', '/run/x'] },
    ],
  });
  t.match(calls[0], { ...CLOSED, status: 1, then: 'image\n' });
  t.match(calls[0]?.stderr, /cannot commit \/etc\/network\/mnt, which is a mount of its own/);
  for (const call of calls.slice(1, 5)) t.match(call, { ...CLOSED, status: 1, stdout: '' });
  t.match(calls[5], { ...CLOSED, status: 0, stderr: /nothing to commit/ });
});

t.test('a root below that is in memory is refused', async (t) => {
  const [call] = await maintained(t, { calls: [{ run: ['/etc'] }] }, false);
  t.match(call, { stdout: '', stderr: /tmpfs board below the overlay cannot be written/ });
});

t.test('killed in the middle, it leaves the overlay as it shows, and goes on later', async (t) => {
  const count = 'ls /etc/many | wc -l; ls -A /rom | grep -c scratch';
  const [killed, again] = await maintained(t, {
    first: 'mkdir /etc/many; for i in $(seq 1500); do echo $i >/etc/many/$i; done',
    calls: [
      { run: ['/etc/many'], kill: 'SIGKILL', ready: '/rom/etc/many/100', then: count },
      { run: ['/etc/many'], then: `${count}; diff -r /etc/many /rom/etc/many && echo same` },
    ],
  });
  t.match(killed, { ...CLOSED, signal: 'SIGKILL', then: '1500\n1\n' });
  t.match(again, { ...CLOSED, status: 0, then: '1500\n0\nsame\n' });
});

/** Random changes of a small tree, as shell lines; those that fail change nothing. */
function randomChanges(seed: number, count: number): string {
  let state = seed;
  const below = (most: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  const path = (): string =>
    Array.from({ length: 1 + below(3) }, () => ['a', 'b', 'c', 'd'][below(4)]).join('/');
  const kinds: ((p: string) => string)[] = [
    (p) => `mkdir -p ${p}`,
    (p) => `[ -p ${p} ] || echo ${below(1000)} >${p}`,
    (p) => `rm -rf ${p}`,
    (p) => `mv -T ${p} ${path()}`,
    (p) => `cp -r --remove-destination ${p} ${path()}`,
    (p) => `ln -s target${below(9)} ${p}`,
    (p) => `ln ${p} ${path()}`,
    (p) => `chmod ${['700', '755', '4711', '644'][below(4)]} ${p}`,
    (p) => `chown ${below(9)}:${below(9)} ${p}`,
    (p) => `rm -rf ${p}; mkdir -p ${p}; echo ${below(1000)} >${p}/a`,
    (p) => `mkfifo ${p}`,
  ];
  return Array.from({ length: count }, () => `${kinds[below(kinds.length)]!(path())}; `).join('');
}

for (let seed = 1; seed <= someOf(6); seed++)
  t.test(`random changes number ${seed} are below as they show`, async (t) => {
    const [call] = await maintained(t, {
      below: `cd /etc/network; ${randomChanges(seed, 80)}`,
      first: `cd /etc/network; exec 2>/dev/null; ${randomChanges(seed + 100, 80)}`,
      calls: [{ run: ['/etc/network'], then: `${listing('/rom')} echo ==; ${listing('/')}` }],
    });
    t.match(call, { ...CLOSED, status: 0 });
    const [below, shown] = call!.then.split('==\n');
    t.equal(below, shown);
    t.ok(shown!.split('\n').length > 10, 'something is compared');
  });
