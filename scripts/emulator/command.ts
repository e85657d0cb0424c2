import { join } from 'node:path';
import { kernelCommandLine, type Board } from '../lib/board.js';

const ORDER_EVENTS = ['pl011_write', 'blk_co_pwritev'];

/** A program and its arguments, as a value that can be tested and printed before it runs. */
export interface Command {
  program: string;
  args: string[];
}

export interface BootFiles {
  zImage: string;
  /** null: the emulator makes a device tree itself, or the zImage has one appended. */
  deviceTree: string | null;
  /** A boot loader, which then loads everything else. */
  firmware?: string;
  ramdisk?: string;
  /** Raw images, one for each flash chip. Each is exactly as large as its chip. */
  flash: readonly string[];
  /** Raw images of the board's own disks: /dev/vda, /dev/vdb … */
  disks?: readonly string[];
}

export interface BootOptions {
  /**
   * QEMU character devices, one for each UART of the board: `stdio`, `null`,
   * `unix:PATH,server=on,wait=off`.
   */
  serial: readonly string[];
  /** Path of the socket for the machine protocol. */
  qmp?: string;
  /**
   * Words added to the board's kernel command line. The kernel puts a `name=value` that it does not
   * know into PID 1's environment.
   */
  append?: string;
  /**
   * Counts instructions instead of host time, at 2 ns each, so that idle time costs nothing. The
   * clock and the random seed are fixed too: two boots of the same flash are the same to the
   * instruction.
   */
  icount?: boolean;
  /**
   * The random seed of a machine that counts instructions; 1 by default. Two boots with one seed
   * may even have the same boot id.
   */
  seed?: number;
  /** The last flash chip cannot be written, as behind a hardware switch. */
  writeProtected?: boolean;
  /** Main memory in QEMU's notation, `128M`, instead of the board's own. */
  memory?: string;
  /** Replaces the board's own kernel command line, except for the flash partitions. */
  commandLine?: string;
  /** A file to put into memory at this address before the start. */
  loaded?: { file: string; address: number };
  /** Raw images of disks in addition to the board's own. */
  disks?: readonly string[];
  /**
   * A folder for the logs of all that is written: `flash1.log` and `disk0.log` (write-log.ts), and
   * `order.log` with the order of writes and console output (write-order.ts).
   */
  writeLogs?: string;
  /** A port of 127.0.0.1 that leads to the board's port 22. The board itself reaches nothing. */
  ssh?: number;
}

/** In QEMU's options a comma separates, and a doubled comma is a comma. */
const escape = (path: string): string => path.replaceAll(',', ',,');

/** A character device as `-chardev` spells it, from the spelling of `-serial`. */
const characterDevice = (device: string, id: string): string =>
  device.startsWith('unix:')
    ? `socket,id=${id},path=${device.slice('unix:'.length)}`
    : `${device},id=${id}`;

/**
 * What is behind a drive: a raw image, or one whose writes are logged in the order in which they
 * reach it. The log's head is renewed with each write, so a board whose plug is pulled leaves a
 * whole log.
 */
const image = (file: string, log: string | null): string =>
  log === null
    ? `format=raw,file=${escape(file)}`
    : `format=blklogwrites,file.driver=file,file.filename=${escape(file)},log.driver=file,` +
      `log.filename=${escape(log)},log-super-update-interval=1`;

const logOf = (folder: string | undefined, name: string): string | null =>
  folder === undefined ? null : join(folder, `${name}.log`);

/** The disks' options, which are drives behind virtio. */
function diskOptions(disks: readonly string[], logs?: string): string[] {
  const each = disks.map((file, index) => [
    ...['-drive', `if=none,id=disk${index},${image(file, logOf(logs, `disk${index}`))}`],
    ...['-device', `virtio-blk-device,drive=disk${index}`],
  ]);
  // A machine fills its virtio buses from the last one, so the disk that comes last here is the
  // first one that kernel and boot loader find.
  return each.reverse().flat();
}

function flashOptions(flash: readonly string[], writeProtected: boolean, logs?: string): string[] {
  return flash.flatMap((file, index) => {
    const readOnly = writeProtected && index === flash.length - 1 ? ',readonly=on' : '';
    const chip = image(file, logOf(logs, `flash${index}`));
    return ['-drive', `if=pflash,index=${index},${chip}${readOnly}`];
  });
}

/** QEMU's events that say in which order writes and characters on the serial lines were made. */
const orderOptions = (logs: string | undefined): string[] =>
  logs === undefined
    ? []
    : ['-D', join(logs, 'order.log'), ...ORDER_EVENTS.flatMap((event) => ['-trace', event])];

/** The command that boots a board in the emulator. */
export function qemuCommand(
  board: Board,
  files: BootFiles,
  {
    serial,
    qmp,
    append,
    commandLine,
    memory = board.qemu.memory,
    loaded,
    icount,
    seed = 1,
    writeProtected = false,
    ssh,
    disks = [],
    writeLogs,
  }: BootOptions,
): Command {
  const { program, machine, uarts } = board.qemu;
  const words = kernelCommandLine(commandLine === undefined ? board : { ...board, commandLine });
  // A boot loader has the command line on its disk.
  const kernel =
    files.firmware === undefined
      ? [
          '-kernel',
          files.zImage,
          ...(files.deviceTree === null ? [] : ['-dtb', files.deviceTree]),
          ...(files.ramdisk === undefined ? [] : ['-initrd', files.ramdisk]),
          '-append',
          [words, ...(append ? [append] : [])].join(' '),
        ]
      : ['-bios', files.firmware];
  return {
    program,
    args: [
      ...['-M', machine, '-m', memory, '-no-reboot', '-display', 'none', '-monitor', 'none'],
      ...kernel,
      ...(loaded === undefined
        ? []
        : [
            '-device',
            `loader,file=${escape(loaded.file)},addr=0x${loaded.address.toString(16)},force-raw=on`,
          ]),
      ...flashOptions(files.flash, writeProtected, writeLogs),
      ...diskOptions([...(files.disks ?? []), ...disks], writeLogs),
      ...orderOptions(writeLogs),
      ...serial.slice(0, uarts).flatMap((device) => ['-serial', device]),
      ...serial
        .slice(uarts)
        .flatMap((device, index) => [
          '-chardev',
          characterDevice(device, `line${index}`),
          ...(index === 0 ? ['-device', 'virtio-serial-device'] : []),
          '-device',
          `virtconsole,chardev=line${index}`,
        ]),
      ...(ssh === undefined
        ? []
        : [
            '-netdev',
            `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${ssh}-:22`,
            '-device',
            'virtio-net-device,netdev=net',
          ]),
      ...(qmp === undefined ? [] : ['-qmp', `unix:${escape(qmp)},server=on,wait=off`]),
      ...(icount
        ? [
            '-icount',
            'shift=1,sleep=off',
            '-seed',
            String(seed),
            '-rtc',
            'base=2026-01-01,clock=vm',
          ]
        : []),
      ...board.qemu.arguments,
    ],
  };
}

/** The command as a line for a shell. */
export const shellLine = ({ program, args }: Command): string =>
  [program, ...args]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
