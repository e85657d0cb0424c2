/** The faults of a ramdisk, as data, and a sentence for each. */
import { codedSentence, type Coded } from '../text/coded.js';
import { codecVerdict, ramdiskSentence, type CodecProblem } from './codec-problem.js';
import { MEMBERS_AT_MOST, PATH_MAX } from './cpio.js';
import { CONTAINER_FAULTS } from './container/container-problem.js';
import { foreignText, type Foreign } from './foreign.js';
import type { Member } from './member.js';
import { kernelOption, type Method } from './method.js';
import { listed } from '../text/listed.js';
import { printable } from '../text/printable.js';

const PACK_AGAIN = 'the archive is damaged: pack it again';
const COPY_AGAIN = 'it is cut short: copy it again, and check its size';

/**
 * The reasons why the kernel leaves out a member without a message (init/initramfs.c: do_header).
 */
const LEFT_OUT = {
  'no-name': () => 'it has no name',
  'long-name': ({ bytes }: { bytes: number }) =>
    `its name has ${bytes} bytes, more than ${PATH_MAX}`,
  'long-target': ({ bytes }: { bytes: number }) =>
    `its target has ${bytes} bytes, more than ${PATH_MAX}`,
  'data-of-no-file': ({ bytes }: { bytes: number }) =>
    `it has ${bytes} bytes of data, and is no file`,
};

export type LeftOut = Coded<typeof LEFT_OUT>;

interface Told {
  means: string;
  cure: string;
}

