/**
 * Holds a machine until it is ended: `holder.ts FOLDER [listens|missing]`. With `listens` it has
 * its own signal handlers, as `npm start` has.
 */
import { Machine } from '../../../../scripts/emulator/machine.js';
import { main } from '../../../../scripts/lib/report.js';
import { fakeBoard, files } from './fake-qemu.js';

const [folder, how] = process.argv.slice(2);
const board = fakeBoard(folder!);
if (how === 'missing') board.qemu.program = `${folder}/nowhere`;
await main(async () => {
  const machine = await Machine.start(board, files);
  if (how === 'listens')
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => void machine.kill());
  await machine.waitFor(/Booting/);
  process.stdout.write('on\n');
  await machine.waitFor(/never/);
});
