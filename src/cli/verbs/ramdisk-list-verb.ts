import { EXIT } from '../../plan/plan.js';
import type { Container, Piece } from '../../ramdisk/container/container.js';
import type { RamdiskProblem } from '../../ramdisk/ramdisk-problem.js';
import type { Lister, Summary } from '../../ramdisk/list.js';
import type { UImage } from '../../ramdisk/uimage.js';
import { RAMDISK_LIMITS } from '../../text/input-limits.js';
import { ListPrinter } from '../list-printer.js';
import { PIECE_OPTION, readingRamdisk } from '../ramdisk-input.js';
import { verb } from '../verb-row.js';

/** The data of a ramdisk besides its members. */
interface RamdiskRead {
  uimage: UImage | null;
  /** The kernel's complaint about data that are no cpio. */
  complaint: string | null;
  container: Container | null;
  /** What the boot loader would refuse. */
  unfit: RamdiskProblem[];
}

/** The file system image that the kernel would find in data that are no cpio; null from a pipe. */
async function imageOf(file: string, piece: string | null): Promise<string | null> {
  if (file === '-') return null;
  const { imageIn } = await import('../../ramdisk/initrd-image.js');
  const { handedRamdisk } = await import('../../ramdisk/container/handed-ramdisk.js');
  const image = await readingRamdisk(file, async (again) =>
    imageIn((await handedRamdisk(again, piece)).source, RAMDISK_LIMITS.bytes),
  );
  if (image === null) return null;
  const { found, content, kibibytes } = image;
  if (content === null || ['unknown', 'blank', 'unreadable'].includes(content)) return null;
  return `${found === content ? '' : `a ${found} of `}${content} of ${kibibytes} KiB`;
}

async function readInto(lister: Lister, file: string, piece: string | null): Promise<RamdiskRead> {
  const { readRamdisk } = await import('../../ramdisk/kernel-reader.js');
  const { handedRamdisk } = await import('../../ramdisk/container/handed-ramdisk.js');
  return readingRamdisk(file, async (all) => {
    const { uimage, container, source, at, verify } = await handedRamdisk(all, piece);
    const hasNone = container !== null && piece === null && !container.pieces.some(isHanded);
    if (hasNone) return { uimage, container, complaint: null, unfit: await verify() };
    const placed = <T extends { offset: number }>(each: T): T => ({
      ...each,
      offset: at(each.offset),
    });
    const complaint = await readRamdisk(source, lister, {
      onPart: (part) => lister.part(placed(part)),
      onProblem: (problem) => lister.problem(placed(problem)),
      onUnchecked: () => void (lister.unchecked = true),
      enough: () => lister.full,
    });
    if (lister.full)
      lister.problem({
        offset: at(source.offset),
        inside: null,
        kernelSays: null,
        fault: { code: 'too-many-members' },
      });
    return { uimage, container, complaint, unfit: await verify() };
  });
}

const isHanded = ({ handed }: Piece): boolean => handed;

function summaryOf(
  lister: Lister,
  read: RamdiskRead,
  image: string | null,
): Omit<Summary, 'uimage'> {
  const { container, unfit } = read;
  // A kernel behind U-Boot's header is no damaged ramdisk.
  const isOther = unfit.some(({ fault }) => fault.code === 'uimage-type');
  // The kernel always complains about an image-initrd as a cpio before it accepts it. This is no
  // problem.
  const asCpio = (image === null && !isOther) || lister.members > 0;
  return {
    container: container && {
      kind: container.kind,
      name: container.name,
      note: container.note,
      pieces: container.pieces,
    },
    parts: asCpio ? lister.parts : [],
    image,
    problems: [...(asCpio ? lister.problems : []), ...unfit],
    unchecked: asCpio && lister.unchecked,
    leftOut: asCpio ? lister.leftOut : { parts: 0, problems: 0 },
  };
}

export const ramdiskListVerb = verb({
  name: 'list',
  summary: 'the files in a ramdisk, and the complaints of the kernel',
  positionals: {
    file: {
      type: 'optional',
      completes: 'paths',
      default: '-',
      dash: true,
      describe: 'the ramdisk; - is the standard input',
    },
  },
  options: {
    json: { type: 'flag', describe: 'as data' },
    piece: PIECE_OPTION,
  },
  examples: [
    ['$0 ramdisk list initrd.img', "with the kernel's own complaints"],
    ['$0 ramdisk list boot.img', 'of Android, or a FIT image: what is in it, and its ramdisk'],
  ],
  overSsh: null,
  exits: ['problems'],
  run: async ({ file, json, piece = null }, { print }) => {
    const { LIST_SCHEMA, Lister, memberLine, renderSummary, summaryData, uimageData } =
      await import('../../ramdisk/list.js');
    const printer = new ListPrinter(print, LIST_SCHEMA, json ? null : memberLine);
    const lister = new Lister((member) => printer.member(member));
    const read = await readInto(lister, file, piece).finally(() => printer.flush());
    const image = read.complaint === null ? null : await imageOf(file, piece);
    const uimage = read.uimage && uimageData(read.uimage);
    const summary = { uimage, ...summaryOf(lister, read, image) };
    printer.end(summaryData(summary), renderSummary(summary));
    return summary.problems.length > 0 ? EXIT.problems : EXIT.done;
  },
});
