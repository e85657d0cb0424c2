/** What tests of flash that is not as it should be have in common. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { Machine } from '../../scripts/emulator/machine.js';
import { board, type Bench, type First } from './board.js';

export const SIZE = board.flash.chips.at(-1)!;
export const BLOCK = board.flash.eraseBlock;

/** Bytes that resemble no known format. */
export const garbage = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
  return bytes;
};

/** A board with a user's settings. The test looks for the file `mine` afterwards. */
export async function withSettings(bench: Bench, more = 'true'): Promise<void> {
  const machine = await bench.bootToInit();
  await machine.output(`echo mine >/root/mine && rm /etc/os-release && ${more} && sync`);
  await machine.powerOff();
}
export const hasSettings = async (machine: Machine): Promise<boolean> =>
  (await machine.run('test "$(cat /root/mine)" = mine && test ! -e /etc/os-release')).status === 0;

/** Writes into the data chip while the board is off. */
export function scribble(bench: Bench, offset: number, bytes: Buffer): void {
  const chip = openSync(bench.flash.at(-1)!, 'r+');
  writeSync(chip, bytes, 0, bytes.length, offset);
  closeSync(chip);
}
export const dataOf = (bench: Bench): Buffer => readFileSync(bench.flash.at(-1)!);

/**
 * Runs a test for both makers of the root: the agent, and the script. Several faults look the same
 * to the script (a reset mark, garbage and blank flash are all not jffs2). Then the quickest of
 * them is enough. Faults that only `done` meets are the same after either maker.
 */
export const both = (
  title: string,
  test: (t: Test, goes: First) => Promise<void>,
  who: readonly First[] = ['agent', 'script'],
): void => {
  for (const goes of who)
    t.test(goes === 'agent' ? title : `${title} (a script went first)`, async (t) => test(t, goes));
};

/** The script's reason for leaving the root to the agent, from the console. */
export const leftToAgent = (t: Test, goes: First, machine: Machine, why: RegExp): void => {
  if (goes === 'script')
    t.match(
      machine.console,
      new RegExp(`mountroot: script ${why.source}.*; the agent makes the root`),
    );
  else t.notMatch(machine.console, /mountroot: script/);
};
