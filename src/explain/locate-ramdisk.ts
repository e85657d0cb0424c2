import type { Atags } from '../facts/atags.js';
import type { DeviceTree, Region } from '../facts/device-tree.js';
import { bootParameters } from './boot-parameters.js';

/** One place where the kernel was told of an initrd. */
interface Claim {
  source: 'command line' | '/chosen' | 'ATAG_INITRD2' | 'ATAG_INITRD';
  start: number;
  /** Behind the last byte. */
  end: number;
  size: number;
  /** Begins on a page: else the kernel reserves the whole page with what else is on it. */
  aligned: boolean;
  /** Lies in the memory that the same hand-over tells of; null where that is not known. */
  inMemory: boolean | null;
  /**
   * The reservation that covers it: of the blob's own table, or a node of /reserved-memory. '' for
   * none; null where that table was not to be read.
   */
  reserved: string | null;
  /** What else is to be said of it. */
  note: string;
}

export interface Located {
  schema: 'mountroot.locate/1';
  claims: Claim[];
  /** Whether all of them say the same; null where there are fewer than two. */
  agree: boolean | null;
  /** The one that the kernel takes; null for none. */
  taken: Claim['source'] | null;
  memory: Region[];
  problems: string[];
}

export interface LocateInput {
  commandLine: string | null;
  deviceTree: DeviceTree | null;
  atags: Atags | null;
}

/** Every ARM board's Linux with 32 bits, and most with 64, has pages of this size. */
const PAGE = 4096;

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

const within = ({ start, end }: Pick<Claim, 'start' | 'end'>, region: Region): boolean =>
  start >= region.start && end <= region.start + region.size;

/**
 * What each says, and which of them the kernel takes: the command line is read last
 * (drivers/of/fdt.c, arch/arm/kernel/atags_parse.c, init/do_mounts_initrd.c).
 */
export function locate({ commandLine, deviceTree, atags }: LocateInput): Located {
  const problems: string[] = [];
  const memory = [...(deviceTree?.memory ?? []), ...(atags?.memory ?? [])];
  const claim = (source: Claim['source'], start: number, size: number, note = ''): Claim => {
    const end = start + size;
    const node = deviceTree?.reserved.find((region) => within({ start, end }, region));
    const entry = deviceTree?.reservations?.find((region) => within({ start, end }, region));
    const reserved = entry
      ? `the entry ${hex(entry.start)}+0x${entry.size.toString(16)}`
      : node
        ? `/reserved-memory/${node.name}`
        : deviceTree?.reservations === null
          ? null
          : '';
    return {
      source,
      start,
      end,
      size,
      aligned: start % PAGE === 0,
      inMemory:
        source === 'ATAG_INITRD' || memory.length === 0
          ? null
          : memory.some((region) => within({ start, end }, region)),
      reserved: deviceTree === null ? null : reserved,
      note,
    };
  };
  const claims: Claim[] = [];
  const words = bootParameters(commandLine ?? deviceTree?.bootargs ?? atags?.commandLine ?? '');
  if (words.strangeInitrd !== null)
    problems.push(
      `initrd=${words.strangeInitrd} on the command line is not ADDRESS,SIZE, and the kernel passes over it`,
    );
  if (words.initrd !== null)
    claims.push(claim('command line', words.initrd.start, words.initrd.size));
  const { start = null, end = null, bytes = [] } = deviceTree?.initrd ?? {};
  if (start !== null && end !== null && end >= start)
    claims.push(
      claim(
        '/chosen',
        start,
        end - start,
        bytes.every((length) => length === 4)
          ? '32-bit cells'
          : bytes.every((length) => length === 8)
            ? '64-bit cells'
            : `of ${bytes.join(' and ')} bytes`,
      ),
    );
  else if (start !== null && end !== null)
    problems.push(
      `/chosen says that the initrd ends at ${hex(end)}, before its start at ${hex(start)}: the kernel passes over it`,
    );
  else if (start !== null || end !== null)
    problems.push(
      `/chosen has only linux,initrd-${start === null ? 'end' : 'start'}: the kernel passes over it`,
    );
  if (atags?.initrd)
    claims.push(
      claim(
        atags.initrd.virtual ? 'ATAG_INITRD' : 'ATAG_INITRD2',
        atags.initrd.start,
        atags.initrd.size,
        atags.initrd.virtual ? 'a virtual address, deprecated' : '',
      ),
    );
  for (const each of claims) {
    if (each.size === 0)
      problems.push(
        `${each.source} tells of an initrd without a byte: the kernel takes it for none`,
      );
    else if (each.inMemory === false)
      problems.push(
        `what ${each.source} tells of does not lie in memory: the kernel refuses it ("is not a memory region - disabling initrd")`,
      );
    if (each.end > 2 ** 32)
      problems.push(
        `what ${each.source} tells of lies above 4 GiB, where a kernel with 32 bits without LPAE does not look`,
      );
  }
  const physical = claims.filter(({ source }) => source !== 'ATAG_INITRD');
  const agree =
    physical.length < 2
      ? null
      : physical.every(
          (each) => each.start === physical[0]!.start && each.size === physical[0]!.size,
        );
  if (agree === false)
    problems.push(
      `${physical.map(({ source }) => source).join(' and ')} do not agree: the kernel takes ${physical[0]!.source === 'command line' ? "the command line's" : '/chosen, for with a device tree it reads no tags'}`,
    );
  return {
    schema: 'mountroot.locate/1',
    claims,
    agree,
    taken: claims[0] !== undefined && claims[0].size > 0 ? claims[0].source : null,
    memory,
    problems,
  };
}

const size = (bytes: number): string =>
  bytes < 10_240
    ? `${bytes} B`
    : bytes < 10 * 2 ** 20
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const yes = (value: boolean | null): string => (value === null ? '?' : value ? 'yes' : 'NO');

/** A table for a person. */
export function renderLocated({ claims, agree, taken, memory, problems }: Located): string {
  const out: string[] = [];
  if (claims.length === 0) out.push('Nothing tells the kernel of an initrd.');
  else {
    const rows = [
      ['told by', 'start', 'end', 'size', 'in memory', 'page', 'reserved'],
      ...claims.map((each) => [
        each.source,
        hex(each.start),
        hex(each.end),
        size(each.size),
        yes(each.inMemory),
        yes(each.aligned),
        each.reserved === null ? '?' : each.reserved === '' ? 'no' : 'yes',
      ]),
    ];
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    out.push(
      ...rows.map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd(),
      ),
    );
    for (const { source, note, reserved } of claims)
      if (note !== '' || reserved)
        out.push(
          `${source}: ${[note, reserved ? `reserved by ${reserved}` : ''].filter((text) => text !== '').join('; ')}`,
        );
    if (agree === true) out.push('They agree.');
    out.push(taken === null ? 'The kernel takes none.' : `The kernel takes what ${taken} says.`);
  }
  if (memory.length > 0)
    out.push(
      `Memory: ${memory.map((region) => `${hex(region.start)}-${hex(region.start + region.size)}`).join(', ')}`,
    );
  return `${[...out, ...problems.map((problem) => `! ${problem}`)].join('\n')}\n`;
}
