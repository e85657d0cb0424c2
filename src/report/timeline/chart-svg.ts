import { duration, moment } from '../../text/units.js';
import type { Bar, BarKind, Chart, Panel } from './boot-chart.js';
import { STYLE } from './chart-style.js';
import { escapeXml, fitText, textLines, type Lettering } from './svg-text.js';

const WIDTH = 1000;
const MARGIN = 28;
const ROW = 20;
const BAR = 12;
/**
 * Labels are left of the plot. A duration is right of its bar, so the plot needs room at its right
 * side for the bar that ends last.
 */
const LABELS = 214;
const VALUES = 140;
const PLOT = { left: MARGIN + LABELS, right: WIDTH - MARGIN - VALUES };
const TITLE: Lettering = { size: 18, font: 'sans' };
const SUBTITLE: Lettering = { size: 12.5, font: 'sans' };
const PANEL: Lettering = { size: 14, font: 'sans' };
const LABEL: Lettering = { size: 12, font: 'mono' };
const VALUE: Lettering = { size: 11.5, font: 'mono' };
const TICK: Lettering = { size: 11, font: 'mono' };
const KEY: Lettering = { size: 11, font: 'sans' };
const NOTE: Lettering = { size: 12, font: 'sans' };

const LEGEND: [BarKind, string][] = [
  ['done', 'done'],
  ['kept', 'kept: it was there already'],
  ['look', 'facts, plans and records'],
  ['failed', 'failed'],
  ['undone', 'taken back'],
];

const px = (value: number): string => String(Number(value.toFixed(2)));

interface TextLook {
  size: number;
  /** For CSS. */
  classes?: string;
  /** The words are centred on x instead of beginning there. */
  centred?: boolean;
}

function text([x, y]: [number, number], words: string, look: TextLook): string {
  const { size, classes, centred = false } = look;
  const attributes = [
    `x="${px(x)}" y="${px(y)}" font-size="${size}"`,
    ...(classes === undefined ? [] : [`class="${classes}"`]),
    ...(centred ? ['text-anchor="middle"'] : []),
  ];
  return `<text ${attributes.join(' ')}>${escapeXml(words)}</text>`;
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
  /** Radius of the corners. */
  round?: number;
}

function rectangle(classes: string, { x, y, width, height, round }: Rectangle): string {
  const place = `x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${height}"`;
  return `<rect class="${classes}" ${place}${round === undefined ? '' : ` rx="${round}"`}/>`;
}

/** The distance of ticks: 1, 2 or 5 times a power of ten, for about five ticks. */
export function tickStep(span: number): number {
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

const decimals = (step: number): number => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));

/** A long axis has seconds, a short one milliseconds. */
function tickWords(at: number, step: number, seconds: boolean): string {
  if (at === 0) return '0';
  return seconds
    ? `${(at / 1000).toFixed(decimals(step / 1000))} s`
    : `${at.toFixed(decimals(step))} ms`;
}

/** Turns the times of a panel into places on the x axis. */
class Scale {
  readonly span: number;
  constructor(private readonly panel: Panel) {
    this.span = Math.max(panel.to - panel.from, 0.001);
  }
  x(at: number): number {
    const inside = Math.min(Math.max(at - this.panel.from, 0), this.span);
    return PLOT.left + (inside / this.span) * (PLOT.right - PLOT.left);
  }
}

function axis(panel: Panel, scale: Scale, top: number, bottom: number): string[] {
  const step = tickStep(scale.span);
  const seconds = scale.span >= 5000;
  const begin = panel.from - panel.zero;
  const last = begin + scale.span + step * 1e-6;
  const look = { size: TICK.size, classes: 'mono muted', centred: true };
  const out: string[] = [];
  for (let count = Math.ceil(begin / step); count * step <= last; count++) {
    const x = scale.x(panel.zero + count * step);
    const [at, from, to] = [x, top, bottom].map(px);
    out.push(
      `<line class="grid" x1="${at}" y1="${from}" x2="${at}" y2="${to}"/>`,
      text([x, bottom + 14], tickWords(count * step, step, seconds), look),
    );
  }
  return out;
}

/** A bar is never narrower, so that it can be seen. */
const LEAST = 2;

/** One bar. Its stripe lies below the grid, and everything else above it. */
interface DrawnRow {
  stripe: string | null;
  lines: string[];
}