const FAULTS = {
  // Faults at which the kernel stops.
  'old-portable-format': () => ({
    means: 'it is a cpio archive of the old portable kind (070707), which the kernel does not read',
    cure: 'pack it with `mountroot ramdisk pack`, or `cpio -H newc`',
  }),
  'no-magic': () => ({
    means: 'where a member should begin stands something else',
    cure:
      'pack it again; if it was put together from several archives, each must end with its ' +
      'trailer',
  }),
  'broken-padding': () => ({
    means: 'what follows the zeros behind an archive does not begin at a multiple of 4 bytes',
    cure: 'pad each archive with zeros to a multiple of 4 bytes before the next is put behind it',
  }),
  'name-without-end': () => ({
    means: 'a name does not end with a NUL',
    cure: PACK_AGAIN,
  }),
  'wrong-checksum': () => ({
    means: 'the data of a file do not add up to the sum in its header',
    cure: PACK_AGAIN,
  }),
  'junk-within': () => ({
    means: 'behind the end of an archive in a compressed part stands something that is no archive',
    cure: 'compress archives one by one, or with nothing but zeros between them',
  }),
  'junk-at-end': ({ codec }: { codec?: CodecProblem }) => ({
    means: `a compressed part ends in the middle of an archive${because(codec)}`,
    cure: COPY_AGAIN,
  }),
  'unknown-magic': ({ foreign = null }: { foreign?: Foreign | null }) => ({
    means:
      'it is no cpio archive, and no compression that the kernel knows' +
      (foreign === null ? '' : `, but ${foreignText(foreign).means}`),
    cure:
      foreign === null
        ? 'it may be a file system image (an image-initrd), or not a ramdisk at all'
        : foreignText(foreign).cure,
  }),
  'data-behind': ({ foreign = null, at }: { foreign?: Foreign | null; at: number }) => ({
    means:
      'behind the archive stands something that is no cpio archive, and no compression that the ' +
      `kernel knows${foreign === null ? '' : `, but ${foreignText(foreign).means}`}; the kernel ` +
      'unpacks what is before it, and then complains',
    cure: `cut the file off at byte ${at}, or put only zeros behind the archive`,
  }),
  unaligned: () => ({
    means:
      'a cpio archive begins here, but not at a multiple of 4 bytes from the beginning, where ' +
      'alone the kernel looks for one: put zeros before it',
    cure: 'pad what is before it with zeros to a multiple of 4 bytes',
  }),
  'not-configured': ({ method }: { method: Method }) => ({
    means: 'this kernel was built without that method',
    cure: `compress it with another one, or build the kernel with CONFIG_${kernelOption(method)}=y`,
  }),
  'stream-refused': ({ codec }: { codec: CodecProblem }) => REFUSED[codecVerdict(codec)](codec),

  // Faults that it does not notice.
  'member-left-out': ({ why }: { why: LeftOut }) => ({
    means: `the kernel leaves a member out without a word, for ${codedSentence(LEFT_OUT, why)}`,
    cure: 'leave it out, or pack it so that the kernel takes it',
  }),
  'directory-missing': (of: { directory: string; member: string; more: number }) => ({
    means:
      `the directory ${named(of.directory)} is not in the archive before ${named(of.member)}` +
      (of.more === 0
        ? ', so the kernel does not make it and says nothing'
        : ` and ${of.more} more, so the kernel makes none of them and says nothing`),
    cure: 'put each directory before what is in it, as `mountroot ramdisk pack` does',
  }),
  'member-of-no-kind': ({ name }: { name: string }) => ({
    means: `${named(name)} is of no kind that there is, and the kernel makes nothing of it`,
    cure: PACK_AGAIN,
  }),
  'directory-in-the-way': ({ name, kind }: { name: string; kind: Member['kind'] }) => ({
    means:
      `${named(name)} is a ${kind}, and before it came a directory of that name that is not ` +
      'empty, so the kernel does not make it and says nothing',
    cure: 'leave one of the two out',
  }),
  'symlink-replaced': ({ name, target }: { name: string; target: string }) => ({
    means:
      `the directory ${named(name)} takes the place of an earlier symlink to ${named(target)}, ` +
      'so what is there is not reached by that name any more',
    cure: 'leave the directory out of the later archive, or put what is in it below the target',
  }),
  'members-merged': (of: Merged) => ({
    means:
      `${listed([...of.names.map(named), ...andMore(of.more)])} have one inode number ` +
      `(${of.inode} on device ${of.device}) and a link count of ${of.links}, but are not one ` +
      'file: the kernel makes one of them, ' +
      (of.dataOf === null ? 'the first' : `with the data of ${named(of.dataOf)}`),
    cure: 'give each file an inode number of its own, as `mountroot ramdisk pack` does',
  }),
  'linked-to-itself': ({ name }: { name: string }) => ({
    means:
      `${named(name)} comes twice with one inode number and a link count above 1, so the kernel ` +
      'links it to itself: older kernels keep the first, newer ones remove it',
    cure: 'leave one of the two out',
  }),
  'links-divided': ({ empty, full }: { empty: string; full: string }) => ({
    means:
      `${named(empty)} is a hard link to ${named(full)}, and a trailer stands between them, at ` +
      `which the kernel forgets links: ${named(empty)} becomes an empty file`,
    cure: 'put all names of a file into one archive',
  }),
  'stream-passed': ({ codec }: { codec: CodecProblem }) => ({
    means: ramdiskSentence(codec),
    cure: 'the kernel lets it pass; other programs do not: pack it again',
  }),
  'stream-cut': ({ codec }: { codec: CodecProblem }) => ({
    means: ramdiskSentence(codec),
    cure: COPY_AGAIN,
  }),
  'ends-in-member': () => ({
    means:
      'the archive ends in the middle of a member; the kernel does not notice, and leaves what ' +
      'it has got',
    cure: COPY_AGAIN,
  }),
  'ends-without-trailer': () => ({
    means:
      'the archive ends without its trailer; the kernel does not notice, and unpacks what there is',
    cure: COPY_AGAIN,
  }),
  'nothing-but-zeros': () => ({
    means: 'there is no archive in it, but nothing except zeros',
    cure: COPY_AGAIN,
  }),
  empty: () => ({ means: 'there is no archive in it, but no byte at all', cure: COPY_AGAIN }),
  'too-many-members': () => ({
    means:
      `it has more than ${MEMBERS_AT_MOST} members, as no ramdisk has that is not made to fill ` +
      'memory',
    cure: 'the rest of it is not listed',
  }),

  // Faults at which the boot loader stops.
  ...CONTAINER_FAULTS,
  'uimage-cut': ({ said, got }: { said: number; got: number }) => ({
    means:
      `U-Boot's header says that ${said} bytes follow it, and ${got} do, so U-Boot would say ` +
      '"Bad Data CRC"',
    cure: COPY_AGAIN,
  }),
  'uimage-checksum': () => ({
    means:
      "the data behind U-Boot's header have another checksum than it says, so U-Boot would say " +
      '"Bad Data CRC"',
    cure: 'the file is damaged: copy it again, or pack it again',
  }),
};

