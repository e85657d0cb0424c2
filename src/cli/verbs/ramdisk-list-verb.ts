import { once } from 'node:events';
import { EXIT } from '../../plan/plan.js';
import type { Listed } from '../../ramdisk/list.js';
import type { ByteSource } from '../../ramdisk/source.js';
import type { CommandDeps } from './locate-verb.js';
import { UsageError } from '../usage-error.js';

/** Reads a ramdisk's file, which must be there. */
export async function reading<T>(
  file: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  if (file === '-' && process.stdin.isTTY)
    throw new UsageError(
      'a ramdisk does not come from a terminal; name a file, or send it from another program',
    );
  const { ByteSource } = await import('../../ramdisk/source.js');
  const source = ByteSource.fromFile(file);
  try {
    await source.peek(1).catch((error: Error) => {
      throw new UsageError(error.message);
    });
    return await use(source);
  } finally {
    await source.close();
  }
}

/** What is printed at once. */
const PRINTED = 65_536;

/** A listing as it is read: nothing of it waits for its end, for that may be far. */
class Printer {
  #waiting = '';
  #members = 0;

  constructor(
    private readonly print: (text: string) => void,
    private readonly schema: string,
    private readonly line: ((member: Listed) => string) | null,
  ) {}

  #put(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= PRINTED) this.flush();
  }

  flush(): void {
    if (this.#waiting !== '') this.print(this.#waiting);
    this.#waiting = '';
  }

  member(member: Listed): void {
    if (this.line !== null) this.#put(`${this.line(member)}\n`);
    else
      this.#put(
        `${this.#members === 0 ? this.#begin() : ','}\n    ${JSON.stringify(member, null, 2).replaceAll('\n', '\n    ')}`,
      );
    this.#members++;
  }

  #begin = (): string => `{\n  "schema": ${JSON.stringify(this.schema)},\n  "members": [`;

  /** @param data for programs. @param text for a person. */
  end(data: object, text: string): void {
    if (this.line === null)
      this.#put(
        `${this.#members === 0 ? `${this.#begin()}]` : '\n  ]'},\n${JSON.stringify(data, null, 2).slice('{\n'.length)}\n`,
      );
    else this.#put(`${this.#members === 0 ? '' : '\n'}${text}`);
    this.flush();
  }
}

/** What the kernel would find in what is no cpio; from a pipe it cannot be read again. */
async function imageOf(file: string): Promise<string | null> {
  if (file === '-') return null;
  const { imageIn } = await import('../../ramdisk/image.js');
  const { handedOver } = await import('../../ramdisk/uimage.js');
  const found = await reading(file, async (again) =>
    imageIn((await handedOver(again)).source, 1 << 30),
  );
  if (
    found === null ||
    found.content === null ||
    ['unknown', 'blank', 'unreadable'].includes(found.content)
  )
    return null;
  return `${found.found === found.content ? '' : `a ${found.found} of `}${found.content} of ${found.kibibytes} KiB`;
}

/** Until whoever reads the listing has taken what was printed. */
async function taken(): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
}

/** `ramdisk list`. */
export async function list(
  file: string,
  json: boolean,
  { print, finish }: CommandDeps,
): Promise<void> {
  const { readRamdisk } = await import('../../ramdisk/kernel-reader.js');
  const { LIST_SCHEMA, Lister, memberLine, renderSummary, summaryData } =
    await import('../../ramdisk/list.js');
  const { handedOver } = await import('../../ramdisk/uimage.js');
  const printer = new Printer(print, LIST_SCHEMA, json ? null : memberLine);
  const lister = new Lister((member) => printer.member(member));
  const [uimage, complaint, unfit] = await reading(file, async (all) => {
    const { uimage: header, source, verify } = await handedOver(all);
    const message = await readRamdisk(source, lister, {
      onPart: (part) => lister.part(part),
      onProblem: (problem) => lister.problem(problem),
      enough: () => lister.full,
      ready: taken,
    });
    if (lister.full)
      lister.problem({
        offset: source.offset,
        inside: null,
        kernelSays: null,
        fault: { code: 'too-many-members' },
      });
    return [header, message, await verify()] as const;
  }).finally(() => printer.flush());
  const image = complaint === null ? null : await imageOf(file);
  // What the kernel takes for an image-initrd it complains of as a cpio first, and means no harm.
  const cpio = image === null || lister.members > 0;
  const { parts, problems, leftOut } = lister;
  const wrong = [...(cpio ? problems : []), ...(unfit === null ? [] : [unfit])];
  const summary = {
    uimage: uimage && { name: uimage.name, size: uimage.size },
    parts: cpio ? parts : [],
    image,
    problems: wrong,
    leftOut: cpio ? leftOut : { parts: 0, problems: 0 },
  };
  printer.end(summaryData(summary), renderSummary(summary));
  finish(summary.problems.length > 0 ? EXIT.problems : EXIT.done);
}
