/**
 * Renders guards as commands of busybox's sh. It forks only if the shell cannot do a check itself.
 */
import type { PathKind } from '../system/port.js';
import { quote } from '../text/shell.js';
import type { Signature } from '../volumes/volume-type.js';
import type { Guard, GuardedFact } from './guards.js';

/** A test that a path is of a kind. */
const IS: Partial<Record<PathKind, (word: string) => string>> = {
  missing: (word) => `{ [ ! -e ${word} ] && [ ! -h ${word} ]; }`,
  directory: (word) => `{ [ -d ${word} ] && [ ! -h ${word} ]; }`,
  file: (word) => `{ [ -f ${word} ] && [ ! -h ${word} ]; }`,
  symlink: (word) => `[ -h ${word} ]`,
  block: (word) => `[ -b ${word} ]`,
  character: (word) => `[ -c ${word} ]`,
  fifo: (word) => `[ -p ${word} ]`,
  socket: (word) => `[ -S ${word} ]`,
};

const isOneOf = (path: string, kinds: readonly PathKind[]): string =>
  kinds.map((kind) => IS[kind]!(quote(path))).join(' || ') || 'false';

/** A test that a variable holds one of these patterns. */
const matches = (variable: string, patterns: readonly string[]): string =>
  `case $${variable} in ${patterns.join(' | ')}) ;; *) false ;; esac`;

/** Bytes as a word between $'…'. */
const bytesWord = (values: readonly number[]): string =>
  `$'${values.map((value) => `\\${value.toString(8).padStart(3, '0')}`).join('')}'`;

/** The shell's `read` drops NUL and stops at a newline. */
const canRead = ({ offset, bytes }: Signature, length: number): boolean =>
  offset === 0 && bytes.length === length && !bytes.some((byte) => byte === 0 || byte === 10);

/** Uses the shell's own `read` if possible, because od(1) would cost a process for two bytes. */
function beginsWith(device: string, signatures: readonly Signature[]): string {
  const [{ offset, bytes }] = signatures as [Signature];
  const { length } = bytes;
  if (signatures.every((each) => canRead(each, length))) {
    const patterns = signatures.map((each) => bytesWord(each.bytes));
    return `{ IFS= read -r -n ${length} head <${quote(device)}; ${matches('head', patterns)}; }`;
  }
  // OpenWrt's busybox has no od.
  const dump =
    `od -A n -v -t x1 -j ${offset} -N ${length} ${quote(device)} 2>/dev/null || ` +
    `hexdump -v -s ${offset} -n ${length} -e '1/1 " %02x"' ${quote(device)}`;
  const hex = bytes.map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('');
  return `[ "$(${dump})" = ${quote(hex)} ]`;
}

/** A command whose status says whether a fact is still as planned. */
const LOOK: { [K in GuardedFact['kind']]: (look: Extract<GuardedFact, { kind: K }>) => string } = {
  words: ({ is }) => `[ "$words" = ${quote(is)} ]`,
  types: ({ is }) => `[ "$types" = ${quote(is)} ]`,
  partitions: ({ is }) => `[ "$partitions" = ${quote(is)} ]`,
  mounts: ({ is }) => `[ "$mounts" = ${quote(is)} ]`,
  path: ({ path, kinds }) => isOneOf(path, kinds),
  begins: ({ device, signatures }) => beginsWith(device, signatures),
  attempts: ({ path, limit }) => {
    const isBelow = limit > 0 ? ` && [ "\${attempts:-0}" -lt ${limit} ]` : '';
    return `read_attempts ${quote(path)}${isBelow}`;
  },
  'no-extroot': ({ path }) => `no_extroot ${quote(path)}`,
  link: ({ path, targets }) => {
    const patterns = targets.length > 0 ? targets.map(quote) : ["''"];
    const read = `state=$(readlink ${quote(path)})`;
    return `[ -h ${quote(path)} ] && ${read} && ${matches('state', patterns)}`;
  },
};

/** A guard as one line of the script: the check, or else the refusal. */
export function guardLine({ look, says }: Guard): string {
  const test = (LOOK[look.kind] as (look: GuardedFact) => string)(look);
  return `{ ${test}; } || refuse ${quote(says)}`;
}
