import { commandLineWords } from '../facts/cmdline.js';

/**
 * The words of the kernel command line that are about the root, as
 * init/{main,do_mounts,do_mounts_initrd,do_mounts_rd}.c and drivers/block/brd.c take them.
 */
export interface BootParameters {
  /** root=, cut to the 63 characters that the kernel keeps; null if it is missing or empty. */
  root: string | null;
  /** rootfstype=; null if it is missing. */
  fstypes: string[] | null;
  flags: string | null;
  /** rootdelay= in seconds. */
  delay: number;
  wait: boolean;
  /** rootwait=SECONDS, which kernels understand since 6.7; null if it is missing. */
  waitLimit: number | null;
  writable: boolean;
  /** The last of `ro` and `rw`; null without either. */
  access: 'ro' | 'rw' | null;
  init: string | null;
  rdinit: string | null;
  noinitrd: boolean;
  /** initrd=START,SIZE in bytes; null if it is missing or has another form. */
  initrd: { start: number; size: number } | null;
  /** The text ends with its size, which is cut if the text is. */
  initrdIsLast: boolean;
  /** An initrd= of another form, which the kernel ignores. */
  strangeInitrd: string | null;
  retain: boolean;
  /** ramdisk_size= in KiB. */
  ramdiskSize: number | null;
  /** ramdisk_start= in KiB. */
  ramdiskStart: number;
  /** The arguments of init, after `--`. */
  initArgs: string[];
  /** Words that the kernel only recognises to print a warning. */
  deprecated: string[];
}

function numberOf(digits: string): number {
  if (digits === '') return 0;
  return /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
}

/**
 * Reads a number as the kernel does (lib/cmdline.c: memparse): in base 8, 10 or 16, with an
 * optional letter for a power of 1024. `rest` is the text after it.
 */
export function memparse(text: string): { value: number; rest: string } {
  const [, digits = '', unit = ''] = /^(0x[0-9a-f]+|\d+)?([KMGTPE]?)/i.exec(text) ?? [];
  const value = numberOf(digits);
  const used = digits === '' ? '' : unit;
  const power = used === '' ? 0 : 1 + 'KMGTPE'.indexOf(used.toUpperCase());
  return { value: value * 1024 ** power, rest: text.slice(digits.length + used.length) };
}

const KEPT_OF_ROOT = 63;

/** Each initrd= and initrdmem= in the right form sets both numbers: the last one counts. */
function initrdWords(
  words: readonly { name: string; value: string | null }[],
  commandLine: string,
): Pick<BootParameters, 'initrd' | 'initrdIsLast' | 'strangeInitrd'> {
  const initrds = words.flatMap(({ name, value }) =>
    (name === 'initrd' || name === 'initrdmem') && value !== null
      ? [{ value, start: memparse(value) }]
      : [],
  );
  const placed = initrds.findLast(({ start }) => start.rest.startsWith(','));
  if (placed === undefined)
    return { initrd: null, initrdIsLast: false, strangeInitrd: initrds.at(-1)?.value ?? null };
  return {
    initrd: { start: placed.start.value, size: memparse(placed.start.rest.slice(1)).value },
    initrdIsLast: commandLine.endsWith(placed.value),
    strangeInitrd: null,
  };
}

export function bootParameters(commandLine: string): BootParameters {
  const { words, init } = commandLineWords(commandLine);
  // The kernel treats - and _ in a name as equal (kernel/params.c: parameqn).
  const all = words.map(({ name, value }) => ({ name: name.replaceAll('-', '_'), value }));
  const said = (name: string): string | null =>
    all.findLast((word) => word.name === name)?.value ?? null;
  const flag = (name: string): boolean =>
    all.some((word) => word.name === name && (word.value === null || word.value === ''));
  const number = (name: string): number | null =>
    said(name) === null ? null : memparse(said(name)!).value;
  const access = all.findLast(
    ({ name, value }) => (name === 'ro' || name === 'rw') && (value === null || value === ''),
  )?.name as 'ro' | 'rw' | undefined;
  return {
    root: said('root')?.slice(0, KEPT_OF_ROOT) || null,
    fstypes:
      said('rootfstype')
        ?.split(',')
        .filter((type) => type !== '') ?? null,
    flags: said('rootflags'),
    delay: number('rootdelay') ?? 0,
    wait: flag('rootwait'),
    waitLimit: number('rootwait'),
    writable: access === 'rw',
    access: access ?? null,
    init: said('init'),
    rdinit: said('rdinit'),
    noinitrd: all.some(({ name }) => name === 'noinitrd'),
    ...initrdWords(all, commandLine),
    retain: flag('retain_initrd') || all.some(({ name }) => name === 'keepinitrd'),
    ramdiskSize: number('ramdisk_size') ?? number('ramdisk'),
    ramdiskStart: number('ramdisk_start') ?? 0,
    initArgs: init,
    deprecated: all.flatMap(({ name, value }) =>
      (name === 'load_ramdisk' || name === 'prompt_ramdisk') && value !== null ? [name] : [],
    ),
  };
}
