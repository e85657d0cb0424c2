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
 * Returns a board's facts as its image will find them: the captured facts, with the settings of the
 * image and of the command line in this build. null without captured facts.
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
 * True when the image's settings select the script.
 * @throws {Failure} when the agent and /etc/preinit would read them differently.
 */
function asksForScript({ name }: Board, settings: string | null): boolean {
  if (settings === null) return false;
  const { first } = configure({ commandLine: '', file: settings, flags: [] }, []).settings;
  const [asked, seen] = [first === 'script', settings.includes(FIRST_IS_SCRIPT)];
  if (asked && !seen)
    throw new Failure(
      `${name}'s ${SETTINGS_FILE} asks for the script in a form that /etc/preinit does not ` +
        `know; write it as ${FIRST_IS_SCRIPT}, on one line`,
    );
  if (!asked && seen)
    throw new Failure(
      `${name}'s ${SETTINGS_FILE} asks for the script where /etc/preinit sees it, ` +
        'and not where the agent does; correct the file',
    );
  return asked;
}

/** @throws {Failure} for a script that a shell cannot parse. */
function checkSyntax(script: string, { name }: Board): void {
  const { status, stderr } = spawnSync('busybox', ['sh', '-n'], {
    input: script,
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new Failure(`the start of ${name} as a script is no good shell: ${stderr.trim()}`);
}

/** Returns the script, or the reasons that prevent one. */
function plannedScript({ name }: Board, facts: Facts | null): ReturnType<typeof firstScript> {
  if (facts !== null) return firstScript(facts);
  const missing =
    `there is no board/${name}/facts.json; ` +
    'take facts.json from /run/mountroot or /tmp/mountroot of the running board';
  return { never: [missing] };
}

/**
 * Makes the script that may make the root before the agent, from the board's facts. Every image
 * that can have the script gets it, so that the kernel command line can select it; null when there
 * can be none.
 * @param tree the root file system, for its settings.
 * @throws {Failure} when the board selects a script that cannot be made, or in a form that
 *   /etc/preinit does not find.
 */
export function startScript(board: Board, tree: string): string | null {
  const path = join(tree, SETTINGS_FILE);
  const settings = existsSync(path) ? readFileSync(path, 'utf8') : null;
  const asked = asksForScript(board, settings);
  const made = plannedScript(board, factsOf(board, settings));
  if ('script' in made) {
    checkSyntax(made.script, board);
    return made.script;
  }
  const why = `${board.name}'s root cannot be made by a script: ${made.never.join('; ')}`;
  if (asked)
    throw new Failure(`${why}; take "first" out of ${SETTINGS_FILE}, or remove what is in the way`);
  say(`rootfs: ${why}`);
  return null;
}
