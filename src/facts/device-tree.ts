import type { Reader } from '../system/port.js';
import { orElse } from '../system/or-else.js';

/** A piece of physical memory. Numbers above 2^53 are rounded: no memory lies there. */
export interface Region {
  start: number;
  size: number;
}

/** The part of a device tree that hands over to the kernel. */
export interface DeviceTree {
  model: string;
  compatible: string[];
  /** The number of 32-bit cells in an address and in a size of the root's children. */
  cells: { address: number; size: number };
  /** /chosen/bootargs; null when it is missing. */
  bootargs: string | null;
  /**
   * The values of linux,initrd-start and -end, null for a missing one, and the length of each in
   * bytes.
   */
  initrd: { start: number | null; end: number | null; bytes: number[] };
  memory: Region[];
  /**
   * Memory that the blob's own table reserves. null when we could not read the blob, because only
   * the blob has this table. `reserved` has the nodes below /reserved-memory.
   */
  reservations: Region[] | null;
  reserved: (Region & { name: string })[];
}

/** These bytes are no device tree blob, or a damaged one. The message is one sentence. */
export class DeviceTreeError extends Error {
  override name = 'DeviceTreeError';
}

/** A node: its properties by name, and its children by the name with the unit address. */
export interface DeviceTreeNode {
  properties: Map<string, Buffer>;
  children: Map<string, DeviceTreeNode>;
}
type Node = DeviceTreeNode;

const MAGIC = 0xd00dfeed;
const [BEGIN_NODE, END_NODE, PROPERTY, NOP, END] = [1, 2, 3, 4, 9];
/**
 * The deepest nesting that we read. No board's tree is deeper, and a damaged one must not exhaust
 * the stack.
 */
const DEEPEST = 64;
/** Nodes and properties of a tree; those of a large board's have some ten thousand. */
const TOKENS_AT_MOST = 500_000;
/** Other bytes of the file may stand where a damaged blob has names. */
const LONGEST_NAME = 1024;
/** The kernel allows some hundred. */
const RESERVATIONS_AT_MOST = 4096;

export const isDeviceTree = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32BE(0) === MAGIC;

/**
 * Reads a big-endian number of any length as the kernel does (of_read_number): only its last 64
 * bits count. null when there is not even one cell.
 */
export function numberOf(bytes: Buffer | undefined): number | null {
  if (bytes === undefined || bytes.length < 4) return null;
  const cells = Math.floor(bytes.length / 4);
  let value = 0n;
  for (let cell = 0; cell < cells; cell++)
    value = BigInt.asUintN(64, (value << 32n) | BigInt(bytes.readUInt32BE(cell * 4)));
  return Number(value);
}

export const propertyText = (bytes: Buffer | undefined): string =>
  (bytes ?? Buffer.alloc(0)).toString('utf8').split('\0', 1)[0]!;
const textsOf = (bytes: Buffer | undefined): string[] =>
  (bytes ?? Buffer.alloc(0))
    .toString('utf8')
    .split('\0')
    .filter((text) => text !== '');

/** Reads pairs of address and size. Ignores an incomplete pair at the end, as the kernel does. */
function regionsOf(bytes: Buffer | undefined, { address, size }: DeviceTree['cells']): Region[] {
  const regions: Region[] = [];
  const step = 4 * (address + size);
  for (let at = 0; bytes !== undefined && step > 0 && at + step <= bytes.length; at += step)
    regions.push({
      start: numberOf(bytes.subarray(at, at + 4 * address)) ?? 0,
      size: numberOf(bytes.subarray(at + 4 * address, at + step)) ?? 0,
    });
  return regions;
}

/**
 * Returns #address-cells or #size-cells. When the value is missing or impossible, returns the
 * specification's default.
 */
const cellsOf = (bytes: Buffer | undefined, otherwise: number): number => {
  const cells = numberOf(bytes);
  return cells !== null && cells <= 4 ? cells : otherwise;
};

