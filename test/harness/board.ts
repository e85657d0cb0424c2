import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { BootFiles } from '../../scripts/emulator/command.js';
import { cleanBeforeEnd } from '../../scripts/emulator/guard.js';
import { Machine, type MachineOptions } from '../../scripts/emulator/machine.js';
import { loadBoard } from '../../scripts/lib/board.js';
import { buildImage, emptyData, systemChips } from '../../scripts/lib/image.js';
import type { Mount } from '../../src/facts/facts.js';
import { parseMountinfo } from '../../src/facts/mountinfo.js';

export const board = loadBoard();

/** A board with flash of its own, which stays as it is from one boot to the next. */
export interface Bench {
  flash: readonly string[];
  boot(options?: MachineOptions): Promise<Machine>;
  /** Boots and waits until init has run its own start-up and `done` has confirmed it. */
  bootToInit(options?: MachineOptions, until?: RegExp): Promise<Machine>;
}

export interface BenchOptions {
  /** The data chip's content; without it, as a factory leaves it. */
  data?: Buffer;
  /** A packed root file system in place of the board's own. */
  rootfs?: string;
}

/** Puts a board on the bench for one test; it is switched off and its flash forgotten when the test ends. */
export async function putOnBench(t: Test, options: BenchOptions = {}): Promise<Bench> {
  const bench = await makeBench(options);
  t.teardown(() => bench.clear());
  return bench;
}

/** A board on the bench until it is cleared. */
export async function makeBench({ data, rootfs }: BenchOptions = {}): Promise<Bench & { clear(): Promise<void> }> {
  const { boot } = await buildImage(board);
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-bench-'));
  const forget = cleanBeforeEnd(() => rmSync(folder, { recursive: true, force: true }));
  const files: BootFiles = { ...boot, flash: board.flash.chips.map((_, index) => join(folder, `flash${index}.img`)) };
  const chips = rootfs === undefined ? null : systemChips(board, boot.zImage, rootfs);
  files.flash.slice(0, -1).forEach((file, index) => (chips ? writeFileSync(file, chips[index]!) : copyFileSync(boot.flash[index]!, file)));
  writeFileSync(files.flash.at(-1)!, data ?? emptyData(board));

  const running = new Set<Machine>();
  const start = async (options: MachineOptions = {}): Promise<Machine> => {
    const machine = await Machine.start(board, files, { icount: true, timeLimitMs: 180_000, ...options });
    running.add(machine);
    void machine.ended.then(() => running.delete(machine));
    return machine;
  };
  return {
    flash: files.flash,
    async clear() {
      for (const machine of running) await machine.kill();
      forget();
      rmSync(folder, { recursive: true, force: true });
    },
    boot: start,
    async bootToInit(options, until = /init: done, status \d+/) {
      const machine = await start(options);
      await machine.waitFor(until);
      return machine;
    },
  };
}

/** The mounts of a running board, without what differs from boot to boot: ids become the mountpoint of the parent, device numbers of nodev mounts go. */
export async function mountsOf(machine: Machine): Promise<object[]> {
  const mounts = parseMountinfo(await machine.output('cat /proc/self/mountinfo'));
  const parentOf = ({ parent }: Mount): string => mounts.find(({ id }) => id === parent)?.mountpoint ?? 'none';
  return mounts
    .map((mount) => ({ ...mount, id: undefined, parent: parentOf(mount), device: mount.device.startsWith('0:') ? '0' : mount.device }))
    .sort((a, b) => (a.mountpoint < b.mountpoint ? -1 : 1));
}
