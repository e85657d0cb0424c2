/**
 * A kernel in memory: file systems, a mount table and flash, with the errno rules of the calls that
 * this agent makes. With it a test can let every call fail in every way, and cut the power after
 * every call, within milliseconds. The namespace tests run it beside the real kernel to check its
 * rules.
 */
import type { System } from '../port.js';
import type { Board } from './board.js';
import { Calls } from './calls.js';
import { doorCalls } from './calls-door.js';
import { flashCalls } from './calls-flash.js';
import { mountCalls } from './calls-mounts.js';
import { processCalls } from './calls-process.js';
import { readCalls } from './calls-read.js';
import { treeCalls } from './calls-tree.js';
import type { Faults, Machine } from './machine.js';
import { Devices } from './model-devices.js';
import { Paths } from './model-paths.js';
import { Tree, clone, inode } from './model-tree.js';
import { Mounts } from './mounts.js';

export type { Faults } from './machine.js';

export interface Kernel extends System {
  /** The calls that changed something, in order. */
  readonly calls: string[];
  readonly mounts: Mounts;
  /** The process that made the calls ends. */
  endProcess(): void;
  /** The program that process 1 became. */
  readonly init: string | null;
  /** True after a power cut: nothing changes any more, and every call fails. */
  readonly dead: boolean;
  readonly lines: string[];
}

/** Every power-on makes a new kernel. */
export function powerOn(
  board: Board,
  { at = () => null, readonly = [], writers = [], sources = {}, between = () => {} }: Faults = {},
): Kernel {
  board.boots++;
  board.image.readonly = board.root.access === 'ro';
  const mounts = mountRoot(board);
  const devices = new Devices(board);
  const calls = new Calls(at, () => between(board));
  const machine: Machine = {
    board,
    faults: { at, readonly, writers, sources, between },
    mounts,
    devices,
    calls,
    paths: new Paths(board, mounts, calls),
    dev: mountVirtual(board, mounts, devices),
    init: null,
    lines: [],
  };
  // A new group of calls is one file, and one line here.
  const system: System = {
    ...readCalls(machine),
    ...mountCalls(machine),
    ...treeCalls(machine),
    ...doorCalls(machine),
    ...flashCalls(machine),
    ...processCalls(machine),
  };
  return Object.defineProperties(system, {
    calls: { enumerable: true, value: calls.made },
    lines: { enumerable: true, value: machine.lines },
    mounts: { enumerable: true, value: mounts },
    endProcess: {
      value: () => devices.freeLoop((number) => mounts.text().includes(` ${number} `)),
    },
    init: { enumerable: true, get: () => machine.init },
    dead: { enumerable: true, get: () => calls.dead },
  }) as Kernel;
}

/** The root that the kernel mounts: the image, or memory into which it unpacks the initramfs. */
function mountRoot({ image, initramfs, root }: Board): Mounts {
  if (initramfs === null) return new Mounts({ files: image, source: '/dev/root', ...root });
  const files = Object.assign(new Tree('rootfs'), { root: clone(initramfs.root) });
  return new Mounts({ files, source: 'rootfs', device: '0:2', access: 'rw' });
}

/** The mountpoints of the kernel's own file systems before the agent starts. */
const VIRTUAL: readonly [path: string, fstype: string][] = [
  ['/dev', 'devtmpfs'],
  ['/proc', 'proc'],
  ['/sys', 'sysfs'],
  ['/tmp', 'tmpfs'],
];

/** Mounts them if the image has the directories. @returns the content of devtmpfs. */
function mountVirtual(board: Board, mounts: Mounts, devices: Devices): Tree {
  const dev = new Tree('devtmpfs');
  if (board.initramfs === null)
    for (const [path, fstype] of VIRTUAL)
      if (board.image.find(path))
        mounts.mount(path, {
          files: fstype === 'devtmpfs' ? dev : new Tree(fstype),
          source: fstype,
          device: devices.nextNumber(),
          options: ['rw', 'relatime'],
          superOptions: ['rw'],
        });
  if (board.initramfs !== null) dev.add('/mtdblock2', inode('block', { node: '31:2' }));
  for (const { index } of board.flash) {
    dev.add(`/mtdblock${index}`, inode('block', { node: `31:${index}` }));
    dev.add(`/mtd${index}`, inode('character', { node: `90:${2 * index}` }));
  }
  return dev;
}
