/**
 * `npm start [-- --fresh]`: makes the board, boots it, shows its serial console live, and sums up
 * what / is. From a terminal it leaves you in a shell on the board; otherwise it powers the board
 * off, and its exit status says whether / is the overlay on flash.
 */
import type { Status } from '../src/report/status/root-status.js';
import { Machine } from './emulator/machine.js';
import { loadBoard } from './lib/board.js';
import { buildImage } from './image/build-image.js';
import { main, say } from './lib/report.js';

/** Ctrl-], as in telnet: no program on the board needs this key. */
const LEAVE = '\x1d';
const HOURS_MS = 24 * 3600 * 1000;

/** Connects the terminal to the board's console until the board is off or the user leaves. */
async function attach(machine: Machine): Promise<void> {
  process.stdout.write(
    "\nYou are on the board's console. `poweroff` switches it off; Ctrl-] pulls the plug.\n",
  );
  process.stdin.setRawMode(true);
  process.stdin.on('data', (typed: Buffer) => {
    const text = typed.toString('utf8');
    if (text.includes(LEAVE)) void machine.kill();
    else machine.type(text);
  });
  machine.type('\n');
  await machine.ended;
  process.stdin.setRawMode(false);
  process.stdin.pause();
  process.stdout.write('\nThe board is off; `npm start` boots it again from the same flash.\n');
}

async function summary(machine: Machine): Promise<boolean> {
  const text = await machine.output('mountroot status --steps');
  const status = JSON.parse(await machine.output('mountroot status --json')) as Status;
  const boots = (await machine.run('cat /etc/boot-count')).output.trim();
  process.stdout.write(`\n${text}boots     ${boots || 'none counted'}\n`);
  return status.root?.fstype === 'overlay' && status.persistent;
}

await main(async () => {
  const board = loadBoard();
  const { boot, folder } = await buildImage(board, { fresh: process.argv.includes('--fresh') });
  const interactive = Boolean(process.stdin.isTTY);
  say(`booting ${board.name} from ${folder}`);
  const machine = await Machine.start(board, boot, {
    onConsole: (text) => process.stdout.write(text),
    timeLimitMs: interactive ? HOURS_MS : 300_000,
    append: 'loglevel=8',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void machine.kill());
  try {
    await machine.waitFor(/init: done, status \d+/);
    const persistent = await summary(machine);
    if (interactive) await attach(machine);
    else await machine.powerOff();
    return persistent ? 0 : 1;
  } finally {
    await machine.kill();
  }
});
