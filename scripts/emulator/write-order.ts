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

/** Returns the medium whose writes are those of a log. */
export function mediumOf(
  order: WriteOrder,
  log: readonly { offset: number; length: number; data: Buffer | null }[],
): number {
  const writes = log.filter(({ data }) => data !== null);
  const found = order.media.findIndex(
    (medium) =>
      medium.length >= writes.length &&
      writes.every(
        ({ offset, length }, at) => medium[at]!.offset === offset && medium[at]!.length === length,
      ),
  );
  if (found < 0)
    throw new Error(`no medium has the ${writes.length} writes of the log in their order`);
  return found;
}
