import { FIRST_RAMDISK } from '../../facts/places.js';
import { isSince } from '../../text/kernel-release.js';
import { WITHOUT_LINUXRC } from '../kernel-inputs.js';
import type { KernelMessage } from '../messages/message-row.js';
import { because, unlessSure, type Because } from '../sentences/grounds.js';
import type { RootForm } from '../sentences/root-decisions.js';
import { said, type DecisionLog } from './decision-log.js';
import { rootName, type RootName } from './root-name.js';

/** Forms of root= whose verdict is certain even if the devices are unknown. */
const SURE_FORMS: readonly RootForm[] = ['none', 'mtd', 'ubi', 'other'];
/** Forms that the kernel looks up among its block devices. */
const LOOKED_UP: readonly RootForm[] = ['device', 'partuuid', 'partlabel', 'ram'];
const ENXIO = -6;

/** The number of an mtd block device. */
const MTD_BLOCK = 31;

/**
 * Whether the kernel found the device, by its own message. A name that it looked up has a number
 * only if its disk is there, and none if it is not; a number in root= proves nothing. After ENXIO
 * the disk may be there, but nothing behind the number.
 */
function wasFound(t: DecisionLog, name: RootName, number: string): boolean | null {
  const isListed = t.seen.devices.some(({ value }) => value.number === number);
  if (t.seen.cannotOpen?.value.error === ENXIO) return isListed;
  if (!LOOKED_UP.includes(name.form)) return name.exists;
  return number !== '0:0';
}

/** Whether the first mount in the log is that of an image that is not the root itself. */
function imageIsFirst({ seen, given }: DecisionLog, { form }: RootName): boolean {
  const { linuxrc, image, imageFailed, mounted } = seen;
  if (linuxrc !== undefined) return true;
  if (isSince(given.release, WITHOUT_LINUXRC)) return false;
  const loaded = image !== undefined && imageFailed === undefined && form !== 'ram';
  return loaded && (mounted[0]?.value.device ?? FIRST_RAMDISK) === FIRST_RAMDISK;
}

/** The kernel found a device of this number, also without a name. */
const numbered = ({ form }: RootName, number: string) =>
  ({ form: form === 'none' ? 'number' : form, number, exists: true }) as const;

/**
 * The kernel's own messages show the number of the name, and whether the kernel found the device.
 */
function witnessed(t: DecisionLog, name: RootName): RootName {
  const { waiting, mounted, mtdRoot } = t.seen;
  const mount = mounted[imageIsFirst(t, name) ? 1 : 0]?.value;
  if (mount?.device) return { ...name, ...numbered(name, mount.device) };
  if (mount !== undefined) return { ...name, exists: true };
  const { number } = t.root;
  if (number !== null) return { ...name, number, exists: wasFound(t, name, number) };
  if (waiting) return { ...name, number: '0:0', exists: false };
  if (mtdRoot && name.form === 'none')
    return { ...name, form: 'number', number: `${MTD_BLOCK}:${mtdRoot.value.index}`, exists: true };
  return remembered(t, name);
}

/** Drivers by the names of their devices. Each of these names has one driver. */
const DRIVERS: readonly (readonly [name: RegExp, option: string])[] = [
  [/^\/dev\/vd[a-z]/, 'VIRTIO_BLK'],
  [/^\/dev\/mmcblk\d/, 'MMC_BLOCK'],
  [/^\/dev\/sd[a-z]/, 'BLK_DEV_SD'],
  [/^\/dev\/nvme\d/, 'NVME_CORE'],
];

/**
 * Nobody loads a module before the kernel mounts a root itself. An option that is absent counts
 * only in a whole configuration, which has CONFIG_BLOCK.
 */
function lackingDriver({ given: { config } }: DecisionLog, name: RootName): string | null {
  const option = DRIVERS.find(([device]) => device.test(name.said))?.[1];
  if (option === undefined || config === null) return null;
  const isLacking = config[option] === undefined && config['BLOCK'] === 'y';
  return config[option] === 'm' || isLacking ? option : null;
}

/** What the kernel would find, if nothing shows what it found. */
function foretold(t: DecisionLog, name: RootName): RootName {
  const lacks = t.given.onlySeen === true ? null : lackingDriver(t, name);
  return lacks === null ? name : { ...name, number: '0:0', exists: false, device: null, lacks };
}

/** The mounts of a running machine show the device; one that its facts lack is not known. */
function remembered(t: DecisionLog, name: RootName): RootName {
  const { kernelRoot, running } = t.given;
  if (kernelRoot !== null && kernelRoot !== 'rootfs' && !kernelRoot.device.startsWith('0:')) {
    return { ...name, ...numbered(name, kernelRoot.device) };
  }
  const isMissing = name.exists === false || name.form === 'none';
  if (running !== true) return foretold(t, name);
  return isMissing ? { ...name, number: null, exists: null } : name;
}

/** The message of the kernel that shows the device; undefined if only the command line names it. */
const shownBy = ({ seen, root }: DecisionLog): KernelMessage<unknown> | undefined =>
  root.line ?? seen.mtdRoot;

function whichRoot(t: DecisionLog, name: RootName): Because {
  const { words, root, given } = t;
  const line = shownBy(t);
  // A command line that says the same is the better reason: it is the one to change.
  const spoken = given.spoken && root.value !== null && given.commandLine.includes(root.value);
  if (line !== undefined && !spoken && !(given.spoken && words.root === null && root.line !== null))
    return said(line);
  if (words.root !== null) return because('root-word', { root: words.root });
  if (name.form === 'number' && name.said === '') {
    const [mounted] = t.seen.mounted;
    if (mounted !== undefined) return said(mounted);
    if (given.kernelRoot !== null) return because('kernel-mounted-root');
  }
  return name.said === ''
    ? because('no-root-word')
    : because('root-of-tags', { number: name.said });
}

/** A root of which only the number is shown, or nothing at all. */
function unnamedRoot(t: DecisionLog): RootName {
  const { panic, mounted } = t.seen;
  const shown = mounted[0]?.value.device ?? t.root.number;
  const line = mounted[0] ?? (panic?.value.kind === 'no-root' ? panic : undefined);
  const none = { form: 'other', said: '', device: null } as const;
  if (shown === null || shown === '0:0' || line === undefined) {
    t.decide('root-device', { verdict: 'unknown' }, because('command-line-unknown'));
    return { ...none, number: shown, exists: mounted.length > 0 ? true : null };
  }
  t.decide('root-device', { verdict: 'named', form: 'number', number: shown }, said(line));
  const device = t.given.devices?.find(({ number }) => number === shown) ?? null;
  return {
    ...none,
    form: 'number',
    number: shown,
    exists: mounted.length > 0 ? true : null,
    device,
  };
}

/** Decides which device is the root. */
export function namesRoot(t: DecisionLog): RootName {
  if (!t.root.known && t.seen.mtdRoot === undefined) return unnamedRoot(t);
  const name = witnessed(t, rootName(t.words.root, t.given));
  const { form, exists } = name;
  const onlySeen = t.given.onlySeen === true;
  // A number that is only usual for this name is no evidence.
  const usual = onlySeen && exists === null;
  const number = usual || name.number === '0:0' ? null : name.number;
  t.decide(
    'root-device',
    exists === false && form !== 'none'
      ? { verdict: 'missing', form, number: name.number ?? '0:0' }
      : { verdict: 'named', form, number },
    name.lacks === undefined
      ? unlessSure(onlySeen || exists !== null || SURE_FORMS.includes(form), whichRoot(t, name))
      : because('driver-not-built-in', { option: name.lacks }),
  );
  return name;
}
