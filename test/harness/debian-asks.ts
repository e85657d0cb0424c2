/** What tests ask a running Debian. */
import t from 'tap';
import type { Debian, DebianBench } from './debian.js';

/** What a command that must succeed says. */
export async function output(debian: Debian, command: string): Promise<string> {
  const { status, output: said } = await debian.run(command);
  t.equal(status, 0, `${command}: ${said}`);
  return said.trim();
}

export async function wholeStatus(debian: Debian): Promise<{ rung: unknown }> {
  const { output: said } = await debian.run('mountroot status --json 2>/dev/null');
  return JSON.parse(said) as { rung: unknown };
}

/** The rung of this boot, with the reason for it. */
export const status = async (debian: Debian): Promise<unknown> => (await wholeStatus(debian)).rung;

export const rootType = (debian: Debian): Promise<string> =>
  output(debian, 'findmnt -n -o FSTYPE /');

export const failedUnits = (debian: Debian): Promise<string> =>
  output(debian, 'systemctl --failed --plain --no-legend');

export async function switchOff(debian: Debian): Promise<void> {
  t.equal(await debian.powerOff(), 'guest-shutdown', 'systemd switches the machine off');
}

/** Puts the file on the boot partition with which the next boot is one without mountroot. */
export const putOffFile = (debian: Debian): Promise<string> =>
  output(debian, 'mount /dev/vdc /mnt && touch /mnt/mountroot-off && umount /mnt');

/** Boots once without mountroot because of that file, and removes it. */
export async function bootWithOffFile(bench: Pick<DebianBench, 'boot'>): Promise<void> {
  const off = await bench.boot();
  t.equal(await rootType(off), 'ext4', 'the file on the boot partition is one boot without it');
  await output(off, 'rm /boot/firmware/mountroot-off');
  await switchOff(off);
}
