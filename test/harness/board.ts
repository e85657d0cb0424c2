import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import type { BootFiles } from '../../scripts/emulator/command.js';
import { cleanBeforeEnd } from '../../scripts/emulator/guard.js';
import { Machine, type MachineOptions } from '../../scripts/emulator/machine.js';
import { USUAL_BOARD, loadBoard, type Board } from '../../scripts/lib/board.js';
import { emptyData, systemChips } from '../../scripts/image/chips.js';
import { buildImage, emptyDataDisk } from '../../scripts/image/build-image.js';
import type { Mount } from '../../src/facts/facts.js';
import { parseMountinfo } from '../../src/facts/mountinfo.js';

/**
 * The board of most tests. Tests of another board name it; a run for another kernel
 * (scripts/test.ts) names a board with that kernel.
 */
export const board = loadBoard(process.env['MOUNTROOT_BOARD'] ?? USUAL_BOARD);

/**
 * Who makes the root first: the agent, or the script that the agent then verifies. The same tests
 * run for both.
 */
export type First = 'agent' | 'script';

/** A board with its own flash, which keeps its content between boots. */
export interface Bench {
  flash: readonly string[];
  files: BootFiles;
  /** @param changes replaces files for this boot only. */
  boot(options?: MachineOptions, changes?: Partial<BootFiles>): Promise<Machine>;
  /**
   * Boots and waits until init has finished its own start-up and `done` has confirmed the start.
   */
  bootToInit(
    options?: MachineOptions,
    until?: RegExp,
    changes?: Partial<BootFiles>,
  ): Promise<Machine>;
}

export interface BenchOptions {
  /** A board other than the usual one. */
  board?: Board;
  /** Replaces boot files, such as the ramdisk or the kernel. */
  files?: Partial<BootFiles>;
  /** The data chip's content. Without it, the chip is in factory state. */
  data?: Buffer;
  /** A packed root file system that replaces the board's own. */
  rootfs?: string;
  /** Who makes the root; by default the agent. */
  first?: First;
  /** Programs lie at random addresses, as on a real board. */
  randomAddresses?: true;
}

/**
 * QEMU 7.2 translates code anew for each address at which it runs, which takes half of the time of
 * a second program of Node.js, and a fifth of a boot.
 */
export const SAME_ADDRESSES = 'norandmaps';

/**
 * Puts a board on the bench for one test. When the test ends, this switches the board off and
 * forgets its flash.
 */
export async function putOnBench(t: Test, options: BenchOptions = {}): Promise<Bench> {
  const bench = await makeBench(options);
  t.teardown(() => bench.clear());
  return bench;
}

/** A board on the bench until it is cleared. */
export async function makeBench({
  board: made = board,
  files: changes = {},
  data,
  rootfs,
  first = 'agent',
  randomAddresses,
}: BenchOptions = {}): Promise<Bench & { clear(): Promise<void> }> {
  const { boot } = await buildImage(made);
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-bench-'));
  const forget = cleanBeforeEnd(() => rmSync(folder, { recursive: true, force: true }));
  const own = (paths: readonly string[]): string[] =>
    paths.map((path) => join(folder, basename(path)));
  const files = { ...boot, flash: own(boot.flash), disks: own(boot.disks), ...changes };
  const chips = rootfs === undefined ? null : systemChips(made, boot.zImage, rootfs);
  files.flash
    .slice(0, -1)
    .forEach((file, index) =>
      chips ? writeFileSync(file, chips[index]!) : copyFileSync(boot.flash[index]!, file),
    );
  if (files.flash.length > 0) writeFileSync(files.flash.at(-1)!, data ?? emptyData(made));
  for (const [index, file] of files.disks.entries()) {
    if (index < files.disks.length - 1) copyFileSync(boot.disks[index]!, file);
    else await emptyDataDisk(made, file);
  }

  const running = new Set<Machine>();
  let boots = 0;
  const start = async (
    options: MachineOptions = {},
    once: Partial<BootFiles> = {},
  ): Promise<Machine> => {
    const append = [
      ...(randomAddresses ? [] : [SAME_ADDRESSES]),
      ...(first === 'script' ? ['mountroot.first=script'] : []),
      ...(options.append === undefined ? [] : [options.append]),
    ].join(' ');
    const machine = await Machine.start(
      made,
      { ...files, ...once },
      {
        icount: true,
        seed: ++boots,
        timeLimitMs: 180_000,
        ...options,
        append,
      },
    );
    running.add(machine);
    void machine.ended.then(() => running.delete(machine));
    return machine;
  };
  return {
    flash: files.flash,
    files,
    async clear() {
      for (const machine of running) await machine.kill();
      forget();
      rmSync(folder, { recursive: true, force: true });
    },
    boot: start,
    async bootToInit(options, until = /init: done, status \d+/, changes = {}) {
      const machine = await start(options, changes);
      await machine.waitFor(until, options?.timeLimitMs);
      return machine;
    },
  };
}

/**
 * The mounts of a running board in a form that is the same for each boot: the parent's mountpoint
 * replaces ids, and nodev mounts have no device number.
 */
export async function mountsOf(machine: Machine): Promise<object[]> {
  const mounts = parseMountinfo(await machine.output('cat /proc/self/mountinfo'));
  const parentOf = ({ parent }: Mount): string =>
    mounts.find(({ id }) => id === parent)?.mountpoint ?? 'none';
  return mounts
    .map((mount) => ({
      ...mount,
      id: undefined,
      parent: parentOf(mount),
      device: mount.device.startsWith('0:') ? '0' : mount.device,
      // Newer kernels show it only in the boot in which the upper layer is new.
      superOptions: mount.superOptions.filter((option) => option !== 'uuid=on'),
    }))
    .sort((a, b) => (a.mountpoint < b.mountpoint ? -1 : 1));
}