function understand(root: Node, reservations: Region[] | null): DeviceTree {
  const cells = {
    address: cellsOf(root.properties.get('#address-cells'), 2),
    size: cellsOf(root.properties.get('#size-cells'), 1),
  };
  const chosen =
    (root.children.get('chosen') ?? root.children.get('chosen@0'))?.properties ??
    new Map<string, Buffer>();
  const ends = [chosen.get('linux,initrd-start'), chosen.get('linux,initrd-end')];
  const bootargs = chosen.get('bootargs');
  // device_type decides, as in the kernel (early_init_dt_scan_memory), because the name may be
  // anything.
  const memory = [...root.children.values()].filter(
    ({ properties }) => propertyText(properties.get('device_type')) === 'memory',
  );
  const below = root.children.get('reserved-memory');
  const inner = below && {
    address: cellsOf(below.properties.get('#address-cells'), 2),
    size: cellsOf(below.properties.get('#size-cells'), 1),
  };
  return {
    model: propertyText(root.properties.get('model')),
    compatible: textsOf(root.properties.get('compatible')),
    cells,
    bootargs: bootargs === undefined || bootargs.length === 0 ? null : propertyText(bootargs),
    initrd: {
      start: numberOf(ends[0]),
      end: numberOf(ends[1]),
      bytes: ends.flatMap((end) => (end === undefined ? [] : [end.length])),
    },
    memory: memory
      .flatMap(({ properties }) =>
        regionsOf(properties.get('linux,usable-memory') ?? properties.get('reg'), cells),
      )
      .filter(({ size }) => size > 0),
    reservations,
    reserved:
      inner === undefined
        ? []
        : [...below!.children].flatMap(([name, { properties }]) =>
            regionsOf(properties.get('reg'), inner).map((region) => ({ ...region, name })),
          ),
  };
}

const wrong = (what: string): never => {
  throw new DeviceTreeError(`the device tree blob is damaged: ${what}`);
};

/** The bytes of a blob, each number and name read within its bounds. */
class BlobReader {
  readonly total: number;
  private readonly view: DataView;

  constructor(readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.total = this.word(4);
    if (this.total > bytes.length)
      wrong(`it should have ${this.total} bytes and has ${bytes.length}`);
  }

  word(at: number): number {
    return at >= 0 && at + 4 <= this.bytes.length
      ? this.view.getUint32(at)
      : wrong(`it ends before byte ${at + 4}`);
  }

  /** The end of the name that begins at this byte. */
  endOfName(from: number): number {
    const end = this.bytes.indexOf(0, from);
    const most = Math.min(this.total, from + LONGEST_NAME + 1);
    return from >= 0 && end >= from && end < most
      ? end
      : wrong(`a name at byte ${from} has no end`);
  }

  name(from: number): string {
    return this.bytes.toString('utf8', from, this.endOfName(from));
  }
}

/** The memory reservation block: pairs of 64 bits, ended by a pair of zeros. */
function reservationsOf({ bytes, total }: BlobReader, from: number): Region[] {
  const reservations: Region[] = [];
  for (let at = from; ; at += 16) {
    if (at + 16 > total) wrong('its table of reservations has no end');
    const start = Number(bytes.readBigUInt64BE(at));
    const size = Number(bytes.readBigUInt64BE(at + 8));
    if (start === 0 && size === 0) return reservations;
    if (reservations.push({ start, size }) > RESERVATIONS_AT_MOST)
      wrong(`it has more than ${RESERVATIONS_AT_MOST} reservations`);
  }
}

/** Stands for each node that is not kept. */
const UNKEPT: Node = { properties: new Map(), children: new Map() };

/** What understand() reads: the root, its children, and theirs below /reserved-memory. */
const UNDERSTOOD = 3;

const aligned = (at: number): number => (at + 3) & ~3;

/** The structure block: tokens of 32 bits, with the names and values that follow them. */
class StructureReader {
  readonly root: Node = { properties: new Map(), children: new Map() };
  private readonly path: Node[] = [];
  /** The names of properties by their places. A tree has thousands of properties with few names. */
  private readonly names = new Map<number, string>();
  private tokens = 0;

  constructor(
    private readonly blob: BlobReader,
    private readonly strings: number,
    private readonly most: number,
    /** Nodes at this depth and above are kept; the root's is 1. Deeper ones are only checked. */
    private readonly kept: number,
  ) {}

  read(from: number): Node {
    for (let at = from; ;) {
      if (++this.tokens > this.most) wrong(`it has more than ${this.most} parts`);
      const token = this.blob.word(at);
      if (token === END) return this.root;
      at = this.take(token, at + 4);
    }
  }

