import type { Reader } from '../system/port.js';
import type { Content, Device, Facts, MtdPartition, Volume } from './facts.js';
import { resolve } from './devices.js';
import { BYTES_LOOKED_AT, identify } from '../volumes/identify.js';
import { asUnfinished } from '../volumes/unfinished-ubifs.js';

const unreadable = (error: unknown): Content => ({
  kind: 'unreadable',
  evidence: error instanceof Error ? error.message : String(error),
});

/**
 * Identifies the content of an mtd partition through its block device. mount(2) accepts the source
 * `mtdN` without a device node, but reading needs one.
 */
function partitionContent(
  reader: Reader,
  index: number,
  size: number,
  eraseBlock: number,
): Content {
  const node = `/dev/mtdblock${index}`;
  try {
    if (reader.kind(node) !== 'block')
      return { kind: 'unreadable', evidence: `${node} is not there` };
    return identify(
      (block) => reader.readBytes(node, block * eraseBlock, BYTES_LOOKED_AT),
      eraseBlock > 0 ? Math.floor(size / eraseBlock) : 1,
    );
  } catch (error) {
    return unreadable(error);
  }
}

function contentOf(reader: Reader, device: Device): Content {
  if (device.kind === 'mtd')
    return partitionContent(
      reader,
      Number(device.name.slice(3)),
      device.size,
      device.eraseBlock ?? 0,
    );
  const node = device.kind === 'ubi' ? `/dev/${device.name}` : device.source;
  let content: Content;
  try {
    content = identify(() => reader.readBytes(node, 0, BYTES_LOOKED_AT), 1);
  } catch (error) {
    return unreadable(error);
  }
  return device.kind === 'ubi' ? ubiContent(reader, device, node, content) : content;
}

function ubiContent(reader: Reader, device: Device, node: string, content: Content): Content {
  const leb = device.eraseBlock ?? 0;
  if (leb === 0) return content;
  try {
    return asUnfinished(
      content,
      (index, offset, length) => reader.readBytes(node, index * leb + offset, length),
      Math.floor(device.size / leb),
    );
  } catch {
    // Mounting it will tell.
    return content;
  }
}

/**
 * Finds the volume of a name and identifies its content. Never throws: unreadable content is
 * `unreadable`, with the reason.
 */
export function findVolume(reader: Reader, wanted: string, mtd: readonly MtdPartition[]): Volume {
  const holdsUbi = ({ index, size, eraseBlock }: MtdPartition): boolean =>
    partitionContent(reader, index, size, eraseBlock).kind === 'ubi';
  const { found, attach } = resolve(reader, wanted, mtd, holdsUbi);
  const [device] = found;
  return {
    wanted,
    found,
    content: found.length === 1 && device !== undefined ? contentOf(reader, device) : null,
    attach,
  };
}

/**
 * Whether the volume may be there and was not found, because its name is in a superblock, which
 * only root may read.
 */
export const isUnseen = ({ uid, volume }: Pick<Facts, 'uid' | 'volume'>): boolean =>
  uid !== 0 && isNowhere(volume) && /^(?:LABEL|UUID)=/.test(volume.wanted);

/** No device has the name, and nothing that could be attached holds one. */
export const isNowhere = ({ found, attach }: Pick<Volume, 'found' | 'attach'>): boolean =>
  found.length === 0 && attach === null;
