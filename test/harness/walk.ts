/**
 * Lets one board walk through many states of its flash chip or disk. The kernel of the board mounts
 * each, and native/walk.c prints what is on it. A state costs some ten milliseconds, a boot ten
 * seconds.
 */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileProgram, compilerVersion } from '../../scripts/agent/compile.js';
import { sourceFile } from '../../scripts/agent/native.js';
import { cleanBeforeEnd } from '../../scripts/emulator/guard.js';
import { Machine } from '../../scripts/emulator/machine.js';
import { cached, digest } from '../../scripts/lib/cache.js';
import { emptyData } from '../../scripts/image/chips.js';
import { buildImage } from '../../scripts/image/build-image.js';
import { packCpio } from '../../src/ramdisk/pack.js';
import { SAME_ADDRESSES, board } from './board.js';

/** What is walked through, as the board sees it. */
export interface Medium {
  /** The node through which it is brought to a state: `/dev/mtd3`, or `/dev/vdb`. */
  node: string;
  /** What is mounted, with which file system. */
  source: string;
  type: 'jffs2' | 'ubifs' | 'ext4' | 'f2fs';
  size: number;
  /** Bytes that are written together; an erase block of flash. */
  block: number;
  /** Mount options. */
  options?: string;
}

/** What is on a volume: about each file by its path. */
export type Listing = ReadonlyMap<string, string>;

/** What the board made of a state when it only mounted it. */
export interface Seen {
  id: number;
  /** errno of attaching UBI; 0 where there is none. */
  attach: number;
  /** errno of mounting; -1 when it was not tried. */
  mount: number;
  /** errno of writing a file; -1 when it was not tried. */
  write: number;
  /** Time on the board. */
  milliseconds: number;
  listing: Listing;
}

/** What became of a state when the agent's start and done ran on it. */
export interface SeenByAgent {
  id: number;
  /** Exit statuses. */
  start: number;
  done: number;
  milliseconds: number;
  state: { rung: string; reason: string | null; because?: string | null } | null;
  /** What the agent printed, when a status was not 0. */
  said: string | null;
  /** The data volume afterwards. */
  listing: Listing;
}

export interface Walked {
  mounts: Seen[];
  agents: SeenByAgent[];
}

const KINDS = { end: 0, write: 1, check: 2, flip: 3, keep: 4 } as const;
const FLAGS = { look: 0, write: 1, agent: 2 } as const;

/**
 * What is done with a state: it is only mounted read-only, or mounted and written to, or the
 * agent's start and done run on it.
 */
export type Check = keyof typeof FLAGS;
const HEAD_BYTES = 512;
const DISK_UNIT = 1 << 20;

/** Writes the stream of changes and checks for native/walk.c. */
export class WalkStream {
  private parts: Buffer[] = [];
  private held = 0;

  constructor(
    private readonly file: string,
    { node, source, type, size, block, options = '-' }: Medium,
  ) {
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(`walk 1 ${node} ${source} ${type} ${size} ${block} ${options}`);
    writeFileSync(file, head);
  }

  private add(kind: number, argument: number, flags: number, data: Buffer | null): void {
    const record = Buffer.alloc(16);
    [kind, argument, flags, data?.length ?? 0].forEach((value, at) =>
      record.writeUInt32LE(value, at * 4),
    );
    this.parts.push(record, ...(data === null ? [] : [data]));
    this.held += 16 + (data?.length ?? 0);
    if (this.held > DISK_UNIT) this.flush();
  }

  private flush(): void {
    appendFileSync(this.file, Buffer.concat(this.parts));
    this.parts = [];
    this.held = 0;
  }

  write(offset: number, data: Buffer): void {
    if (data.length > 0) this.add(KINDS.write, offset, 0, data);
  }

  /** Bits of a byte of NAND that have fallen, without its ECC, in the next check only. */
  flip(offset: number, bits: number): void {
    this.add(KINDS.flip, offset, bits, null);
  }

  /** The medium stays as the last check left it. */
  keep(): void {
    this.add(KINDS.keep, 0, 0, null);
  }

  check(id: number, how: Check): void {
    this.add(KINDS.check, id, FLAGS[how], null);
  }

  end(): void {
    this.add(KINDS.end, 0, 0, null);
    this.flush();
    // The disk has whole sectors, with room for the reading ahead.
    appendFileSync(this.file, Buffer.alloc(DISK_UNIT));
  }
}

const STATE = /^walk: state (\d+) attach=(-?\d+) mount=(-?\d+) write=(-?\d+) ms=(\d+)$/;
const AGENT = /^walk: agent (\d+) start=(\d+) done=(\d+) ms=(\d+)$/;

const numbers = (match: RegExpExecArray): number[] => match.slice(1).map(Number);

function parseState(text: string): SeenByAgent['state'] {
  try {
    return JSON.parse(text) as SeenByAgent['state'];
  } catch {
    return null;
  }
}

/** Reads one report after the other. */
class WalkReader {
  readonly walked: Walked = { mounts: [], agents: [] };
  /** What the last mount showed. Each listing is told by its difference from that. */
  private base: Listing = new Map();
  private listing = new Map<string, string>();
  private mount: Seen | null = null;
  private agent: SeenByAgent | null = null;

