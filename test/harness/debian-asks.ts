/** What tests ask a running Debian. */
import t from 'tap';
import type { Debian } from './debian.js';

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
