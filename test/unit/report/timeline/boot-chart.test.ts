import { spawnSync } from 'node:child_process';
import t from 'tap';
import { bootOf, type Boot } from '../../../../src/report/journal/boot-runs.js';
import { chartOf } from '../../../../src/report/timeline/boot-chart.js';
import { initAt } from '../../../../src/report/timeline/init-at.js';
import { renderTimeline, tickStep } from '../../../../src/report/timeline/chart-svg.js';
import { fitText, textWidth } from '../../../../src/report/timeline/svg-text.js';
import { golden } from '../../../fixtures/golden.js';
import { random } from '../../../fixtures/random.js';
import { EPOCH, boot } from '../../../fixtures/status.js';

/** As a board of today writes it: with the process's own start, and the clock. */
const modern = (): Boot =>
  boot(2, (text) =>
    text
      .replace(
        '"at":4605.032}',
        `"at":4605.032,"started":3801.2,"time":${EPOCH + 4605},"kernel":"6.1.192-mountroot"}`,
      )
      .replace('"at":8694.273}', `"at":8694.273,"started":7890.4,"time":${EPOCH + 8694}}`),
  );
const draw = (of: Boot, at: number | null = null): string => renderTimeline(chartOf(of, at)!);

interface Box {
  words: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Every text of a picture with the space that it takes, calculated with a wide font. */
const texts = (svg: string): Box[] =>
  [
    ...svg.matchAll(
      /<text x="([\d.-]+)" y="([\d.-]+)" font-size="([\d.]+)"(?: class="([^"]*)")?(?: text-anchor="(\w+)")?>([^<]*)<\/text>/g,
    ),
  ].map(([, x, y, size, classes = '', anchor = 'start', words]) => {
    const plain = words!.replace(/&#(\d+);/g, (_, code: string) =>
      String.fromCharCode(Number(code)),
    );
    const width = textWidth(plain, {
      size: Number(size),
      font: classes.includes('mono') ? 'mono' : 'sans',
    });
    const left = Number(x) - (anchor === 'middle' ? width / 2 : 0);
    return {
      words: plain,
      left,
      right: left + width,
      top: Number(y) - Number(size) * 0.8,
      bottom: Number(y) + Number(size) * 0.25,
    };
  });

function complaints(svg: string): string[] {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
  const boxes = texts(svg);
  const out = boxes
    .filter(
      ({ left, right, top, bottom }) =>
        left < 0 || right > Number(width) || top < 0 || bottom > Number(height),
    )
    .map(({ words }) => `outside: ${words}`);
  for (const [index, a] of boxes.entries())
    for (const b of boxes.slice(index + 1))
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        out.push(`"${a.words}" overlaps "${b.words}"`);
  for (const [whole, x, w] of svg.matchAll(
    /<rect class="\w+" x="([\d.-]+)" y="[\d.-]+" width="([\d.-]+)"/g,
  ))
    if (!(Number(x) >= 0 && Number(w) > 0 && Number(x) + Number(w) <= Number(width)))
      out.push(`outside: ${whole}`);
  if (/NaN|Infinity|undefined|null/.test(svg.replace(/<desc.*?<\/desc>/s, '')))
    out.push('no number');
  return out;
}

const journal = (steps: number, next: (below: number) => number, changes: object = {}): Boot => {
  const ids = [
    'move-some-very-long-mountpoint-below-another-one',
    'data',
    '漢字のパスと長い名前がここにあります',
    'dir-proc',
    'a&b<c>"d\'e\x07',
  ];
  let at = next(3) === 0 ? 0 : next(20_000);
  const begun = at;
  const out: object[] = [
    {
      type: 'begin',
      schema: 'mountroot.journal/2',
      verb: 'start',
      version: '0.1.0',
      node: 'v24',
      at,
      started: at - next(2000),
    },
  ];
  at += next(50);
  for (let index = 0; index < steps; index++) {
    if (index % 9 === 0)
      out.push({
        type: 'decision',
        decision: 'go',
        stage: `stage${index}`,
        rung: 'persistent',
        summary: 'an overlay root that keeps its changes on a volume with a long name, '.repeat(
          1 + next(4),
        ),
        steps,
        notes: [],
        at,
      });
    const ms = [0, 0.04, 3, 800, 90_000][next(5)]!;
    const result = ['done', 'kept', 'failed', 'undone'][next(4)]!;
    out.push({
      type: 'step',
      number: index + 1,
      id: ids[next(ids.length)],
      action: { kind: 'chdir', path: '/' },
      result,
      ...(result === 'failed' && {
        error: `cannot mount overlay on /mnt: EINVAL (${'it is so, '.repeat(next(40))}really)`,
      }),
      at,
      ms,
    });
    at += ms + next(30);
  }
  out.push({
    type: 'end',
    ok: next(2) === 0,
    exit: 1,
    rung: 'persistent',
    reason: null,
    warnings: ['a warning'],
    at,
    ms: at - begun,
    ...changes,
  });
  return bootOf(
    { number: null, id: null, current: true, file: 'f' },
    out.map((record) => `${JSON.stringify(record)}\n`).join(''),
  );
};

