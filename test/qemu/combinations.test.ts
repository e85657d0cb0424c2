/**
 * Boots the board with many combinations of root=, rootfstype=, rdinit=, init=, rootwait and
 * ramdisks, sound and damaged. What happened is read from the console by a few patterns here, and
 * not by explain. Its prediction from the command line must agree with that, and so must its
 * explanation of the console, through every form in which a log reaches it.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { explain, type Explanation, type KernelEnd } from '../../src/explain/explanation.js';
import { parseConsole } from '../../src/facts/console-log.js';
import { PREFIX_FORMS } from '../fixtures/console/corpus/prefix-forms.js';
import { NOTHING } from '../fixtures/explained.js';
import { PROBE } from '../harness/ramdisks.js';
import { foretold, waysToRoot } from '../harness/ways.js';

const { bench, work } = await waysToRoot(t);

const ROOT = 'root=/dev/mtdblock2 rootfstype=squashfs';
/** A program that ends at once, so that the kernel panics when it ran. */
const ENDS = 'init=/usr/bin/true';

const image = (name: string, files: Record<string, string | null>, ...more: string[]): string =>
  work.pack(name, work.tree(`tree-${name}`, files), ...more);
const cut = (name: string, file: string, part: number): string => {
  const bytes = readFileSync(file);
  return work.file(name, bytes.subarray(0, Math.floor(bytes.length * part)));
};

const ROOTS = { dev: null, proc: null };
const cpio = image('cpio', { init: PROBE, 'sbin/first': PROBE });
const noInit = image('no-init', { 'etc/mine': 'x' });
const noProgram = image('no-program', { init: 'no program' });
const ext2 = image('ext2', { ...ROOTS, 'sbin/init': PROBE }, '--format', 'ext2');
const linuxrc = image('linuxrc', { ...ROOTS, linuxrc: PROBE }, '--format', 'ext2');
const RAMDISKS = {
  cpio,
  'no init': noInit,
  'init that is no program': noProgram,
  'cut cpio': cut('cut-cpio', cpio, 0.6),
  junk: work.file('junk', Buffer.from('this is no ramdisk\n'.repeat(300))),
  ext2,
  'ext2 with linuxrc': linuxrc,
  'cut ext2': cut('cut-ext2', ext2, 0.6),
};

const COMBINATIONS: readonly [words: string, ramdisk?: keyof typeof RAMDISKS][] = [
  [`${ROOT} ${ENDS}`],
  [`root=/dev/mtdblock2 ${ENDS}`],
  [`root=/dev/mtdblock2 rootfstype=ext4,squashfs ${ENDS}`],
  [`${ROOT} rw ${ENDS}`],
  [`${ROOT} rootwait ${ENDS}`],
  [`${ROOT} rootdelay=1 ${ENDS}`],
  [`${ROOT} rootflags=nosuch ${ENDS}`],
  [`${ROOT} init=/nosuch`],
  [`${ROOT} init=/etc`],
  [`${ROOT} init=/etc/os-release`],
  [`${ROOT} rdinit=/nosuch ${ENDS}`],
  ['root=/dev/mtdblock2 rootfstype=jffs2'],
  ['root=/dev/mtdblock2 rootfstype=nosuch'],
  [`root=1f02 rootfstype=squashfs ${ENDS}`],
  [`root=31:2 rootfstype=squashfs ${ENDS}`],
  [`root=mtd:rootfs rootfstype=squashfs ${ENDS}`],
  ['root=mtd:nosuch rootfstype=squashfs'],
  ['root=/dev/mtdblock9'],
  ['root=/dev/mtdblock9 rootwait'],
  ['root=/dev/nosuch'],
  ['root=31:9'],
  ['root=PARTUUID=12345678-01'],
  ['root=PARTUUID=12345678-01 rootwait'],
  ['root=PARTUUID=no/such rootwait'],
  ['root=LABEL=data'],
  ['root=/dev/nfs'],
  ['root=/dev/ram0'],
  [''],
  ['rootwait'],
  ['', 'cpio'],
  [`${ROOT} ${ENDS}`, 'cpio'],
  ['rdinit=/sbin/first', 'cpio'],
  [`${ROOT} rdinit=/nosuch ${ENDS}`, 'cpio'],
  [`${ROOT} noinitrd ${ENDS}`, 'cpio'],
  ['', 'no init'],
  [`${ROOT} ${ENDS}`, 'no init'],
  ['root=/dev/mtdblock9', 'no init'],
  ['', 'init that is no program'],
  ['', 'cut cpio'],
  [`${ROOT} ${ENDS}`, 'cut cpio'],
  ['', 'junk'],
  [`${ROOT} ${ENDS}`, 'junk'],
  ['root=/dev/ram0', 'ext2'],
  ['root=/dev/ram0 rootfstype=squashfs', 'ext2'],
  ['root=/dev/ram0 init=/nosuch', 'ext2'],
  ['root=/dev/ram0 noinitrd', 'ext2'],
  ['root=/dev/ram0 ramdisk_size=16', 'ext2'],
  ['root=/dev/ram0', 'cut ext2'],
  [`${ROOT} ${ENDS}`, 'ext2'],
  [`${ROOT} ${ENDS}`, 'ext2 with linuxrc'],
];

