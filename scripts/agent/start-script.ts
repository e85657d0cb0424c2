import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIRST_IS_SCRIPT } from '../../src/facts/installation.js';
import { SETTINGS_FILE } from '../../src/facts/places.js';
import { configure } from '../../src/facts/settings.js';
import type { Facts } from '../../src/facts/facts.js';
import { parseFacts } from '../../src/facts/validate.js';
import { firstScript } from '../../src/plan/render-first.js';
import { boardFolder, kernelCommandLine, type Board } from '../lib/board.js';
import { Failure, say } from '../lib/report.js';

/**
 * The board as its image will find it: what was captured, with the settings of the image and of the
 * command line that are being built now.
 */
function factsOf(board: Board, settings: string | null): Facts | null {
  const file = join(boardFolder(board.name), 'facts.json');
  if (!existsSync(file)) return null;
  const facts = parseFacts(readFileSync(file, 'utf8'), file);
  const commandLine = kernelCommandLine(board);
  return {
    ...facts,
    kernel: { ...facts.kernel, commandLine },
    configuration: configure({ commandLine, file: settings, flags: [] }, facts.findings),
  };
}

/**
 * The script that may make the root before the agent, from the board's facts. Every image has it
 * that can, so that the kernel command line can choose it; null where there can be none.
 * @param tree the root file system, for its settings. @throws {Failure} where the board asks for it
 *   and it cannot be, or cannot be found by /etc/preinit.
 */
export function startScript(board: Board, tree: string): string | null {
  const path = join(tree, SETTINGS_FILE);
  const settings = existsSync(path) ? readFileSync(path, 'utf8') : null;
  const facts = factsOf(board, settings);
  const asked =
    settings !== null &&
    configure({ commandLine: '', file: settings, flags: [] }, []).settings.first === 'script';
  if (asked && !settings.includes(FIRST_IS_SCRIPT))
    throw new Failure(
      `${board.name}'s ${SETTINGS_FILE} asks for the script in a form that /etc/preinit does not know; write it as ${FIRST_IS_SCRIPT}, on one line`,
    );
  if (!asked && settings?.includes(FIRST_IS_SCRIPT))
    throw new Failure(
      `${board.name}'s ${SETTINGS_FILE} asks for the script where /etc/preinit sees it, and not where the agent does; correct the file`,
    );
  const made =
    facts === null
      ? {
          never: [
            `there is no board/${board.name}/facts.json; take it from /tmp/mountroot/facts.json of the running board`,
          ],
        }
      : firstScript(facts);
  if ('script' in made) {
    const { status, stderr } = spawnSync('busybox', ['sh', '-n'], {
      input: made.script,
      encoding: 'utf8',
    });
    if (status !== 0)
      throw new Failure(
        `the start of ${board.name} as a script is no good shell: ${stderr.trim()}`,
      );
    return made.script;
  }
  const why = `${board.name}'s root cannot be made by a script: ${made.never.join('; ')}`;
  if (asked)
    throw new Failure(`${why}; take "first" out of ${SETTINGS_FILE}, or remove what is in the way`);
  say(`rootfs: ${why}`);
  return null;
}
