import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BootFiles } from '../../../../scripts/emulator/command.js';
import { boardFolder, loadBoard, type Board } from '../../../../scripts/lib/board.js';

export const files: BootFiles = { zImage: '/zImage', deviceTree: '/board.dtb', flash: [] };

/**
 * Stands in for QEMU with its sockets in their order. On the second serial line it runs the board's
 * own control-line, and starts it again when a signal ends it. It acts as a terminal: lines are cut
 * at 4095 bytes, control characters are keys, and a newline is echoed as two characters.
 */
const program = (controlLine: string): string => `#!${process.execPath}
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:net');
const words = process.argv.slice(2);
const [console_, control, qmp] = words
  .filter((word) => word.startsWith('unix:'))
  .map((word) => word.slice(5).split(',')[0]);
const taken = async (path) => {
  const server = createServer();
  server.listen(path);
  return (await once(server, 'connection'))[0];
};
const loop = 'cat | while sh "$0" /dev/stdin; [ $? -ge 128 ]; do :; done';

(async () => {
  const line = await taken(console_);
  line.on('error', () => {});
  const second = await taken(control);
  second.on('error', () => {});
  const stdio = ['pipe', 'pipe', 'ignore'];
  const shell = spawn('sh', ['-c', loop, ${JSON.stringify(controlLine)}], { stdio });
  shell.stdout.setEncoding('latin1').on('data', (text) =>
    second.write(text.replaceAll('\\n', '\\r\\n'), 'latin1'));
  let rest = '';
  let ask;
  second.setEncoding('latin1').on('data', (text) => {
    const lines = (rest + text).split('\\n');
    rest = lines.pop();
    for (const typed of lines) {
      // What ends the board must not end the machine that this runs on.
      if (/poweroff/.test(typed)) {
        const event = '{"event":"SHUTDOWN","data":{"reason":"guest-shutdown"}}\\n';
        ask.write(event, () => process.exit(0));
        return;
      }
      const line = typed.replace(/[\\x00-\\x08\\x0b-\\x1f\\x7f]/g, '').slice(0, 4095);
      shell.stdin.write(line + '\\n', 'latin1');
    }
  });
  ask = await taken(qmp);
  ask.on('error', () => {});
  ask.write('{"QMP":{}}\\n');
  ask.on('data', () => ask.write('{"return":{}}\\n'));
  line.write('Booting\\n');
})();
`;

/** A board whose emulator is the stand-in. */
export function fakeBoard(folder: string): Board {
  const board = loadBoard('vexpress-a9');
  const path = join(folder, 'qemu.cjs');
  writeFileSync(path, program(join(boardFolder(board.name), 'rootfs/etc/init.d/control-line')));
  chmodSync(path, 0o755);
  return { ...board, qemu: { ...board.qemu, program: path } };
}