function row(bar: Bar, scale: Scale, y: number, index: number): DrawnRow {
  const [left, right] = [scale.x(bar.from), scale.x(bar.to)];
  const width = Math.max(LEAST, right - left);
  const took = `${duration(bar.to - bar.from)}${bar.remark === '' ? '' : ` ${bar.remark}`}`;
  const since = `from ${moment(bar.from)} after the kernel started`;
  const middle = y + ROW / 2;
  const even = index % 2 === 0;
  const stripe = { x: MARGIN, y, width: WIDTH - 2 * MARGIN, height: ROW };
  const halo = `mono muted halo ${even ? 'even' : 'odd'}`;
  return {
    stripe: even ? rectangle('stripe', stripe) : null,
    lines: [
      '<g>',
      `<title>${escapeXml(`${bar.label}: ${took}, ${since}`)}</title>`,
      text([MARGIN + 6, middle + 4], fitText(bar.label, LABEL, LABELS - 14), {
        size: LABEL.size,
        classes: 'mono',
      }),
      rectangle(bar.kind, { x: left, y: middle - BAR / 2, width, height: BAR, round: 2 }),
      text([left + width + 6, middle + 4], fitText(took, VALUE, VALUES - 10), {
        size: VALUE.size,
        classes: halo,
      }),
      '</g>',
    ],
  };
}

function panelLines(panel: Panel, top: number): { lines: string[]; bottom: number } {
  const scale = new Scale(panel);
  const rows = top + 12;
  const bottom = rows + panel.bars.length * ROW;
  const title = fitText(panel.title, PANEL, WIDTH - 2 * MARGIN);
  const drawn = panel.bars.map((bar, index) => row(bar, scale, rows + index * ROW, index));
  return {
    lines: [
      text([MARGIN, top], title, { size: PANEL.size, classes: 'strong' }),
      ...drawn.flatMap(({ stripe }) => stripe ?? []),
      ...axis(panel, scale, rows, bottom),
      ...drawn.flatMap(({ lines }) => lines),
    ],
    bottom: bottom + 20,
  };
}

function legend(chart: Chart, y: number): string[] {
  const used = new Set(chart.panels.slice(1).flatMap(({ bars }) => bars.map(({ kind }) => kind)));
  let x = MARGIN;
  return LEGEND.filter(([kind]) => used.has(kind)).flatMap(([kind, words]) => {
    const at = x;
    x += 18 + words.length * KEY.size * 0.6 + 24;
    return [
      rectangle(kind, { x: at, y: y - 9, width: 12, height: 10, round: 2 }),
      text([at + 18, y], words, { size: KEY.size, classes: 'muted' }),
    ];
  });
}

const INNER = WIDTH - 2 * MARGIN;

/** The drawing, and the y at which the next part begins. */
interface Drawing {
  lines: string[];
  y: number;
}

function heading({ title, subtitle }: Chart): Drawing {
  const lines: string[] = [];
  let y = 40;
  for (const line of textLines(title, TITLE, INNER, 2)) {
    lines.push(text([MARGIN, y], line, { size: TITLE.size, classes: 'strong' }));
    y += 24;
  }
  const fitted = fitText(subtitle, SUBTITLE, INNER);
  lines.push(text([MARGIN, y], fitted, { size: SUBTITLE.size, classes: 'muted' }));
  return { lines, y: y + 36 };
}

const MOST_NOTES = 8;

function notesFrom(notes: readonly string[], top: number): Drawing {
  const lines: string[] = [];
  let y = top;
  for (const note of notes.slice(0, MOST_NOTES)) {
    for (const line of textLines(note, NOTE, INNER, 3)) {
      lines.push(text([MARGIN, y], line, { size: NOTE.size }));
      y += 17;
    }
    y += 4;
  }
  return { lines, y };
}

/** A boot as a picture: without scripts, in the viewer's own fonts, light or dark as the viewer. */
export function renderTimeline(chart: Chart): string {
  const { lines: body, y: top } = heading(chart);
  let y = top;
  for (const panel of chart.panels) {
    const { lines, bottom } = panelLines(panel, y);
    body.push(...lines);
    y = bottom + 34;
  }
  const key = legend(chart, y - 8);
  body.push(...key);
  const notes = notesFrom(chart.notes, key.length > 0 ? y + 22 : y);
  body.push(...notes.lines);
  return document(chart, body, Math.ceil(notes.y + 4));
}

function document(chart: Chart, body: readonly string[], height: number): string {
  const { title, subtitle, description } = chart;
  const attributes = [
    `xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"`,
    `viewBox="0 0 ${WIDTH} ${height}" role="img"`,
    'aria-labelledby="timeline-title timeline-description"',
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg ${attributes.join(' ')}>
<title id="timeline-title">${escapeXml(title)}</title>
<desc id="timeline-description">${escapeXml(`${subtitle}. ${description}`)}</desc>
<style>${STYLE}</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
${body.join('\n')}
</svg>
`;
}