  line(line: string): void {
    const state = STATE.exec(line);
    const agent = AGENT.exec(line);
    if (state !== null) this.beginMount(numbers(state));
    else if (agent !== null) this.beginAgent(numbers(agent));
    else if (line.startsWith('walk: end ')) this.end(Number(line.slice(10)));
    else if (line.startsWith('walk: failed')) throw new Error(line);
    else if (this.agent !== null && line.startsWith('walk: json '))
      this.agent.state = parseState(line.slice(11));
    else if (this.agent !== null && line.startsWith('walk: said '))
      this.agent.said = line.slice(11);
    else if (/^[+-]\//.test(line)) this.difference(line);
  }

  private beginMount(of: number[]): void {
    const [id, attach, mount, write, milliseconds] = of as [number, number, number, number, number];
    this.listing = new Map(this.base);
    this.mount = { id, attach, mount, write, milliseconds, listing: this.listing };
  }

  private beginAgent(of: number[]): void {
    const [id, start, done, milliseconds] = of as [number, number, number, number];
    this.listing = new Map(this.base);
    this.agent = { id, start, done, milliseconds, state: null, said: null, listing: this.listing };
  }

  private difference(line: string): void {
    const space = line.indexOf(' ');
    const [name, what] = [line.slice(1, space), line.slice(space + 1)];
    if (line.startsWith('+')) this.listing.set(name, what);
    // Both lines of a changed file may come in either order.
    else if (this.listing.get(name) === what) this.listing.delete(name);
  }

  private end(id: number): void {
    if (this.mount?.id === id) {
      this.walked.mounts.push(this.mount);
      this.base = this.listing;
    } else if (this.agent?.id === id) this.walked.agents.push(this.agent);
    else throw new Error(`the walk ends state ${id}, which it did not begin`);
    this.mount = null;
    this.agent = null;
  }
}

/** @throws {Error} when the board did not come to its end. */
export function parseWalk(console: string): Walked {
  const reader = new WalkReader();
  const lines = console.split(/\r?\n/);
  for (const line of lines) reader.line(line);
  if (!lines.includes('walk: done')) throw new Error('the walk did not come to its end');
  return reader.walked;
}

/** Returns native/walk.c as a static program. */
async function walkProgram(): Promise<string> {
  const source = sourceFile('walk.c');
  const headers = ['common', 'list', 'medium', 'agent'].map((part) => sourceFile(`walk-${part}.h`));
  const inputs = { sources: digest(source, ...headers), compiler: await compilerVersion('arm') };
  const folder = await cached('walk', inputs, async (made) => {
    mkdirSync(made, { recursive: true });
    await compileProgram('arm', source, join(made, 'walk'));
  });
  return join(folder, 'walk');
}

/** Makes the ramdisk whose init is native/walk.c. */
async function walkRamdisk(file: string): Promise<void> {
  const program = await walkProgram();
  const parts: Buffer[] = [];
  const init = {
    name: 'init',
    kind: 'file',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    size: readFileSync(program).length,
    file: { path: program, open: () => openSync(program, 'r'), release: () => {} },
  } as const;
  for await (const part of packCpio([init])) parts.push(part);
  writeFileSync(file, Buffer.concat(parts));
}

export interface WalkOptions {
  /** A kernel other than the board's own. */
  zImage?: string;
  /** The content of the last flash chip. */
  chip?: Buffer;
  /** A disk, which is /dev/vdb. */
  disk?: string;
  /** Words for the kernel's command line. */
  append?: string;
}

/**
 * Walks a board through the states of its data chip, or of a disk in `disk`.
 * @param fill writes the changes and checks.
 */
export async function walk(
  medium: Medium,
  { zImage, chip, disk, append = '' }: WalkOptions,
  fill: (stream: WalkStream) => void,
  timeLimitMs = 1_200_000,
): Promise<Walked> {
  const { boot } = await buildImage(board);
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-walk-'));
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const release = cleanBeforeEnd(clean);
  try {
    const [stream, ramdisk] = [join(folder, 'stream'), join(folder, 'ramdisk')];
    const made = new WalkStream(stream, medium);
    fill(made);
    made.end();
    await walkRamdisk(ramdisk);
    const flash = boot.flash.map((image, index) => {
      const file = join(folder, `flash${index}`);
      if (index < boot.flash.length - 1) copyFileSync(image, file);
      else writeFileSync(file, chip ?? emptyData(board));
      return file;
    });
    const machine = await Machine.start(
      board,
      { ...boot, flash, disks: [], ramdisk, ...(zImage !== undefined && { zImage }) },
      {
        append: `${SAME_ADDRESSES} loglevel=1 rdinit=/init ${append}`,
        // Two copies of the medium, and the agent.
        memory: '768M',
        disks: [stream, ...(disk === undefined ? [] : [disk])],
        timeLimitMs,
      },
    );
    await machine.ended;
    if (process.env['MOUNTROOT_WALK'] !== undefined)
      appendFileSync(process.env['MOUNTROOT_WALK'], machine.console);
    return parseWalk(machine.console);
  } finally {
    release();
    clean();
  }
}
