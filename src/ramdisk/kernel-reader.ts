import { CompressionError, decompress } from './compression.js';
import { methodOf, type Method } from './method.js';
import { CpioMachine, type Sink } from './cpio-machine.js';
import type { ByteSource } from './source.js';

/**
 * A stretch of a ramdisk: an archive by itself, or a compressed stream with one or more archives in
 * it.
 */
export interface Part {
  /** Where in the file it begins, and how many bytes of it it takes. */
  offset: number;
  bytes: number;
  method: Method | 'none';
  /** Bytes of cpio in it. */
  unpacked: number;
  members: number;
}

/** What is wrong with a ramdisk. */
export interface RamdiskProblem {
  /** Where in the file; for a compressed part, as near as can be told. */
  offset: number;
  /** Byte of the unpacked part; null where the compression itself is at fault, or there is none. */
  inside: number | null;
  /** What the kernel prints; null for what it does not notice. */
  kernelSays: string | null;
  means: string;
  cure: string;
}

/** What the kernel's words mean, and what helps. */
const MEANINGS: Record<string, [means: string, cure: string]> = {
  'incorrect cpio method used: use -H newc option': [
    'it is a cpio archive of the old portable kind (070707), which the kernel does not read',
    'pack it with `mountroot ramdisk pack`, or `cpio -H newc`',
  ],
  'no cpio magic': [
    'where a member should begin stands something else',
    'pack it again; if it was put together from several archives, each must end with its trailer',
  ],
  'broken padding': [
    'what follows the zeros behind an archive does not begin at a multiple of 4 bytes',
    'pad each archive with zeros to a multiple of 4 bytes before the next is put behind it',
  ],
  'malformed archive': ['a name does not end with a NUL', 'the archive is damaged: pack it again'],
  'bad data checksum': [
    'the data of a file do not add up to the sum in its header',
    'the archive is damaged: pack it again',
  ],
  'junk within compressed archive': [
    'behind the end of an archive in a compressed part stands something that is no archive',
    'compress archives one by one, or with nothing but zeros between them',
  ],
  'junk at the end of compressed archive': [
    'a compressed part ends in the middle of an archive',
    'it is cut short: copy it again, and check its size',
  ],
  'invalid magic at start of compressed archive': [
    'it is no cpio archive, and no compression that the kernel knows',
    'it may be a file system image (an image-initrd), or not a ramdisk at all',
  ],
  'decompressor failed': [
    'the compressed data are damaged or cut short',
    'copy it again, and check its size',
  ],
};

export interface RamdiskReading {
  /** False for a method that the kernel has not been built with. */
  configured?: (method: Method) => boolean;
  onPart?: (part: Part) => void;
  onProblem?: (problem: RamdiskProblem) => void;
  /** Stops the reading when it says so, between two pieces. */
  enough?: () => boolean;
  /**
   * Waited for between two pieces, for whoever cannot take the sink's words as fast as they come.
   */
  ready?: () => Promise<void>;
}

/** A hostile archive has as many of them as it likes. */
const LEFT_OUT_TOLD = 20;

interface Bare {
  offset: number;
  unpacked: number;
  members: number;
  ended: boolean;
}

/**
 * Reads a ramdisk as the kernel does (init/initramfs.c: unpack_to_rootfs): archives one behind the
 * other with zeros between them, each compressed on its own or not at all. What came before a
 * problem has been given to the sink, as it stays unpacked in the kernel.
 * @returns the kernel's complaint, or null.
 */
