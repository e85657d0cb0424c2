import t from 'tap';
import { placeLines } from '../../../harness/cuts/recording.js';
import { judgeAgent, judgeMount, type Promises } from '../../../harness/cuts/judge.js';
import { parseWalk, type SeenByAgent } from '../../../harness/walk.js';

const FILE = '100644 0:0 size=4 crc=00000001';
const NEWER = '100644 0:0 size=4 crc=00000002';

const byAgent = (listing: Record<string, string>): SeenByAgent => ({
  id: 1,
  start: 0,
  done: 0,
  milliseconds: 1,
  state: { rung: 'persistent', reason: null },
  said: null,
  listing: new Map(Object.entries(listing)),
});

t.test('a file that was synced must be there, once it was', async (t) => {
  const promises: Promises = { musts: [{ path: '/upper/a', what: FILE, from: 5 }], either: null };
  t.same(judgeAgent(promises, 4, byAgent({})), []);
  t.match(judgeAgent(promises, 5, byAgent({})), ['/upper/a is missing']);
  t.match(judgeAgent(promises, 9, byAgent({ '/upper/a': NEWER })), [/crc=00000002/]);
  t.same(judgeAgent(promises, 9, byAgent({ '/upper/a': `${FILE} trusted.overlay.origin=1` })), []);
  const mounted = { id: 1, attach: 0, mount: 0, write: 0, milliseconds: 1, listing: new Map() };
  t.match(judgeMount(promises, 5, mounted), ['/upper/a is missing']);
  t.match(judgeMount(promises, 4, { ...mounted, write: 28 }), [/errno 28/]);
  t.match(
    judgeMount(promises, 4, { ...mounted, listing: new Map([['/upper/b', '100644 errno=5']]) }),
    [/cannot be read/],
  );
});

t.test(
  'settings are the old ones or the new ones, and the new ones once that is said',
  async (t) => {
    const promises: Promises = {
      musts: [],
      either: {
        before: new Map([
          ['/upper/a', FILE],
          ['/upper/b', FILE],
        ]),
        after: new Map([['/upper/a', NEWER]]),
        from: 5,
      },
    };
    const old = { '/upper/a': FILE, '/upper/b': FILE, '/.mountroot/x': FILE };
    t.same(judgeAgent(promises, 1, byAgent(old)), []);
    t.same(judgeAgent(promises, 5, byAgent({ '/upper/a': NEWER, '/upper': '40755 0:0' })), []);
    t.match(judgeAgent(promises, 5, byAgent(old)), [/.+/]);
    t.match(judgeAgent(promises, 1, byAgent({ '/upper/a': FILE })), [/.+/], 'half');
    t.match(judgeAgent(promises, 1, { ...byAgent(old), start: 1 }), ['start ended with 1']);
    t.match(judgeAgent(promises, 1, { ...byAgent(old), done: 3, said: 'no' }), [/3: no/]);
    t.match(
      judgeAgent(promises, 1, {
        ...byAgent(old),
        state: { rung: 'volatile', reason: 'full' },
      }),
      [/volatile \(full\)/],
    );
  },
);

t.test('listings are told by their differences', async (t) => {
  const { mounts, agents } = parseWalk(
    [
      'Linux version',
      'walk: state 0 attach=0 mount=0 write=0 ms=7',
      '+/a 100644 0:0 size=1 crc=1',
      '+/b 40755 0:0',
      'walk: end 0',
      'walk: agent 0 start=0 done=3 ms=9',
      'walk: json { "rung": "persistent", "reason": null }',
      'walk: said mountroot: no room',
      '+/a 100644 0:0 size=2 crc=2',
      '-/a 100644 0:0 size=1 crc=1',
      'walk: end 0',
      'walk: state 1 attach=0 mount=22 write=-1 ms=5',
      '-/a 100644 0:0 size=1 crc=1',
      'walk: end 1',
      'walk: done',
    ].join('\r\n'),
  );
  t.same(
    mounts.map(({ mount, listing }) => [mount, [...listing.keys()]]),
    [
      [0, ['/a', '/b']],
      [22, ['/b']],
    ],
  );
  t.match(agents, [
    { start: 0, done: 3, state: { rung: 'persistent' }, said: 'mountroot: no room' },
  ]);
  t.equal(agents[0]!.listing.get('/a'), '100644 0:0 size=2 crc=2');
  t.throws(() => parseWalk('walk: state 0 attach=0 mount=0 write=0 ms=7'), /its end/);
  t.throws(() => parseWalk('walk: failed: erase: Input/output error'), /erase/);
  t.throws(() => parseWalk('walk: end 4\nwalk: done'), /did not begin/);
});

t.test('a line is placed behind the flush that came before it', async (t) => {
  const entry = { offset: 0, length: 0, fua: false, discard: false };
  const [write, flush] = [
    { ...entry, data: Buffer.alloc(1), flush: false },
    { ...entry, data: null, flush: true },
  ];
  t.same(
    placeLines(
      [write, flush, write],
      [0, 2],
      [
        { text: 'a', writes: 0 },
        { text: 'b', writes: 1 },
        { text: 'c', writes: 2 },
      ],
    ).map(({ at }) => at),
    [0, 2, 3],
  );
  const placed = placeLines(
    [write, write],
    [1, 0, null],
    [1, 2, 3].map((writes) => ({ text: '', writes })),
  );
  t.same(
    placed.map(({ at }) => at),
    [2, 2, 2],
    'behind all of its writes, in whichever order they ended',
  );
});

t.test('a journal is as it was, or gone; a new one has something in it', async (t) => {
  const [old, other] = ['1', '2'].map(
    (id) => `/.mountroot/boots/0000000${id}-0000000${id}.ndjson`,
  ) as [string, string];
  const journals = new Map([[old, FILE]]);
  const wrong = (listing: Record<string, string>): string[] =>
    judgeAgent({ musts: [], either: null, journals }, 1, byAgent(listing));
  t.same(wrong({}), []);
  t.same(wrong({ [old]: FILE, [other]: NEWER }), []);
  t.match(wrong({ [old]: NEWER }), [/00000001/]);
  t.match(wrong({ [other]: '100644 0:0 size=0 crc=00000000' }), [/00000002/]);
});
