import { UsageError } from './usage-error.js';

const UNITS = ['', 'K', 'M', 'G'];

/**
 * Parses the whole number of an option; K, M and G mean powers of 1024.
 * @throws {UsageError} that names the option.
 */
export function wholeNumber(text: string, option: string, most = Number.MAX_SAFE_INTEGER): number {
  const [, digits, unit = ''] = /^(\d{1,15})([KMG]?)$/.exec(text) ?? [];
  const value = digits === undefined ? NaN : Number(digits) * 1024 ** UNITS.indexOf(unit);
  if (value <= most) return value;
  const accepted =
    most < Number.MAX_SAFE_INTEGER ? ` up to ${most}` : ' (K, M and G may stand behind it)';
  throw new UsageError(`${option} ${JSON.stringify(text)} is no whole number${accepted}`);
}

/** @throws {UsageError} if the value of a number option is out of its range. */
export function checkRange(value: number, option: string, [least, most]: readonly number[]): void {
  if (Number.isInteger(value) && value >= least! && value <= most!) return;
  const range = most === Infinity ? `, ${least} or more` : ` from ${least} to ${most}`;
  throw new UsageError(`${option} takes a whole number${range}`);
}