/** What a console shows to a reader who knows four kinds of lines. */
interface Happened {
  /** The panic's message. */
  panic: string | null;
  /** The program that ran as process 1. */
  ran: string | null;
  waits: boolean;
}

function happened(console: string): Happened {
  const last = (pattern: RegExp): string | null =>
    [...console.matchAll(pattern)].at(-1)?.[1]?.trim() ?? null;
  const isFailed = /Failed to execute|Requested init|No working init|failed \(error/.test(console);
  const probe = last(/^probe: program (\S+) process 1/gm);
  const panic = last(/Kernel panic - not syncing: (.*?)\r?$/gm);
  const run = panic?.startsWith('Attempted to kill init') ? last(/Run (\S+) as init/g) : null;
  return {
    panic: panic?.replace(/ \]---$/, '') ?? null,
    ran: probe ?? (isFailed && run === null ? null : run),
    waits: panic === null && /Waiting for root device/.test(console),
  };
}

/** Whether an end that explain tells is what happened. */
function agrees(end: KernelEnd, { panic, ran, waits }: Happened): boolean {
  switch (end.kind) {
    case 'runs':
      return end.program === ran;
    case 'panics':
      return panic !== null && panic === end.message.trim();
    case 'waits':
      return waits;
    default:
      return false;
  }
}

/** Lines of the corpus from a console on which the kernel prints times. */
const linesOf = (console: string): string[] =>
  console
    .split(/\r?\n/)
    .map((line) => (/^\[ *\d+\.\d+\] /.test(line) ? line.replace(/^\[.*?\] /, '') : `~ ${line}`));

const explained = (log: string): Explanation =>
  explain({ ...NOTHING, log: parseConsole(log).at(-1) ?? null });

/** The parts of an explanation that the form of the log must not change. */
const essence = ({ end, advice, decisions }: Explanation): object => ({
  end,
  cause: advice?.code ?? null,
  decisions: decisions.map(({ id, verdict, known }) => `${id}: ${known} ${verdict}`),
});

let unforeseen = 0;
for (const [words, kind] of COMBINATIONS)
  t.test(`explain agrees with a boot by "${words}", ramdisk: ${kind ?? 'none'}`, async (t) => {
    const commandLine = `console=ttyAMA0 panic=-1 printk.time=1 ro ${words}`.trimEnd();
    const ramdisk = kind === undefined ? undefined : RAMDISKS[kind];
    const machine = await bench.boot({ commandLine }, ramdisk === undefined ? {} : { ramdisk });
    const waiting = machine.waitFor(/Waiting for root device .*\.\.\.\s*\n/).then(
      () => machine.kill(),
      () => {},
    );
    await machine.ended;
    await waiting;
    const { console } = machine;
    const truth = happened(console);
    const was = explained(console);
    t.ok(agrees(was.end, truth), 'the console is explained', { end: was.end, truth });
    t.same(was.contradictions, []);
    t.equal(was.advice === null, was.end.kind === 'runs', 'a failure has a cause');

    const lines = linesOf(console);
    for (const form of PREFIX_FORMS)
      if (form.kernelOnly !== true)
        t.same(essence(explained(form.write(lines))), essence(was), form.name, { console });

    const { end } = foretold(work, commandLine, ramdisk);
    if (end.kind === 'unknown') unforeseen++;
    else t.ok(agrees(end, truth), 'it was foretold', { end, truth });
  });

t.test('more than half of these boots can be foretold', async (t) => {
  t.ok(COMBINATIONS.length >= 40);
  t.ok(unforeseen < COMBINATIONS.length / 2, `${unforeseen} could not`);
});
