import type { Panic } from '../messages/panic.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { CodedCause } from '../sentences/causes.js';
import { FILE_SYSTEMS, isFlashOnly } from '../../volumes/file-systems.js';
import type { FailedBoot } from './failed-boot.js';
import { brokenInitrdCause } from './broken-initrd.js';
import { INIT_ENDED_RULES, NO_INIT_RULES, STOPS_RULES } from './init-cause-rules.js';

type CauseRule = DecisionRule<FailedBoot, CodedCause>;

const ENOENT = -2;
const EIO = -5;
const ENXIO = -6;
const ENODEV = -19;
const EINVAL = -22;
/** The number of a device that the kernel did not find. */
const NO_NUMBER = '0:0';

/** The root's name; if none is shown, its number. */
const root = ({ words, number, rootKnown }: FailedBoot): string =>
  words.root ?? (rootKnown ? '' : (number ?? ''));
/** The kernel has no root=, which something shows. */
const hasNoRoot = ({ words, rootKnown }: FailedBoot): boolean => rootKnown && words.root === null;
const hasRootwait = ({ words }: FailedBoot): boolean => words.wait || words.waitLimit !== null;
/** A name that the kernel looked up has a number if its disk is there. */
const isDiskThere = (boot: FailedBoot): boolean =>
  boot.number !== null && boot.number !== NO_NUMBER && /^(?:\/dev\/|PART)/.test(root(boot));
/** Neither an error nor the types that were tried are shown. */
const isUnsaid = ({ tried, error }: FailedBoot): boolean => !tried && error === null;
const isFlashName = (boot: FailedBoot): boolean => /^(?:mtd|ubi)/.test(root(boot));
/** The device is not there. Before 3.9 the kernel prints no error. */
const isMissing = ({ error, failedMount, number }: FailedBoot): boolean =>
  error === ENXIO || (error === null && (failedMount === null || number === NO_NUMBER));
/** Errors of a mount that no other rule explains: EPERM to EUCLEAN and the rest of errno. */
const EXPLAINED = [ENOENT, EIO, ENXIO, ENODEV, EINVAL];
const isOtherError = (error: number | null): boolean =>
  error !== null && error < 0 && !EXPLAINED.includes(error);
/** The first tried type among those that accept an mtd name only in some kernels. */
const onMtdType = ({ types }: FailedBoot): string | undefined =>
  types?.find((type) => FILE_SYSTEMS[type]?.mtdOption !== undefined);

const DRIVER_RULE: CauseRule = {
  when: ({ driver }) => driver !== null,
  then: (boot) => ({ code: 'driver-not-built-in', root: root(boot), option: boot.driver! }),
};

