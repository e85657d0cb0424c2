import { duration, moment } from '../../text/units.js';
import type { Bar, BarKind, Chart, Panel } from './boot-chart.js';
import { escapeXml, fitText, textLines } from './svg-text.js';

const WIDTH = 1000;
const MARGIN = 28;
const ROW = 20;
const BAR = 12;
/**
 * Names stand left of the plot, durations right of their bar: for the one that ends last there is
 * room beside the plot.
 */
const LABELS = 214;
const VALUES = 140;
const PLOT = { left: MARGIN + LABELS, right: WIDTH - MARGIN - VALUES };
const SIZE = { title: 18, subtitle: 12.5, panel: 14, label: 12, value: 11.5, tick: 11, note: 12 };

/**
 * Fills for a light and a dark background. A colour never says alone what a bar is: its name and
 * its remark do.
 */
const COLOURS: Record<BarKind, [light: string, dark: string]> = {
  kernel: ['#8b949e', '#6e7681'],
  preinit: ['#c69026', '#bb8009'],
  node: ['#3f9c35', '#57ab5a'],
  agent: ['#1f6feb', '#539bf5'],
  look: ['#a8b3bf', '#768390'],
  init: ['#b08bd6', '#986ee2'],
  done: ['#1f6feb', '#539bf5'],
  kept: ['#9cc4f7', '#316dca'],
  failed: ['#cf222e', '#f47067'],
  undone: ['#d4763b', '#e0823d'],
};

const LEGEND: [BarKind, string][] = [
  ['done', 'done'],
  ['kept', 'kept: it was there already'],
  ['look', 'facts, plans and records'],
  ['failed', 'failed'],
  ['undone', 'taken back'],
];

const STYLE = `
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.muted { fill: #59636e; }
.strong { font-weight: 600; }
.paper { fill: #ffffff; }
.stripe { fill: #f4f6f8; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.halo { paint-order: stroke; stroke-width: 4; stroke-linejoin: round; }
.even { stroke: #f4f6f8; }
.odd { stroke: #ffffff; }
${Object.entries(COLOURS)
  .map(([kind, [light]]) => `.${kind} { fill: ${light}; }`)
  .join('\n')}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.muted { fill: #9198a1; }
.paper { fill: #0d1117; }
.stripe { fill: #151b23; }
.grid { stroke: #3d444d; }
.even { stroke: #151b23; }
.odd { stroke: #0d1117; }
${Object.entries(COLOURS)
  .map(([kind, [, dark]]) => `.${kind} { fill: ${dark}; }`)
  .join('\n')}
}
`;

const px = (value: number): string => String(Number(value.toFixed(2)));
const text = (
  x: number,
  y: number,
  size: number,
  words: string,
  classes = '',
  anchor = '',
): string =>
  `<text x="${px(x)}" y="${px(y)}" font-size="${size}"${classes === '' ? '' : ` class="${classes}"`}${anchor === '' ? '' : ` text-anchor="${anchor}"`}>${escapeXml(words)}</text>`;

