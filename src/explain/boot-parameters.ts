import { commandLineWords } from '../facts/cmdline.js';

/**
 * What the kernel command line says about the root, as
 * init/{main,do_mounts,do_mounts_initrd,do_mounts_rd}.c and drivers/block/brd.c take it.
 */
export interface BootParameters {
  /** root=, of which the kernel keeps 63 characters; null where it is missing or empty. */
  root: string | null;
  /** rootfstype=; null where nothing is said. */
  fstypes: string[] | null;
  flags: string | null;
  /** rootdelay= in seconds. */
  delay: number;
  wait: boolean;
  writable: boolean;
  /** Whether `ro` or `rw` was said at all. */
  access: 'ro' | 'rw' | null;
  init: string | null;
  rdinit: string | null;
  noinitrd: boolean;
  /** initrd=START,SIZE; null where it is not said, or not in that form. */
  initrd: { start: number; size: number } | null;
  /** An initrd= of another form, which the kernel passes over. */
  strangeInitrd: string | null;
  retain: boolean;
  /** ramdisk_size= in KiB. */
  ramdiskSize: number | null;
  /** ramdisk_start= in KiB. */
  ramdiskStart: number;
  /** What init is called with, behind `--`. */
  initArgs: string[];
  /** Words that this kernel only knows to complain of. */
  deprecated: string[];
}

/**
 * As lib/cmdline.c: memparse, a number of base 8, 10 or 16 and a letter for a power of 1024; what
 * follows is `rest`.
 */
export function memparse(text: string): { value: number; rest: string } {
  const [, digits = '', unit = ''] = /^(0x[0-9a-f]+|\d+)?([KMGTPE]?)/i.exec(text) ?? [];
  const octal = /^0[0-7]+$/.test(digits);
  const value = digits === '' ? 0 : octal ? parseInt(digits, 8) : Number(digits);
  const used = digits === '' ? '' : unit;
  const power = used === '' ? 0 : 1 + 'KMGTPE'.indexOf(used.toUpperCase());
  return { value: value * 1024 ** power, rest: text.slice(digits.length + used.length) };
}

const KEPT_OF_ROOT = 63;

export function bootParameters(commandLine: string): BootParameters {
  const { words, init } = commandLineWords(commandLine);
  // The kernel takes - and _ for the same in a name (kernel/params.c: parameqn).
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
  // Each of the two that has the right form sets both numbers: the last one counts.
  const initrds = all.flatMap(({ name, value }) =>
    (name === 'initrd' || name === 'initrdmem') && value !== null
      ? [{ value, start: memparse(value) }]
      : [],
  );
  const placed = initrds.findLast(({ start }) => start.rest.startsWith(','));
  return {
    root: said('root')?.slice(0, KEPT_OF_ROOT) || null,
    fstypes:
      said('rootfstype')
        ?.split(',')
        .filter((type) => type !== '') ?? null,
    flags: said('rootflags'),
    delay: number('rootdelay') ?? 0,
    wait: flag('rootwait'),
    writable: access === 'rw',
    access: access ?? null,
    init: said('init'),
    rdinit: said('rdinit'),
    noinitrd: all.some(({ name }) => name === 'noinitrd'),
    initrd:
      placed === undefined
        ? null
        : { start: placed.start.value, size: memparse(placed.start.rest.slice(1)).value },
    strangeInitrd: placed === undefined ? (initrds.at(-1)?.value ?? null) : null,
    retain: flag('retain_initrd') || all.some(({ name }) => name === 'keepinitrd'),
    ramdiskSize: number('ramdisk_size') ?? number('ramdisk'),
    ramdiskStart: number('ramdisk_start') ?? 0,
    initArgs: init,
    deprecated: all.flatMap(({ name, value }) =>
      (name === 'load_ramdisk' || name === 'prompt_ramdisk') && value !== null ? [name] : [],
    ),
  };
}
