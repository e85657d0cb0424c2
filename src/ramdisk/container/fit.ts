/** U-Boot's FIT images (doc/usage/fit): a device tree with files in it, or behind it. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  DeviceTreeError,
  isDeviceTree,
  numberOf,
  readBlob,
  propertyText,
  type DeviceTreeNode,
} from '../../facts/device-tree.js';
import type { RamdiskFault, RamdiskProblem } from '../ramdisk-problem.js';
import { RAMDISK_LIMITS } from '../../text/input-limits.js';
import type { BytesAt } from './bytes-at.js';
import {
  PIECES_AT_MOST,
  piece,
  type Container,
  type ContainerFormat,
  type Piece,
  type PieceRole,
} from './container.js';
import { ContainerError } from './container-error.js';
import { keyed } from '../../text/keyed.js';

/** Nodes and properties of a tree with as many images as there may be. */
const PARTS_AT_MOST = 20_000;

/** Where the size of the whole tree is. */
const TOTAL_AT = 4;

const ROLES: Record<string, PieceRole> = keyed({
  ramdisk: 'ramdisk',
  kernel: 'kernel',
  kernel_noload: 'kernel',
  flat_dt: 'device tree',
});

const HASHES = ['sha1', 'sha256', 'sha384', 'sha512', 'md5'];

const problem = (offset: number, fault: RamdiskFault): RamdiskProblem => ({
  ...{ offset, inside: null, kernelSays: null, fault },
});

/** A FIT while it is read. */
class Fit {
  readonly problems: RamdiskProblem[] = [];
  private readonly nodes: ReadonlyMap<string, DeviceTreeNode>;

  constructor(
    private readonly bytes: BytesAt,
    private readonly blob: Buffer,
    private readonly root: DeviceTreeNode,
  ) {
    this.nodes = root.children.get('images')?.children ?? new Map<string, DeviceTreeNode>();
  }

  read(): Container {
    if (this.nodes.size > PIECES_AT_MOST)
      throw new ContainerError(
        `this FIT image has ${this.nodes.size} images, and ${PIECES_AT_MOST} is the limit; no ` +
          'board needs so many',
      );
    const pieces = [...this.nodes].flatMap(([name, node]) => this.image(name, node));
    this.choose(pieces);
    return {
      kind: 'FIT image',
      name: this.text(this.root, 'description'),
      pieces,
      problems: this.problems,
      note: '',
      verify: () => pieces.flatMap((each) => this.verify(each)),
    };
  }

  private text = (node: DeviceTreeNode, property: string): string =>
    propertyText(node.properties.get(property));

  private image(name: string, node: DeviceTreeNode): Piece[] {
    const place = this.placeOf(node);
    if (place === null) {
      this.tell({ code: 'fit-no-data', piece: name });
      return [];
    }
    const compression = this.text(node, 'compression') || null;
    const role = ROLES[this.text(node, 'type')] ?? 'other';
    const load = numberOf(node.properties.get('load'));
    return [piece(name, role, place, { compression, load, handed: false })];
  }

  /** The place of an image's data: in the tree, at a place of the file, or behind the tree. */
  private placeOf({ properties }: DeviceTreeNode): [offset: number, size: number] | null {
    const base = this.bytes.offset;
    const inside = properties.get('data');
    if (inside !== undefined)
      return [base + inside.byteOffset - this.blob.byteOffset, inside.length];
    const size = numberOf(properties.get('data-size'));
    const position = numberOf(properties.get('data-position'));
    const offset = numberOf(properties.get('data-offset'));
    if (size === null || (position === null && offset === null)) return null;
    const from = position ?? Math.ceil(this.blob.length / 4) * 4 + offset!;
    // Numbers of 64 bits are rounded. No file is so large.
    return [base + Math.min(from, Number.MAX_SAFE_INTEGER / 4), Math.min(size, 2 ** 40)];
  }