interface Merged {
  names: readonly string[];
  /** How many further names there are. */
  more: number;
  inode: number;
  device: string;
  links: number;
  /** The name of the last member with data; null for device nodes. */
  dataOf: string | null;
}

const andMore = (count: number): string[] => (count > 0 ? [`${count} more`] : []);

const NAME_SHOWN = 80;

/** A name with one character for each byte, for a person. */
function named(name: string): string {
  const shown = printable(Buffer.from(name.slice(0, NAME_SHOWN), 'latin1'));
  return name.length > NAME_SHOWN ? `${shown}…` : shown;
}

const because = (codec: CodecProblem | undefined): string =>
  codec === undefined ? '' : ` (${ramdiskSentence(codec)})`;

/** A stream that the kernel's decompressor refuses, by what is known of it. */
const REFUSED: Record<ReturnType<typeof codecVerdict>, (codec: CodecProblem) => Told> = {
  damaged: (codec) => ({
    means: `the compressed data are damaged or cut short${because(codec)}`,
    cure: 'copy it again, and check its size',
  }),
  unsupported: (codec) => ({
    means: `the kernel cannot read such a stream, even if it is whole${because(codec)}`,
    cure: 'or pack it with `mountroot ramdisk pack`',
  }),
  unclear: (codec) => ({
    means:
      'the compressed data are damaged, or of a form that the kernel cannot read' + because(codec),
    cure: 'test it with its own program, and compress it as `mountroot ramdisk pack` does',
  }),
};

export type RamdiskFault = Coded<typeof FAULTS>;

/** The kernel's messages (init/initramfs.c). It prints none for other faults. */
const KERNEL_SAYS: Partial<Record<RamdiskFault['code'], string>> = {
  'old-portable-format': 'incorrect cpio method used: use -H newc option',
  'no-magic': 'no cpio magic',
  'broken-padding': 'broken padding',
  'name-without-end': 'malformed archive',
  'wrong-checksum': 'bad data checksum',
  'junk-within': 'junk within compressed archive',
  'junk-at-end': 'junk at the end of compressed archive',
  'unknown-magic': 'invalid magic at start of compressed archive',
  'data-behind': 'invalid magic at start of compressed archive',
  unaligned: 'invalid magic at start of compressed archive',
};

/** The kernel's message for a fault at which it stops. */
export const kernelMessage = (fault: RamdiskFault): string | null =>
  fault.code === 'not-configured'
    ? `compression method ${fault.method} not configured`
    : (KERNEL_SAYS[fault.code] ?? null);

/** One fault of a ramdisk. */
export interface RamdiskProblem {
  /** The offset in the file, approximate for a compressed part. */
  offset: number;
  /**
   * The offset in the unpacked part; null for a fault of the compression, and without compression.
   */
  inside: number | null;
  /** The kernel's message; null for a fault that it does not notice. */
  kernelSays: string | null;
  fault: RamdiskFault;
}

/** The meaning of a fault, and its cure. */
const told = (fault: RamdiskFault): Told => codedSentence(FAULTS, fault);

/** The same in words. */
export function faultText(fault: RamdiskFault): string {
  const { means, cure } = told(fault);
  return `${means}; ${cure}`;
}

/** Whether the data may be whole, and are known to be of a kind that the kernel does not read. */
export function isOfOtherKind(fault: RamdiskFault): boolean {
  if (fault.code === 'stream-refused') return codecVerdict(fault.codec) === 'unsupported';
  return fault.code === 'unknown-magic' && (fault.foreign ?? null) !== null;
}

/** A problem as `ramdisk list --json` gives it. */
export const problemData = ({
  offset,
  inside,
  kernelSays,
  fault,
}: RamdiskProblem): Omit<RamdiskProblem, 'fault'> & Told => ({
  offset,
  inside,
  kernelSays,
  ...told(fault),
});

/** The same in words, without its place. */
export const problemText = ({ kernelSays, fault }: RamdiskProblem): string =>
  (kernelSays === null ? '' : `the kernel says "${kernelSays}": `) + faultText(fault);