/** 1, 2 or 5 times a power of ten, so that there are some five ticks. */
export function tickStep(span: number): number {
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

const decimals = (step: number): number => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
const tickWords = (at: number, step: number, seconds: boolean): string =>
  at === 0
    ? '0'
    : seconds
      ? `${(at / 1000).toFixed(decimals(step / 1000))} s`
      : `${at.toFixed(decimals(step))} ms`;

/** Where a panel's times stand. */
class Scale {
  readonly span: number;
  constructor(private readonly panel: Panel) {
    this.span = Math.max(panel.to - panel.from, 0.001);
  }
  x(at: number): number {
    return (
      PLOT.left +
      (Math.min(Math.max(at - this.panel.from, 0), this.span) / this.span) *
        (PLOT.right - PLOT.left)
    );
  }
}

function axis(panel: Panel, scale: Scale, top: number, bottom: number): string[] {
  const step = tickStep(scale.span);
  const seconds = scale.span >= 5000;
  const out: string[] = [];
  for (
    let count = Math.ceil((panel.from - panel.zero) / step);
    count * step <= panel.from - panel.zero + scale.span + step * 1e-6;
    count++
  ) {
    const x = scale.x(panel.zero + count * step);
    out.push(
      `<line class="grid" x1="${px(x)}" y1="${px(top)}" x2="${px(x)}" y2="${px(bottom)}"/>`,
      text(
        x,
        bottom + 14,
        SIZE.tick,
        tickWords(count * step, step, seconds),
        'mono muted',
        'middle',
      ),
    );
  }
  return out;
}

/** Too short to be seen is not too short to be looked for. */
const LEAST = 2;

function row(bar: Bar, scale: Scale, y: number, index: number): string {
  const [left, right] = [scale.x(bar.from), scale.x(bar.to)];
  const width = Math.max(LEAST, right - left);
  const took = `${duration(bar.to - bar.from)}${bar.remark === '' ? '' : ` ${bar.remark}`}`;
  const middle = y + ROW / 2;
  return [
    '<g>',
    `<title>${escapeXml(`${bar.label}: ${took}, from ${moment(bar.from)} after the kernel started`)}</title>`,
    ...(index % 2 === 0
      ? [
          `<rect class="stripe" x="${MARGIN}" y="${px(y)}" width="${WIDTH - 2 * MARGIN}" height="${ROW}"/>`,
        ]
      : []),
    text(
      MARGIN + 6,
      middle + 4,
      SIZE.label,
      fitText(bar.label, SIZE.label, 'mono', LABELS - 14),
      'mono',
    ),
    `<rect class="${bar.kind}" x="${px(left)}" y="${px(middle - BAR / 2)}" width="${px(width)}" height="${BAR}" rx="2"/>`,
    text(
      left + width + 6,
      middle + 4,
      SIZE.value,
      fitText(took, SIZE.value, 'mono', VALUES - 10),
      `mono muted halo ${index % 2 === 0 ? 'even' : 'odd'}`,
    ),
    '</g>',
  ].join('\n');
}

function panelLines(panel: Panel, top: number): { lines: string[]; bottom: number } {
  const scale = new Scale(panel);
  const rows = top + 12;
  const bottom = rows + panel.bars.length * ROW;
  const title = fitText(panel.title, SIZE.panel, 'sans', WIDTH - 2 * MARGIN);
  const drawn = panel.bars.map((bar, index) => row(bar, scale, rows + index * ROW, index));
  // Stripes lie below the grid and bars above it.
  const stripes = drawn
    .map((each) => /^<rect class="stripe".*$/m.exec(each)?.[0] ?? '')
    .filter((each) => each !== '');
  return {
    lines: [
      text(MARGIN, top, SIZE.panel, title, 'strong'),
      ...stripes,
      ...axis(panel, scale, rows, bottom),
      ...drawn.map((each) => each.replace(/^<rect class="stripe".*\n/m, '')),
    ],
    bottom: bottom + 20,
  };
}

function legend(chart: Chart, y: number): string[] {
  const used = new Set(chart.panels.slice(1).flatMap(({ bars }) => bars.map(({ kind }) => kind)));
  let x = MARGIN;
  return LEGEND.filter(([kind]) => used.has(kind)).flatMap(([kind, words]) => {
    const at = x;
    x += 18 + words.length * SIZE.tick * 0.6 + 24;
    return [
      `<rect class="${kind}" x="${px(at)}" y="${px(y - 9)}" width="12" height="10" rx="2"/>`,
      text(at + 18, y, SIZE.tick, words, 'muted'),
    ];
  });
}

/** A boot as a picture: no scripts, no fonts but the viewer's, light or dark as the viewer is. */
export function renderTimeline(chart: Chart): string {
  const { title, subtitle, description, panels, notes } = chart;
  const inner = WIDTH - 2 * MARGIN;
  const body: string[] = [];
  let y = 40;
  for (const line of textLines(title, SIZE.title, 'sans', inner, 2)) {
    body.push(text(MARGIN, y, SIZE.title, line, 'strong'));
    y += 24;
  }
  body.push(
    text(MARGIN, y, SIZE.subtitle, fitText(subtitle, SIZE.subtitle, 'sans', inner), 'muted'),
  );
  y += 36;
  for (const panel of panels) {
    const { lines, bottom } = panelLines(panel, y);
    body.push(...lines);
    y = bottom + 34;
  }
  const key = legend(chart, y - 8);
  if (key.length > 0) {
    body.push(...key);
    y += 22;
  }
  for (const note of notes.slice(0, 8)) {
    for (const line of textLines(note, SIZE.note, 'sans', inner, 3)) {
      body.push(text(MARGIN, y, SIZE.note, line));
      y += 17;
    }
    y += 4;
  }
  const height = Math.ceil(y + 4);
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="timeline-title timeline-description">
<title id="timeline-title">${escapeXml(title)}</title>
<desc id="timeline-description">${escapeXml(`${subtitle}. ${description}`)}</desc>
<style>${STYLE}</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
${body.join('\n')}
</svg>
`;
}