/** The reasons why no root was mounted: first those about an initrd, then those about root=. */
export const NO_ROOT_RULES: readonly CauseRule[] = [
  DRIVER_RULE,
  {
    when: ({ failedMount }) => failedMount?.id === 'mount-initrd',
    then: ({ words }) => ({ code: 'initrd-image-type', fstypes: words.fstypes }),
  },
  {
    // Whatever root= says: the kernel would not have mounted a root itself.
    when: ({ brokenInitrd }) => brokenInitrd !== null,
    then: ({ brokenInitrd, words: { root: said } }) =>
      brokenInitrdCause(brokenInitrd!.reason, { root: said }),
  },
  {
    when: ({ complaint }) => complaint !== null,
    then: ({ complaint }) => complaint!.value.cause,
  },
  {
    when: ({ rootKnown, number }) => !rootKnown && (number === null || number === NO_NUMBER),
    then: () => ({ code: 'root-not-shown' }),
  },
  {
    when: (boot) => hasNoRoot(boot) && boot.linuxrc,
    then: () => ({ code: 'image-without-root-word' }),
  },
  {
    when: (boot) => hasNoRoot(boot) && boot.linuxrcGone,
    then: () => ({ code: 'image-without-linuxrc' }),
  },
  {
    when: (boot) => hasNoRoot(boot) && boot.isCpio,
    then: ({ words }) => ({ code: 'initrd-without-init', program: words.rdinit ?? '/init' }),
  },
  {
    when: hasNoRoot,
    then: ({ earlyKnown }) => ({ code: 'no-root-word', earlyKnown }),
  },
  {
    when: (boot) => /^(?:UUID|LABEL)=/.test(root(boot)),
    then: (boot) => ({ code: 'root-by-file-system-id', word: root(boot).split('=')[0]! }),
  },
  {
    when: ({ rootInvalid }) => rootInvalid,
    then: (boot) => ({ code: 'root-invalid', root: root(boot) }),
  },
  {
    when: (boot) =>
      root(boot).startsWith('mtd') &&
      boot.error === ENOENT &&
      onMtdType(boot) !== undefined &&
      !boot.types!.includes('jffs2'),
    then: (boot) => {
      const fstype = onMtdType(boot)!;
      return {
        code: 'mtd-name-not-built',
        root: root(boot),
        fstype,
        option: FILE_SYSTEMS[fstype]!.mtdOption!,
      };
    },
  },
  {
    when: (boot) =>
      isFlashName(boot) &&
      boot.error === ENOENT &&
      boot.types?.every((type) => !isFlashOnly(type)) === true,
    then: (boot) => ({ code: 'flash-name-wants-type', root: root(boot) }),
  },
  {
    when: (boot) => root(boot).startsWith('ubi'),
    then: (boot) => ({ code: 'no-ubi-volume', root: root(boot) }),
  },
  {
    when: (boot) => root(boot).startsWith('mtd'),
    then: (boot) => ({ code: 'no-mtd-partition', root: root(boot) }),
  },
  {
    when: (boot) => root(boot) === '/dev/nfs' || root(boot) === '/dev/cifs',
    then: () => ({ code: 'no-server' }),
  },
  {
    when: ({ error }) => error === ENODEV,
    then: ({ failedMount, types }) => ({
      code: 'type-missing',
      fstype: failedMount?.fstype ?? null,
      types,
    }),
  },
  {
    when: ({ error, types }) => error === EIO && types?.includes('jffs2') === true,
    then: () => ({ code: 'jffs2-finds-nothing' }),
  },
  { when: ({ error }) => error === EIO, then: () => ({ code: 'device-unreadable' }) },
  {
    when: ({ error }) => isOtherError(error),
    then: (boot) => ({ code: 'mount-error', root: root(boot), error: boot.error! }),
  },
  {
    when: (boot) => isDiskThere(boot) && boot.error === ENXIO && !boot.listed,
    then: (boot) => ({ code: 'no-partition', root: root(boot) }),
  },
  {
    when: (boot) => boot.listed && boot.number === NO_NUMBER,
    then: (boot) => ({
      code: 'device-late',
      root: root(boot),
      rootwait: boot.spoken ? hasRootwait(boot) : null,
    }),
  },
  {
    when: (boot) => boot.error === ENXIO && boot.listed,
    then: (boot) => ({ code: 'device-not-opened', root: root(boot), error: ENXIO }),
  },
  {
    // The driver looked into it, so the device is there.
    when: (boot) => isUnsaid(boot) && boot.hint?.value.weight === 'other-content',
    then: ({ hint }) => hint!.value.cause,
  },
  {
    when: (boot) => isMissing(boot) && boot.hint?.value.weight === 'hint',
    then: ({ hint }) => hint!.value.cause,
  },
  {
    when: isMissing,
    then: (boot) => ({
      code: 'no-device',
      root: root(boot),
      rootwait: boot.spoken ? hasRootwait(boot) : null,
    }),
  },
  {
    when: (boot) => boot.cannotOpen && boot.error !== EINVAL && isDiskThere(boot),
    then: (boot) => ({ code: 'device-not-opened', root: root(boot), error: boot.error }),
  },
  {
    when: (boot) => (boot.cannotOpen && boot.error !== EINVAL) || isUnsaid(boot),
    then: (boot) => ({ code: 'root-not-mounted', root: root(boot), error: boot.error }),
  },
  {
    when: ({ words }) => words.fstypes !== null,
    then: (boot) => ({ code: 'wrong-type', root: root(boot), fstypes: boot.words.fstypes! }),
  },
  { when: otherwise, then: (boot) => ({ code: 'no-type-fits', root: root(boot) }) },
];

/** The reasons why the kernel waits for its root for ever. */
export const WAITS_RULES: readonly CauseRule[] = [
  DRIVER_RULE,
  {
    when: ({ partitionMissing }) => partitionMissing,
    then: (boot) => ({ code: 'no-partition', root: root(boot) }),
  },
  {
    when: ({ complaint }) => complaint !== null,
    then: ({ complaint }) => complaint!.value.cause,
  },
  {
    when: ({ hint }) => hint?.value.weight === 'hint',
    then: ({ hint }) => hint!.value.cause,
  },
  {
    when: ({ waits }) => waits === '',
    then: ({ earlyKnown }) => ({ code: 'no-root-word', earlyKnown }),
  },
  {
    when: otherwise,
    then: (boot) => ({ code: 'device-does-not-come', forWhat: boot.waits ?? '' }),
  },
];

/** How a boot can fail: the kernel panics, waits for ever, or process 1 does not go on. */
export type FailureKind = Panic['kind'] | 'waits' | 'stops';

/** The rules for each kind of failure. */
const CAUSE_RULES: Record<FailureKind, readonly CauseRule[]> = {
  'no-root': NO_ROOT_RULES,
  'no-init': NO_INIT_RULES,
  'init-ended': INIT_ENDED_RULES,
  'no-decompressor': [{ when: otherwise, then: () => ({ code: 'no-decompressor' }) }],
  'built-in-broken': [{ when: otherwise, then: () => ({ code: 'built-in-broken' }) }],
  'no-memory': [
    {
      when: ({ ran }) => ran !== null,
      then: ({ ran }) => ({ code: 'init-out-of-memory', program: ran! }),
    },
    { when: otherwise, then: () => ({ code: 'no-memory' }) },
  ],
  cut: [{ when: otherwise, then: () => ({ code: 'panic-not-shown' }) }],
  other: [{ when: otherwise, then: () => ({ code: 'other-panic' }) }],
  waits: WAITS_RULES,
  stops: STOPS_RULES,
};

/** The probable cause of a failed boot. */
export const causeOf = (kind: FailureKind, boot: FailedBoot): CodedCause =>
  decideBy(CAUSE_RULES[kind], boot);
