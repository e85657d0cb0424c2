import { kernelCommandLine, type Board } from '../lib/board.js';

/** A program and its arguments: a value to look at, to test and to print, before anybody runs it. */
export interface Command {
  program: string;
  args: string[];
}

export interface BootFiles {
  zImage: string;
  deviceTree: string;
  /** Raw images, one a flash chip, each of exactly the chip's size. */
  flash: readonly string[];
}

export interface BootOptions {
  /** QEMU character devices, one a UART of the board: `stdio`, `unix:PATH,server=on,wait=off`, `null`. */
  serial: readonly string[];
  /** Path of the socket for the machine protocol. */
  qmp?: string;
  /** Words added to the board's kernel command line. A `name=value` the kernel does not know goes into PID 1's environment. */
  append?: string;
  /**
   * Count instructions instead of host time, at 2 ns each: idle time costs nothing. With the clock and the random seed fixed as well, two boots of the same
   * flash are the same to the instruction.
   */
  icount?: boolean;
  /** The last flash chip cannot be written, as behind a hardware switch. */
  writeProtected?: boolean;
  /** Raw images of disks: /dev/vda, /dev/vdb … */
  disks?: readonly string[];
}

/** In QEMU's option syntax a comma parts options, and a doubled one is a comma. */
const escape = (path: string): string => path.replaceAll(',', ',,');

/** What boots a board in the emulator. */
export function qemuCommand(board: Board, files: BootFiles, { serial, qmp, append, icount, writeProtected, disks = [] }: BootOptions): Command {
  const { program, machine, memory } = board.qemu;
  return {
    program,
    args: [
      ...['-M', machine, '-m', memory, '-no-reboot', '-display', 'none', '-monitor', 'none'],
      ...['-kernel', files.zImage, '-dtb', files.deviceTree],
      ...['-append', [kernelCommandLine(board), ...(append ? [append] : [])].join(' ')],
      ...files.flash.flatMap((file, index) => ['-drive', `if=pflash,index=${index},format=raw,file=${escape(file)}${writeProtected && index === files.flash.length - 1 ? ',readonly=on' : ''}`]),
      // The bus counts its devices from the last one.
      ...disks.flatMap((file, index) => ['-drive', `if=none,id=disk${index},format=raw,file=${escape(file)}`, '-device', `virtio-blk-device,drive=disk${index}`]),
      ...serial.flatMap((device) => ['-serial', device]),
      ...(qmp === undefined ? [] : ['-qmp', `unix:${escape(qmp)},server=on,wait=off`]),
      ...(icount ? ['-icount', 'shift=1,sleep=off', '-seed', '1', '-rtc', 'base=2026-01-01,clock=vm'] : []),
      ...board.qemu.arguments,
    ],
  };
}

/** The command as a line for a shell. */
export const shellLine = ({ program, args }: Command): string =>
  [program, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
