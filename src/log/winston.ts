import winston from 'winston';
import type { Log } from './log.js';
import { oneLine } from '../text/columns.js';

/** The log outside the boot path. It goes to stderr, so that stdout holds data only. */
export function messages({ verbose, colour }: { verbose: boolean; colour: boolean }): Log {
  const { combine, colorize, printf } = winston.format;
  const line = printf(
    ({ level, message }) =>
      `mountroot: ${level === 'error' || /error/.test(level) ? '' : `${level}: `}${oneLine(String(message))}`,
  );
  const logger = winston.createLogger({
    level: verbose ? 'debug' : 'info',
    format: colour ? combine(colorize({ level: true }), line) : line,
    transports: [
      new winston.transports.Console({
        stderrLevels: ['error', 'warn', 'info', 'debug'],
        forceConsole: false,
      }),
    ],
  });
  return {
    error: (text) => void logger.error(text),
    warn: (text) => void logger.warn(text),
    info: (text) => void logger.info(text),
    debug: (text) => void logger.debug(text),
  };
}
