/**
 * Reads QEMU's own log of events, which has the writes to all media and the characters on the
 * serial lines in the order in which the board made them.
 */

/** A line of the console, and how many writes had reached each medium before its end. */
interface OrderedLine {
  text: string;
  /** By medium, in the order of their first writes. */
  writes: readonly number[];
}

export interface WriteOrder {
  lines: OrderedLine[];
  /** Offset and length of each write, by medium. */
  media: { offset: number; length: number }[][];
}

/** A UART's register for data. */
const DATA_REGISTER = 0;
const WRITE = /^blk_co_pwritev blk (0x[0-9a-f]+) bs \S+ offset (\d+) bytes (\d+) flags/;
const CHARACTER = /^pl011_write addr 0x([0-9a-f]+) value 0x([0-9a-f]+)/;

/**
 * QEMU does not say which of the UARTs a character is for. So the control line must be silent, or
 * its characters are mixed with the console's.
 */
export function parseWriteOrder(log: string): WriteOrder {
  const order: WriteOrder = { lines: [], media: [] };
  const index = new Map<string, number>();
  let line = '';
  for (const event of log.split('\n')) {
    const character = CHARACTER.exec(event);
    if (character !== null) {
      if (Number.parseInt(character[1]!, 16) !== DATA_REGISTER) continue;
      const text = String.fromCharCode(Number.parseInt(character[2]!, 16) & 0xff);
      if (text === '\n') {
        order.lines.push({ text: line, writes: order.media.map(({ length }) => length) });
        line = '';
      } else if (text !== '\r') line += text;
      continue;
    }
    const write = WRITE.exec(event);
    if (write === null) continue;
    const [, blk, offset, length] = write;
    if (!index.has(blk!)) index.set(blk!, order.media.push([]) - 1);
    order.media[index.get(blk!)!]!.push({ offset: Number(offset), length: Number(length) });
  }
  return order;
}

interface Span {
  offset: number;
  length: number;
}

/**
 * Finds for each write that the board made the entry of the log that it became. Writes that a disk
 * has in hand at the same time may end in any order. null: the log has a write that was not made.
 */
function entriesOf(
  made: readonly Span[],
  log: readonly (Span & { data: Buffer | null })[],
): (number | null)[] | null {
  const waiting = new Map<string, number[]>();
  for (const [at, { offset, length }] of made.entries()) {
    const key = `${offset} ${length}`;
    waiting.set(key, [...(waiting.get(key) ?? []), at]);
  }
  const entries: (number | null)[] = made.map(() => null);
  for (const [index, { offset, length, data }] of log.entries()) {
    if (data === null) continue;
    const at = waiting.get(`${offset} ${length}`)?.shift();
    if (at === undefined) return null;
    entries[at] = index;
  }
  return entries;
}

/**
 * Returns the medium whose writes are those of a log, and the entry of each; null for a write that
 * the log does not have any more, because the board was switched off.
 */
export function mediumOf(
  order: WriteOrder,
  log: readonly (Span & { data: Buffer | null })[],
): { medium: number; entries: (number | null)[] } {
  for (const [medium, made] of order.media.entries()) {
    const entries = entriesOf(made, log);
    if (entries !== null) return { medium, entries };
  }
  const count = log.filter(({ data }) => data !== null).length;
  throw new Error(`no medium has the ${count} writes of the log`);
}