  private tell(fault: RamdiskFault): void {
    this.problems.push(problem(this.bytes.offset, fault));
  }

  /** Marks what the default configuration hands over. */
  private choose(pieces: Piece[]): void {
    const configurations = this.root.children.get('configurations');
    const ramdisks = pieces.filter(({ role, size }) => role === 'ramdisk' && size > 0);
    if (configurations === undefined || configurations.children.size === 0) {
      // Without configurations U-Boot takes the image that its command names.
      if (ramdisks.length === 1) ramdisks[0]!.handed = true;
      return;
    }
    const [name, node] = this.configuration(configurations);
    for (const image of wordsOf(node.properties.get('ramdisk'))) {
      const named = pieces.find((each) => each.name === image);
      if (named !== undefined) named.handed = named.size > 0;
      else if (!this.nodes.has(image))
        this.tell({ code: 'fit-image-missing', configuration: name, image });
    }
  }

  private configuration({ properties, children }: DeviceTreeNode): [string, DeviceTreeNode] {
    const chosen = propertyText(properties.get('default'));
    const node = children.get(chosen);
    if (node !== undefined) return [chosen, node];
    const all = [...children];
    const [name, first] = all.find(([, each]) => each.properties.has('ramdisk')) ?? all[0]!;
    this.tell({ code: 'fit-no-default', chosen: name });
    return [name, first];
  }

  /** Compares the hashes that we know. A signature needs a key. */
  private verify({ name, offset, size }: Piece): RamdiskProblem[] {
    const data = this.bytes.part(offset - this.bytes.offset, size);
    if (data.size < size) return [];
    const hashes = [...(this.nodes.get(name)?.children ?? [])].filter(([each]) =>
      each.startsWith('hash'),
    );
    return hashes.slice(0, HASHES.length).flatMap(([, { properties }]) => {
      const method = propertyText(properties.get('algo'));
      const said = properties.get('value')?.toString('hex');
      const made = said === undefined ? null : hashOf(data, method);
      return made === null || made === said
        ? []
        : [problem(offset, { code: 'piece-checksum', piece: name, method })];
    });
  }
}

/** In hexadecimal; null for a method that we do not know. */
function hashOf(data: BytesAt, method: string): string | null {
  if (method === 'crc32') {
    let sum = 0;
    for (const chunk of data.chunks()) sum = crc32(chunk, sum);
    return sum.toString(16).padStart(8, '0');
  }
  if (!HASHES.includes(method)) return null;
  const hash = createHash(method);
  for (const chunk of data.chunks()) hash.update(chunk);
  return hash.digest('hex');
}

const wordsOf = (bytes: Buffer | undefined): string[] =>
  (bytes ?? Buffer.alloc(0))
    .toString('utf8')
    .split('\0')
    .filter((word) => word !== '')
    .slice(0, PIECES_AT_MOST);

/** null for a device tree that is no FIT. */
function read(bytes: BytesAt): Container | null {
  const head = bytes.read(0, 2 * TOTAL_AT);
  const total = head.length < 2 * TOTAL_AT ? 0 : head.readUInt32BE(TOTAL_AT);
  if (total > RAMDISK_LIMITS.tree)
    throw new ContainerError(
      `the device tree says that it has ${total} bytes, and ${RAMDISK_LIMITS.tree} is the limit; ` +
        'the file is damaged, or its images belong behind the tree (`mkimage -E`)',
    );
  bytes.effort.holds(Math.min(total, bytes.size));
  const blob = bytes.read(0, total);
  try {
    const { root } = readBlob(blob, { most: PARTS_AT_MOST });
    return root.children.has('images') ? new Fit(bytes, blob, root).read() : null;
  } catch (error) {
    if (error instanceof DeviceTreeError) throw new ContainerError(error.message, { cause: error });
    throw error;
  }
}

export const fit: ContainerFormat = { when: isDeviceTree, read };
