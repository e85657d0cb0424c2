import { kernelCommandLine, type Board } from '../lib/board.js';

/**
 * A program and its arguments: a value to look at, to test and to print, before anybody runs it.
 */
export interface Command {
  program: string;
  args: string[];
}

export interface BootFiles {
  zImage: string;
  /** null: the one that the emulator makes itself, or that is glued to the zImage. */
  deviceTree: string | null;
  /** A boot loader, which then loads the rest by itself. */
  firmware?: string;
  ramdisk?: string;
  /** Raw images, one a flash chip, each of exactly the chip's size. */
  flash: readonly string[];
  /** Raw images of the board's own disks: /dev/vda, /dev/vdb … */
  disks?: readonly string[];
}

export interface BootOptions {
  /**
   * QEMU character devices, one a UART of the board: `stdio`, `unix:PATH,server=on,wait=off`,
   * `null`.
   */
  serial: readonly string[];
  /** Path of the socket for the machine protocol. */
  qmp?: string;
  /**
   * Words added to the board's kernel command line. A `name=value` the kernel does not know goes
   * into PID 1's environment.
   */
  append?: string;
  /**
   * Count instructions instead of host time, at 2 ns each: idle time costs nothing. With the clock
   * and the random seed fixed as well, two boots of the same flash are the same to the instruction.
   */
  icount?: boolean;
  /**
   * Of the chance in a machine that counts instructions; 1 unless told. Two boots with one seed may
   * even have the same boot id.
   */
  seed?: number;
  /** The last flash chip cannot be written, as behind a hardware switch. */
  writeProtected?: boolean;
  /** Main memory in QEMU's notation, `128M`, in place of the board's own. */
  memory?: string;
  /** In place of the board's own kernel command line but for the flash partitions. */
  commandLine?: string;
  /** A file put into memory before the start, at this address. */
  loaded?: { file: string; address: number };
  /** Raw images of disks besides the board's own. */
  disks?: readonly string[];
  /** A port of 127.0.0.1 that leads to the board's port 22; the board reaches nothing else. */
  ssh?: number;
}

/** In QEMU's option syntax a comma parts options, and a doubled one is a comma. */
const escape = (path: string): string => path.replaceAll(',', ',,');

/** `-serial` and `-chardev` have two spellings for one thing. */
const characterDevice = (device: string, id: string): string =>
  device.startsWith('unix:')
    ? `socket,id=${id},path=${device.slice('unix:'.length)}`
    : `${device},id=${id}`;

/** What boots a board in the emulator. */
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
    writeProtected,
    ssh,
    disks = [],
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
      ...files.flash.flatMap((file, index) => [
        '-drive',
        `if=pflash,index=${index},format=raw,file=${escape(file)}${writeProtected && index === files.flash.length - 1 ? ',readonly=on' : ''}`,
      ]),
      // A machine gives out its virtio buses from the last one, so the disk that is named last is
      // the first one that kernel and boot loader find.
      ...[...(files.disks ?? []), ...disks]
        .flatMap((file, index) =>
          [
            '-drive',
            `if=none,id=disk${index},format=raw,file=${escape(file)}`,
            '-device',
            `virtio-blk-device,drive=disk${index}`,
          ].reverse(),
        )
        .reverse(),
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
