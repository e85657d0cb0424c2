import { oneLine } from '../text/columns.js';
import type { Log } from './log.js';
import { writeErr } from './stderr.js';
import type { MessageOptions } from './winston.js';

/** The colours that winston gives to its levels. */
const COLOURS = { error: 31, warn: 33, info: 32, debug: 34 } as const;
type Level = keyof typeof COLOURS;

/**
 * The messages of winston.ts to the byte, in a kept heap. winston would be a tenth of the heap, and
 * most reports have no message.
 */
export function plainMessages({ verbose, colour }: MessageOptions): Log {
  const named = (level: Level): string =>
    colour ? `\u001b[${COLOURS[level]}m${level}\u001b[39m` : level;
  const write = (level: Level, text: string): void => {
    const label = level === 'error' ? '' : `${named(level)}: `;
    writeErr(`mountroot: ${label}${oneLine(text)}\n`);
  };
  return {
    error: (text) => write('error', text),
    warn: (text) => write('warn', text),
    info: (text) => write('info', text),
    debug: (text) => {
      if (verbose) write('debug', text);
    },
  };
}
