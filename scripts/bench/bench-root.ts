import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseFacts } from '../../src/facts/validate.js';
import { renderSh } from '../../src/plan/render-sh.js';
import { planWhole } from '../../src/plan/whole-plan.js';
import { bundle } from '../agent/bundle.js';
import { buildNative } from '../agent/native.js';
import type { Image } from '../image/build-image.js';
import { boardFolder, type Board } from '../lib/board.js';
import { Failure, checkout } from '../lib/report.js';
import { run } from '../lib/run.js';

const SCRIPTS = ['preinit', 'reports', 'growth', 'switch', 'trees'];

/** The plan of `start` for this board, as a shell script. */
function planAsShell(board: Board): string {
  const facts = join(boardFolder(board.name), 'facts.json');
  const options = { dryRun: true, force: false };
  const decision = planWhole('start', parseFacts(readFileSync(facts, 'utf8'), facts), options);
  if (decision.decision !== 'go') throw new Failure(`${facts} gives no plan: ${decision.summary}`);
  return renderSh(decision);
}

/**
 * Makes the board's packed root with /bench appended, and returns the file. Appending leaves the
 * packed files at their places in flash, so reading them costs as much as on the board.
 * @param work an empty folder for the file.
 */
export async function benchRootfs({ folder }: Image, board: Board, work: string): Promise<string> {
  const rootfs = join(work, 'rootfs.squashfs');
  copyFileSync(join(folder, 'rootfs.squashfs'), rootfs);
  const tools = join(work, 'bench');
  mkdirSync(tools);
  for (const name of SCRIPTS)
    copyFileSync(join(checkout, 'scripts/bench', name), join(tools, name));
  copyFileSync(join(await buildNative('arm'), 'measure'), join(tools, 'measure'));
  writeFileSync(join(tools, 'plan-start.sh'), planAsShell(board));
  await bundle('scripts/bench/walks.ts', join(tools, 'walks.cjs'));
  symlinkSync('/usr/lib/mountroot/native', join(tools, 'native'));
  for (const name of [...SCRIPTS, 'measure', 'plan-start.sh']) chmodSync(join(tools, name), 0o755);
  await run('mksquashfs', [
    ...[tools, rootfs, '-keep-as-directory', '-no-progress', '-all-root', '-no-recovery'],
  ]);
  return rootfs;
}
