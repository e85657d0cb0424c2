import type { BarKind } from './boot-chart.js';

/**
 * Fills for a light and a dark background. The colour repeats what the label and the remark of a
 * bar say, for people who cannot tell colours apart.
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

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** CSS for a light and a dark viewer. */
export const STYLE = `
text { font-family: ${SANS}; fill: #1f2328; }
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
