/** Reads a ramdisk as the kernel does, and keeps everything reported about it. */
import type { Method } from '../../../src/ramdisk/method.js';
import type { Part } from '../../../src/ramdisk/kernel-reader.js';
import { problemData } from '../../../src/ramdisk/ramdisk-problem.js';
import { Lister, type Listed } from '../../../src/ramdisk/list.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { bundled } from './bundled.js';
import { inChunks } from './streams.js';

const { readRamdisk } = await bundled<typeof import('../../../src/ramdisk/kernel-reader.js')>(
  'src/ramdisk/kernel-reader.ts',
);

/** Keeps the data too. */
class Keeper extends Lister {
  readonly listed: Listed[] = [];
  readonly contents: Buffer[] = [];
  constructor() {
    super((member) => void this.listed.push(member));
  }
  trailers = 0;
  #pieces: Buffer[] = [];
  override data(bytes?: Buffer): void {
    this.#pieces.push(Buffer.from(bytes!));
  }
  override complete(): void {
    this.contents.push(Buffer.concat(this.#pieces));
    this.#pieces = [];
  }
  override trailer(): void {
    this.trailers++;
  }
}

export interface Read {
  complaint: string | null;
  members: Listed[];
  names: string[];
  contents: Buffer[];
  trailers: number;
  parts: Part[];
  problems: ReturnType<typeof problemData>[];
}

export async function read(
  bytes: Buffer,
  {
    chunk = 100_000,
    configured = () => true,
  }: { chunk?: number; configured?: (method: Method) => boolean } = {},
): Promise<Read> {
  const keeper = new Keeper();
  const [parts, problems]: [Part[], Read['problems']] = [[], []];
  const complaint = await readRamdisk(ByteSource.from(inChunks(bytes, chunk)), keeper, {
    configured,
    onPart: (part) => parts.push(part),
    onProblem: (problem) => problems.push(problemData(problem)),
  });
  return {
    complaint,
    members: keeper.listed,
    names: keeper.listed.map(({ name }) => name),
    contents: keeper.contents,
    trailers: keeper.trailers,
    parts,
    problems,
  };
}

export const zeros = (length: number): Buffer => Buffer.alloc(length);