t.test('the picture of a real boot is the reviewed one', async (t) => {
  golden(t, 'report/timeline.svg', draw(modern(), 3050));
});

t.test(
  'no text overlaps another or leaves the picture, with a real boot, forty steps, or two hundred',
  async (t) => {
    t.same(complaints(draw(modern(), 3050)), []);
    t.same(complaints(draw(boot(1))), []);
    const next = random(11);
    for (let round = 0; round < 60; round++)
      t.same(
        complaints(draw(journal(round < 40 ? 40 : [0, 1, 200][round % 3]!, next))),
        [],
        `round ${round}`,
      );
  },
);

t.test('the whole boot is shown: the kernel, preinit, Node, each step, init, done', async (t) => {
  const labels = (panel: number): string[] =>
    chartOf(modern(), 3050)!.panels[panel]!.bars.map(({ label }) => label);
  t.same(labels(0), [
    'Linux',
    'preinit',
    'Node.js starts',
    'mountroot start: facts',
    'mountroot start: steps',
    'init',
    'Node.js starts',
    'mountroot done: facts',
    'mountroot done: steps',
  ]);
  t.equal(labels(1).filter((label) => !/facts|journal/.test(label)).length, 26);
  t.same(labels(2), ['meta', 'count', 'ready', 'whiteout', 'synced', 'state, journal']);
  const bars = chartOf(modern(), 3050)!.panels[0]!.bars;
  for (const [index, { from }] of bars.entries())
    t.equal(from, index === 0 ? 0 : bars[index - 1]!.to, 'without a gap');
  t.same(
    chartOf(boot(2), null)!.panels[0]!.bars.map(({ label }) => label),
    [
      'Linux, preinit, Node.js',
      'mountroot start: facts',
      'mountroot start: steps',
      'init, Node.js',
      'mountroot done: facts',
      'mountroot done: steps',
    ],
    'a journal of before, which does not say when Node started',
  );
});

t.test(
  'an interrupted start is drawn up to its last step, and a failed one has its reason',
  async (t) => {
    const cut = boot(2, (text) => text.split('\n').slice(0, 12).join('\n'));
    t.match(chartOf(cut, null), {
      subtitle: /start cut off/,
      panels: [{ bars: [{}, {}, { kind: 'failed', remark: 'cut off' }] }, {}],
    });
    const failed = journal(3, random(2), { ok: false, error: 'nothing came of it' });
    t.ok(chartOf(failed, null)!.notes.includes('start failed: nothing came of it'));
    t.equal(
      chartOf(
        boot(1, () => ''),
        null,
      ),
      null,
    );
  },
);

t.test('a done called hours later does not shrink the rest to nothing', async (t) => {
  const late = boot(2, (text) => text.replace(/"at":(8694|9\d\d\d)/g, '"at":1$1$1'));
  t.same(
    chartOf(late, null)!
      .panels[0]!.bars.map(({ label }) => label)
      .at(-1),
    'mountroot start: steps',
  );
});

t.test(
  'it is well-formed XML with a title and a description, and without scripts or outside references',
  async (t) => {
    const svg = draw(journal(40, random(3)));
    t.match(
      svg,
      /<svg [^>]*role="img" aria-labelledby="timeline-title timeline-description">\n<title id="timeline-title">[^<]+<\/title>\n<desc id="timeline-description">[^<]+<\/desc>/,
    );
    t.notMatch(svg, /<script|href|url\(|@import|@font-face|\son\w+=/);
    t.notMatch(svg, /[\0-\x08\x0b-\x1f]/);
    t.match(svg, /prefers-color-scheme: dark/);
    const { status, stderr, error } = spawnSync(
      'python3',
      ['-c', 'import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())'],
      { input: svg, encoding: 'utf8' },
    );
    t.equal(status, 0, stderr ?? error?.message);
  },
);

t.test('ticks are round, and about five', async (t) => {
  for (const [span, step] of [
    [0.9, 0.2],
    [1, 0.2],
    [7, 2],
    [685, 200],
    [9600, 2000],
    [123_456, 50_000],
  ] as const)
    t.equal(Number(tickStep(span).toFixed(6)), step, `${span}`);
});

t.test(
  "the kernel's log gives the time of the first program, and lines of user space do not " + 'count',
  async (t) => {
    t.equal(initAt(['6,100,3050123,-;Run /etc/preinit as init process']), 3050.123);
    t.equal(
      initAt([
        '6,100,3050123,-;Run /init as init process',
        '6,101,4000000,-;Run /sbin/init as init process',
      ]),
      4000,
    );
    t.equal(initAt(['12,100,3050123,-;Run /etc/preinit as init process']), null);
    t.equal(initAt([]), null);
  },
);

t.test('a text that is too long is cut at the edge', async (t) => {
  const look = { size: 12, font: 'mono' } as const;
  t.equal(fitText('short', look, 100), 'short');
  t.match(fitText('a very long name', look, 60), /^a very…$/);
  t.ok(textWidth(fitText('漢字漢字漢字漢字', look, 60), look) <= 60);
});
