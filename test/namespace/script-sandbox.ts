import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { inSandbox } from './sandbox.js';
import type { ScriptReport, ScriptScenario } from './script-inside.js';

/** A volume in use, with a setting on it. */
function healthy(data: string): void {
  for (const path of ['upper/etc', 'work/work', '.mountroot'])
    mkdirSync(`${data}/${path}`, { recursive: true });
  writeFileSync(`${data}/upper/etc/mine`, 'mine\n');
  writeFileSync(`${data}/.mountroot/attempts`, '3\n');
  symlinkSync('2', `${data}/.fs_state`);
}

/** Runs the script that goes before the agent in a sandbox, from a healthy volume. */
export const runScript = async (
  t: Test,
  scenario: Partial<ScriptScenario> = {},
): Promise<ScriptReport> =>
  (await inSandbox(
    t,
    { program: 'script-inside', programs: 'copied', prepare: healthy },
    (device): ScriptScenario => ({
      device,
      first: 'script',
      spoils: [],
      failing: false,
      ...scenario,
    }),
  )) as ScriptReport;
