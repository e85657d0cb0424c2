import { containerLines, type ContainerData } from '../../ramdisk/list.js';
import { listed } from '../../text/listed.js';
import { address, type InitrdClaim } from './initrd-claims.js';
import type { Located } from './locate-ramdisk.js';

function size(bytes: number): string {
  if (bytes < 10_240) return `${bytes} B`;
  if (bytes < 10 * 2 ** 20) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function yesOrNo(value: boolean | null): string {
  if (value === null) return '?';
  return value ? 'yes' : 'NO';
}

function isReserved({ reserved }: InitrdClaim): string {
  if (reserved === null) return '?';
  return reserved === '' ? 'no' : 'yes';
}

const HEAD = ['told by', 'start', 'end', 'size', 'in memory', 'page', 'reserved'];

const cellsOf = (claim: InitrdClaim): string[] => [
  claim.source,
  address(claim.start),
  address(claim.end),
  size(claim.size),
  yesOrNo(claim.inMemory),
  yesOrNo(claim.aligned),
  isReserved(claim),
];

function table(claims: readonly InitrdClaim[]): string[] {
  const rows = [HEAD, ...claims.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** The lines that do not fit into the table; [] for none. */
function notes({ source, note, reserved }: InitrdClaim): string[] {
  const all = [note, reserved ? `reserved by ${reserved}` : ''].filter((text) => text !== '');
  return all.length === 0 ? [] : [`${source}: ${all.join('; ')}`];
}

/** The bytes of a boot image that the kernel gets. */
function handedLine({ pieces }: ContainerData): string {
  const handed = pieces.filter((piece) => piece.handed);
  if (handed.length === 0) return 'The kernel gets no ramdisk of it.';
  const places = handed.map(({ offset, size }) => `${offset}-${offset + size}`);
  return `The kernel gets the bytes ${listed(places)} of the file.`;
}

function claimLines({ claims, agree, taken, image }: Located): string[] {
  if (image !== undefined) return [...containerLines(image), handedLine(image)];
  if (claims.length === 0) return ['Nothing tells the kernel of an initrd.'];
  return [
    ...table(claims),
    ...claims.flatMap(notes),
    ...(agree === true ? ['They agree.'] : []),
    taken === null ? 'The kernel takes none.' : `The kernel takes what ${taken} says.`,
  ];
}

/** A table for a person. */
export function renderLocated(located: Located): string {
  const { memory, problems } = located;
  const out = claimLines(located);
  if (memory.length > 0) {
    const ranges = memory.map(
      (region) => `${address(region.start)}-${address(region.start + region.size)}`,
    );
    out.push(`Memory: ${ranges.join(', ')}`);
  }
  return `${[...out, ...problems.map((problem) => `! ${problem}`)].join('\n')}\n`;
}