  /**
   * Reads the data after a token.
   * @returns the place of the next token.
   */
  private take(token: number, at: number): number {
    if (token === PROPERTY) return this.property(at);
    if (token === BEGIN_NODE) return this.beginNode(at);
    if (token === NOP) return at;
    if (token !== END_NODE) return wrong(`at byte ${at - 4} stands ${token}, which is no token`);
    if (this.path.pop() === undefined) wrong(`a node ends at byte ${at - 4} that did not begin`);
    return at;
  }

  private beginNode(at: number): number {
    const end = this.blob.endOfName(at);
    const { path } = this;
    if (path.length === 0) path.push(this.root);
    else if (path.length >= this.kept) path.push(UNKEPT);
    else {
      const node: Node = { properties: new Map(), children: new Map() };
      path.at(-1)!.children.set(this.blob.bytes.toString('utf8', at, end), node);
      path.push(node);
    }
    if (path.length > DEEPEST) wrong('its nodes are nested too deep');
    return aligned(end + 1);
  }

  private property(at: number): number {
    const { blob, path } = this;
    const length = blob.word(at);
    const place = this.strings + blob.word(at + 4);
    const end = at + 8 + length;
    if (path.length === 0) wrong(`a property at byte ${at - 4} stands in no node`);
    if (end > blob.total) wrong(`a property at byte ${at - 4} is longer than the blob`);
    let name = this.names.get(place);
    if (name === undefined) this.names.set(place, (name = blob.name(place)));
    const node = path[path.length - 1]!;
    if (node !== UNKEPT) node.properties.set(name, blob.bytes.subarray(at + 8, end));
    return aligned(end);
  }
}

/**
 * Parses a flattened device tree blob of version 16 or 17 (Devicetree Specification 0.4, chapter
 * 5).
 * @throws {DeviceTreeError} if the bytes are no such blob, or a damaged one.
 */
export function parseDeviceTree(bytes: Uint8Array): DeviceTree {
  const { root, reservations } = readBlob(bytes, { kept: UNDERSTOOD });
  return understand(root, reservations);
}

/**
 * The nodes of a blob. Values are views of its bytes.
 * @param most the nodes and properties that it may have.
 * @param kept the depth to which nodes are returned, as deep as there are some.
 * @throws {DeviceTreeError}
 */
export function readBlob(
  bytes: Uint8Array,
  { most = TOKENS_AT_MOST, kept = DEEPEST }: { most?: number; kept?: number } = {},
): { root: DeviceTreeNode; reservations: Region[] } {
  if (!isDeviceTree(bytes))
    throw new DeviceTreeError(
      'these bytes are no device tree blob: they do not begin with d00dfeed',
    );
  const blob = new BlobReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const [version, compatible] = [blob.word(20), blob.word(24)];
  if (version < 16 || compatible > 17)
    wrong(`its version is ${version}, compatible with ${compatible}, and 16 and 17 are known`);
  const reservations = reservationsOf(blob, blob.word(16));
  return {
    root: new StructureReader(blob, blob.word(12), most, kept).read(blob.word(8)),
    reservations,
  };
}

/**
 * We read only these from the running kernel's tree, because a board's whole tree has thousands of
 * files.
 */
const WANTED = /^(?:chosen(?:@0)?|reserved-memory|memory(?:@.*)?)$/;
const LONGEST = 65_536;

/**
 * Reads /proc/device-tree. A node is a directory, and a property is a file with its bytes. null
 * when there is no such tree.
 */
export function readDeviceTree(reader: Reader, top = '/proc/device-tree'): DeviceTree | null {
  const names = (path: string): string[] => orElse([], () => reader.list(path));
  const node = (path: string): Node => ({
    properties: new Map(
      names(path).flatMap((name): [string, Buffer][] =>
        orElse([], () =>
          reader.kind(`${path}/${name}`) === 'file'
            ? [[name, Buffer.from(reader.readBytes(`${path}/${name}`, 0, LONGEST))]]
            : [],
        ),
      ),
    ),
    children: new Map(),
  });
  const children = names(top);
  if (children.length === 0) return null;
  const root = node(top);
  for (const name of children.filter((each) => WANTED.test(each))) {
    const child = node(`${top}/${name}`);
    if (name === 'reserved-memory')
      for (const below of names(`${top}/${name}`))
        child.children.set(below, node(`${top}/${name}/${below}`));
    root.children.set(name, child);
  }
  return understand(root, null);
}
