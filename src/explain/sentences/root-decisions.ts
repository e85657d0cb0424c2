import { decision, NOT_KNOWN } from './decision-row.js';
import { errorWords } from './words.js';

/** The forms in which root= names a device. */
export type RootForm =
  | 'none'
  | 'mtd'
  | 'ubi'
  | 'nfs'
  | 'cifs'
  | 'ram'
  | 'partuuid'
  | 'partlabel'
  | 'device'
  | 'number'
  | 'other';

const FORM_WORDS: Record<RootForm, string> = {
  none: 'none: root= is not given',
  mtd: 'an mtd partition by its name, without a block device',
  ubi: 'a UBI volume',
  nfs: 'a server, by NFS',
  cifs: 'a server, by SMB',
  ram: 'the first ramdisk',
  partuuid: 'the partition with this id',
  partlabel: 'the partition with this label',
  device: 'a block device by its name',
  number: 'a block device by its number',
  other: 'nothing that the kernel knows',
};

/** Forms that name a disk or a partition of one. */
const ON_DISK: readonly RootForm[] = ['device', 'partuuid', 'partlabel'];

type RootDevice =
  | { verdict: 'unknown' }
  /** `number` is `major:minor`. */
  | { verdict: 'missing'; form: RootForm; number: string }
  | { verdict: 'named'; form: RootForm; number: string | null };

/** The result of a mount. `error` is a negative errno. */
export type MountVerdict =
  | { verdict: 'unknown' }
  /** The evidence shows that it was mounted. */
  | { verdict: 'yes'; how: 'seen'; fstype: string; device: string | null; readonly: boolean }
  /** The boot went on, so it must have mounted. */
  | { verdict: 'yes'; how: 'went-on'; fstype: string | null }
  | { verdict: 'yes'; how: 'foretold'; fstype: string | null; readonly: boolean }
  /** `fstype` is the type that failed; null if the kernel does not print it. */
  | { verdict: 'no'; how: 'error'; error: number; fstype: string | null; foretold: boolean }
  | { verdict: 'no'; how: 'cannot-open' | 'not-said' }
  | { verdict: 'no'; how: 'none-fits'; tried: string[]; foretold: boolean };

const access = (readonly: boolean): string => (readonly ? 'read-only' : 'writable');

function mountedWords(mount: Extract<MountVerdict, { verdict: 'yes' }>): string {
  switch (mount.how) {
    case 'seen': {
      const on = mount.device === null ? '' : ` on ${mount.device}`;
      return `yes: ${mount.fstype}${on}, ${access(mount.readonly)}`;
    }
    case 'went-on':
      return `yes${mount.fstype === null ? '' : `, probably as ${mount.fstype}`}`;
    case 'foretold':
      return `yes: ${mount.fstype ?? 'as what it holds'}, ${access(mount.readonly)}`;
  }
}

function failedWords(mount: Extract<MountVerdict, { verdict: 'no' }>): string {
  switch (mount.how) {
    case 'error': {
      const as = mount.fstype === null ? '' : ` as ${mount.fstype}`;
      const last = mount.foretold ? ', which ends the search' : '';
      return `no: ${errorWords(mount.error)}${as}${last}`;
    }
    case 'cannot-open':
      return 'no: it cannot be opened';
    case 'none-fits':
      return `no: none of ${mount.tried.join(', ')} ${mount.foretold ? 'fits' : 'could'}`;
    case 'not-said':
      return 'no';
  }
}

function mountWords(mount: MountVerdict): string {
  if (mount.verdict === 'unknown') return NOT_KNOWN;
  return mount.verdict === 'yes' ? mountedWords(mount) : failedWords(mount);
}

const IMAGE_WORDS = {
  yes: 'yes',
  incomplete: 'not whole',
  no: 'no: the boot goes on as if there were none',
  'never-looked-at': 'no: the kernel never looks at it',
  discarded: 'no: the kernel drops it',
};

const ROOTWAIT_WORDS = {
  came: 'yes, until it came',
  'did-not-come': 'yes, and it still waits where the log ends',
  'timed-out': 'yes, and it did not come in that time',
  invalid: 'no: root= has no form that it could wait for',
  waits: 'yes, for as long as it takes',
  'if-missing': 'only if it is not there yet',
  no: 'no',
};

const OLD_ROOT_WORDS = {
  moved: 'it is moved to /initrd',
  unmounted: 'it is unmounted',
  depends: 'it is moved to /initrd if the root has that directory, else unmounted',
};

const LINUXRC_WAITS = 'the kernel waits for it, and it is not process 1';

/** Decisions about the root that the kernel mounts itself. */
export const ROOT_DECISIONS = {
  rootdelay: decision({
    question: 'does the kernel wait before it mounts the root?',
    answer: ({ seconds }: { verdict: 'yes'; seconds: number }) =>
      `yes, ${seconds} s, whatever happens`,
  }),

  'root-device': decision({
    question: 'which device is the root?',
    answer: (device: RootDevice) => {
      switch (device.verdict) {
        case 'unknown':
          return 'it is not known';
        case 'missing':
          return (
            FORM_WORDS[device.form] +
            (device.number === '0:0' || !ON_DISK.includes(device.form)
              ? `; there is none, so the number is ${device.number}`
              : `, ${device.number}; its disk is there, and it is not`)
          );
        case 'named':
          return FORM_WORDS[device.form] + (device.number === null ? '' : `, ${device.number}`);
      }
    },
  }),

  image: decision({
    question: 'does the image go to /dev/ram0?',
    answer: ({ verdict }: { verdict: keyof typeof IMAGE_WORDS }) => IMAGE_WORDS[verdict],
  }),

  'mount-initrd': decision({
    question: 'does the image mount as the first root?',
    answer: mountWords,
  }),

  linuxrc: decision({
    question: 'does /linuxrc run?',
    answer: (
      linuxrc:
        { verdict: 'yes' | 'if-there' | 'missing' | 'gone' } | { verdict: 'fails'; error: number },
    ) => {
      switch (linuxrc.verdict) {
        case 'yes':
          return `yes: ${LINUXRC_WAITS}`;
        case 'if-there':
          return `yes if the image has one: ${LINUXRC_WAITS}`;
        case 'missing':
          return 'no: the image has none, and the boot goes on to the real root';
        case 'gone':
          return 'no: this kernel runs none, and the image stays unused in /dev/ram0';
        case 'fails':
          return (
            `no: ${errorWords(linuxrc.error)}; ` +
            'the kernel says nothing, and the boot goes on to the real root'
          );
      }
    },
  }),

  rootwait: decision({
    question: 'does the kernel wait for the device?',
    answer: ({ verdict }: { verdict: keyof typeof ROOTWAIT_WORDS }) => ROOTWAIT_WORDS[verdict],
  }),

  mount: decision({ question: 'does the root mount?', answer: mountWords }),

  'old-root': decision({
    question: 'what becomes of the image?',
    answer: ({ verdict }: { verdict: keyof typeof OLD_ROOT_WORDS }) => OLD_ROOT_WORDS[verdict],
  }),

  dev: decision({
    question: 'does the kernel mount /dev?',
    answer: (
      dev: { verdict: 'yes' | 'if-there' | 'not-built' } | { verdict: 'no'; error: number },
    ) => {
      switch (dev.verdict) {
        case 'yes':
          return 'yes, a devtmpfs';
        case 'if-there':
          return 'yes, a devtmpfs, if the root has a directory /dev';
        case 'not-built':
          return 'no: what the root has in /dev is used';
        case 'no':
          return `no: ${errorWords(dev.error)}; the root has no directory /dev`;
      }
    },
  }),
};