export async function readRamdisk(
  source: ByteSource,
  sink: Sink,
  {
    configured = () => true,
    onPart = () => {},
    onProblem = () => {},
    enough = () => false,
    ready = async () => {},
  }: RamdiskReading = {},
): Promise<string | null> {
  let members = 0;
  /** Whether members have come since the last trailer, or anything at all. */
  let [unended, found] = [false, false];
  let left = 0;
  const base = source.offset;
  /** Where the compressed part begins that is being read. */
  let compressed: number | null = null;
  /** The archive that is being read in the open, until its trailer or something else comes. */
  const bare: { open: Bare | null } = { open: null };
  const close = (): void => {
    if (bare.open !== null)
      onPart({
        offset: bare.open.offset,
        bytes: source.offset - bare.open.offset,
        method: 'none',
        unpacked: bare.open.unpacked,
        members: bare.open.members,
      });
    bare.open = null;
  };
  const machine = new CpioMachine({
    member: (...what) => {
      members++;
      unended = true;
      return sink.member(...what);
    },
    data: (bytes) => sink.data(bytes),
    complete: () => sink.complete(),
    trailer: () => {
      if (bare.open !== null) bare.open.ended = true;
      unended = false;
      sink.trailer();
    },
    passedOver: (header, why) => {
      const at =
        compressed === null
          ? { offset: base + machine.began, inside: null }
          : { offset: compressed, inside: machine.began };
      if (++left <= LEFT_OUT_TOLD)
        onProblem({
          ...at,
          kernelSays: null,
          means: `the kernel leaves a member out without a word, for ${why}`,
          cure: 'leave it out, or pack it so that the kernel takes it',
        });
      sink.passedOver(header, why);
    },
  });
  const problem = (offset: number, inside: number | null, detail: string | null): void => {
    const says = machine.message!;
    const [means, cure] =
      MEANINGS[says] ??
      (says.endsWith('not configured')
        ? [
            'this kernel was built without that method',
            'compress it with another one, or build the kernel with CONFIG_RD_ of that name',
          ]
        : ['the compressed data are damaged or cut short', 'copy it again, and check its size']);
    onProblem({
      offset,
      inside,
      kernelSays: says,
      means: detail === null ? means : `${means} (${detail})`,
      cure,
    });
  };

  while (machine.message === null && !enough()) {
    const [first] = await source.peek(1);
    if (first === undefined) break;
    const begin = source.offset;
    found ||= first !== 0;
    if (first === 0x30 && (machine.at & 3) === 0) {
      machine.state = 'start';
      const [before, counted] = [machine.at, members];
      // Behind each member the kernel begins anew, and so does this.
      const open = (bare.open ??= { offset: begin, unpacked: 0, members: 0, ended: false });
      for (let chunk; !enough() && (chunk = await source.chunk()) !== null;) {
        await ready();
        let used = machine.write(chunk);
        for (
          ;
          !open.ended && machine.message === null && chunk[used] === 0x30 && (machine.at & 3) === 0;
          used += machine.write(chunk.subarray(used))
        )
          machine.state = 'start';
        if (used === chunk.length && machine.message === null) continue;
        source.unread(chunk.subarray(used));
        break;
      }
      open.unpacked += machine.at - before;
      open.members += members - counted;
      if (open.ended) close();
      if (machine.message !== null) problem(base + machine.faultAt, null, null);
    } else if (first === 0) {
      // All zeros at once: behind an archive a whole flash partition may be of them.
      const chunk = (await source.chunk())!;
      const zeros = chunk.findIndex((byte) => byte !== 0);
      if (zeros >= 0) source.unread(chunk.subarray(zeros));
      machine.at += zeros < 0 ? chunk.length : zeros;
    } else {
      close();
      const [before, counted] = [machine.at, members];
      [machine.at, compressed] = [0, begin];
      const method = methodOf(await source.peek(2));
      let detail: string | null = null;
      let failedAt: number | null = null;
      let entered = false;
      if (method === null) machine.complain('invalid magic at start of compressed archive');
      else if (!configured(method)) machine.complain(`compression method ${method} not configured`);
      else {
        entered = true;
        const failed = await unpackPart(machine, method, source, onProblem, enough, ready);
        [detail, failedAt] = [failed?.problem ?? null, failed?.offset ?? null];
      }
      if (method !== null)
        onPart({
          offset: begin,
          bytes: source.offset - begin,
          method,
          unpacked: machine.at,
          members: members - counted,
        });
      if (first === 0x30)
        detail =
          'a cpio archive begins here, but not at a multiple of 4 bytes from the beginning, where alone the kernel looks for one: put zeros before it';
      if (machine.message !== null)
        problem(failedAt ?? begin, entered && detail === null ? machine.faultAt : null, detail);
      [machine.at, compressed] = [before + (source.offset - begin), null];
    }
  }
  close();
  const means = machine.inside
    ? 'the archive ends in the middle of a member; the kernel does not notice, and leaves what it has got'
    : unended
      ? 'the archive ends without its trailer; the kernel does not notice, and unpacks what there is'
      : found
        ? null
        : `there is no archive in it, but ${source.offset > base ? 'nothing except zeros' : 'no byte at all'}`;
  if (means !== null && machine.message === null && !enough())
    onProblem({
      offset: source.offset,
      inside: null,
      kernelSays: null,
      means,
      cure: 'it is cut short: copy it again, and check its size',
    });
  return machine.message;
}

async function unpackPart(
  machine: CpioMachine,
  method: Method,
  source: ByteSource,
  onProblem: (problem: RamdiskProblem) => void,
  enough: () => boolean,
  ready: () => Promise<void>,
): Promise<CompressionError | null> {
  let failed: CompressionError | null = null;
  const unnoticed = (text: string): void =>
    onProblem({
      offset: source.offset,
      inside: null,
      kernelSays: null,
      means: text,
      cure: 'the kernel lets it pass; other programs do not: pack it again',
    });
  try {
    for await (const part of decompress(method, source, unnoticed)) {
      await ready();
      for (let rest = part; rest.length > 0 && machine.message === null;) {
        rest = rest.subarray(machine.write(rest));
        if (rest.length === 0 || machine.message !== null) break;
        if (rest[0] === 0x30) machine.state = 'start';
        else if (rest[0] === 0) machine.state = 'reset';
        else machine.complain('junk within compressed archive');
      }
      if (machine.message !== null || enough()) return null;
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    failed = error;
    if (error.kernel !== null) machine.complain(error.kernel);
    else
      onProblem({
        offset: error.offset,
        inside: null,
        kernelSays: null,
        means: error.problem,
        cure: 'it is cut short: copy it again, and check its size',
      });
  }
  if (machine.state !== 'reset') machine.complain('junk at the end of compressed archive');
  return failed;
}
