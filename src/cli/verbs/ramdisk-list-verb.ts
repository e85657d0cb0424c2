import { EXIT } from '../../plan/plan.js';
import type { RamdiskProblem } from '../../ramdisk/ramdisk-problem.js';
import type { Lister, Summary } from '../../ramdisk/list.js';
import { ListPrinter } from '../list-printer.js';
import { readingRamdisk } from '../ramdisk-input.js';
import { drained } from '../stdout.js';
import { verb } from '../verb-row.js';

/** The data of a ramdisk besides its members. */
interface RamdiskRead {
  uimage: { name: string; size: number } | null;
  /** The kernel's complaint about data that are no cpio. */
  complaint: string | null;
  /** The fault of U-Boot's header. */
  unfit: RamdiskProblem | null;
}

/** The file system image that the kernel would find in data that are no cpio; null from a pipe. */
async function imageOf(file: string): Promise<string | null> {
  if (file === '-') return null;
  const { imageIn } = await import('../../ramdisk/initrd-image.js');
  const { handedOver } = await import('../../ramdisk/uimage.js');
  const image = await readingRamdisk(file, async (again) =>
    imageIn((await handedOver(again)).source, 1 << 30),
  );
  if (image === null) return null;
  const { found, content, kibibytes } = image;
  if (content === null || ['unknown', 'blank', 'unreadable'].includes(content)) return null;
  return `${found === content ? '' : `a ${found} of `}${content} of ${kibibytes} KiB`;
}

async function readInto(lister: Lister, file: string): Promise<RamdiskRead> {
  const { readRamdisk } = await import('../../ramdisk/kernel-reader.js');
  const { handedOver } = await import('../../ramdisk/uimage.js');
  return readingRamdisk(file, async (all) => {
    const { uimage, source, verify } = await handedOver(all);
    const complaint = await readRamdisk(source, lister, {
      onPart: (part) => lister.part(part),
      onProblem: (problem) => lister.problem(problem),
      onUnchecked: () => void (lister.unchecked = true),
      enough: () => lister.full,
      ready: drained,
    });
    if (lister.full)
      lister.problem({
        offset: source.offset,
        inside: null,
        kernelSays: null,
        fault: { code: 'too-many-members' },
      });
    return { uimage, complaint, unfit: await verify() };
  });
}

function summaryOf(lister: Lister, { uimage, unfit }: RamdiskRead, image: string | null): Summary {
  // The kernel always complains about an image-initrd as a cpio before it accepts it. This is no
  // problem.
  const asCpio = image === null || lister.members > 0;
  return {
    uimage: uimage && { name: uimage.name, size: uimage.size },
    parts: asCpio ? lister.parts : [],
    image,
    problems: [...(asCpio ? lister.problems : []), ...(unfit === null ? [] : [unfit])],
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
  options: { json: { type: 'flag', describe: 'as data' } },
  examples: [['$0 ramdisk list initrd.img', "with the kernel's own complaints"]],
  overSsh: null,
  exits: ['problems'],
  run: async ({ file, json }, { print }) => {
    const { LIST_SCHEMA, Lister, memberLine, renderSummary, summaryData } =
      await import('../../ramdisk/list.js');
    const printer = new ListPrinter(print, LIST_SCHEMA, json ? null : memberLine);
    const lister = new Lister((member) => printer.member(member));
    const read = await readInto(lister, file).finally(() => printer.flush());
    const image = read.complaint === null ? null : await imageOf(file);
    const summary = summaryOf(lister, read, image);
    printer.end(summaryData(summary), renderSummary(summary));
    return summary.problems.length > 0 ? EXIT.problems : EXIT.done;
  },
});
