import winston from 'winston';
import type { Log } from './log.js';
import { oneLine } from '../text/columns.js';

export interface MessageOptions {
  verbose: boolean;
  colour: boolean;
}

function loggerFor({ verbose, colour }: MessageOptions): winston.Logger {
  const { combine, colorize, printf } = winston.format;
  const line = printf(
    ({ level, message }) =>
      `mountroot: ${level === 'error' || /error/.test(level) ? '' : `${level}: `}${oneLine(String(message))}`,
  );
  return winston.createLogger({
    level: verbose ? 'debug' : 'info',
    format: colour ? combine(colorize({ level: true }), line) : line,
    transports: [
      new winston.transports.Console({
        stderrLevels: ['error', 'warn', 'info', 'debug'],
        forceConsole: false,
      }),
    ],
  });
}

/**
 * The log outside the boot path. It goes to stderr, so that stdout holds data only. Most reports
 * have no message, and then no logger is made.
 */
export function messages(options: MessageOptions): Log {
  let made: winston.Logger | undefined;
  const logger = (): winston.Logger => (made ??= loggerFor(options));
  return {
    error: (text) => void logger().error(text),
    warn: (text) => void logger().warn(text),
    info: (text) => void logger().info(text),
    debug: (text) => void logger().debug(text),
  };
}
