/**
 * Whether an image gets the script that runs before the agent, and the message for a board that
 * asks for an impossible script.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadBoard } from '../../../../scripts/lib/board.js';
import { startScript } from '../../../../scripts/agent/start-script.js';

const top = mkdtempSync(join(tmpdir(), 'mountroot-start-script-'));
t.teardown(() => rmSync(top, { recursive: true, force: true }));
let made = 0;
/** A root file system with these settings. */
function tree(settings: string | null): string {
  const folder = join(top, String(++made));
  mkdirSync(join(folder, 'etc'), { recursive: true });
  if (settings !== null) writeFileSync(join(folder, 'etc/mountroot.json'), settings);
  return folder;
}
const board = loadBoard('vexpress-a9');

t.test('an image has the script whenever a script can make its root', async (t) => {
  const script = startScript(board, tree(null));
  t.match(script, /^#!\/bin\/sh\n/);
  t.equal(startScript(board, tree('{ "first": "script" }')), script);
});

t.test('the script follows the settings of the image and of its command line', async (t) => {
  t.match(startScript(board, tree('{ "boot_limit": 3 }')), /-lt 3 \]/);
  t.match(
    startScript({ ...board, commandLine: `${board.commandLine} mountroot.journal=4` }, tree(null)),
    /\[ "\$words" = 'mountroot\.journal=4 ' \]/,
  );
});

t.test(
  'a board that asks for an impossible script is not built, and the reason is given',
  async (t) => {
    const watched = '{ "watchdog": "/dev/watchdog" }';
    t.equal(startScript(board, tree(watched)), null);
    t.throws(() => startScript(board, tree('{ "watchdog": "/dev/watchdog", "first": "script" }')), {
      message: /cannot be made by a script: a watchdog is to be fed .*; take "first" out/,
    });
    t.equal(startScript(loadBoard('qemu-virt'), tree(null)), null);
    t.throws(() => startScript(loadBoard('qemu-virt'), tree('{ "first": "script" }')), {
      message: /there is no board\/qemu-virt\/facts\.json/,
    });
  },
);

t.test('a spelling that only preinit or only the agent understands ends the build', async (t) => {
  t.throws(() => startScript(board, tree('{ "first":\n"script" }')), {
    message: /in a form that \/etc\/preinit does not know; write it as "first": "script"/,
  });
  t.throws(() => startScript(board, tree('{ "first": "script", "first": "agent" }')), {
    message: /where \/etc\/preinit sees it, and not where the agent does/,
  });
});
