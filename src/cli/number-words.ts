import { UsageError } from './usage-error.js';

const UNITS = ['', 'K', 'M', 'G'];

/**
 * The whole number that an option was given as text; K, M and G stand for powers of 1024.
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

/** @throws {UsageError} for the value of a number option that is not in its range. */
export function checkRange(value: number, option: string, [least, most]: readonly number[]): void {
  if (Number.isInteger(value) && value >= least! && value <= most!) return;
  const range = most === Infinity ? `, ${least} or more` : ` from ${least} to ${most}`;
  throw new UsageError(`${option} takes a whole number${range}`);
}
