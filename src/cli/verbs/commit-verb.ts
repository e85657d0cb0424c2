import { keepPath } from '../../facts/setting-rows.js';
import { recordFile } from '../../facts/own-files.js';
import { MAINTAIN_LOCK, OLD_ROOT } from '../../facts/places.js';
import { reader } from '../../system/files.js';
import { EXIT } from '../../plan/plan.js';
import type { CommitLayers } from '../../tree/commit-tree.js';
import { localFacts } from '../local-facts.js';
import { loadSystem } from '../open-system.js';
import { RefusedError, UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

/** The paths in their plain form, none within another. @throws {UsageError} */
function pathsToCommit(asked: readonly string[]): string[] {
  if (asked.length === 0)
    throw new UsageError(
      'say what to commit: `mountroot commit /etc/network`; `diff` lists changes',
    );
  const paths = asked.map((path) => {
    const plain = keepPath(path);
    if (plain !== null) return plain;
    throw new UsageError(
      `cannot commit ${JSON.stringify(path)}: name an absolute path below /, without . and ..`,
    );
  });
  return paths.filter(
    (path, index) =>
      paths.indexOf(path) === index && !paths.some((other) => path.startsWith(`${other}/`)),
  );
}

/** Where the changes are, what they show, and where they go. @throws {RefusedError} */
async function layersToCommit(): Promise<{ layers: CommitLayers; name: string; closes: boolean }> {
  const { belowName, lowerObstacle, lowerOf } =
    await import('../../distribution/maintain-checks.js');
  const { comparable, troubleWords } = await import('../../report/root/comparable-layers.js');
  const { closesAfter, lowerLook } = await import('../lower-look.js');
  const facts = localFacts();
  const obstacle = lowerObstacle(lowerLook(facts));
  if (obstacle !== null)
    throw new RefusedError(`nothing was committed: ${obstacle.found}; ${obstacle.cure}`);
  const found = comparable(facts.mounts);
  if ('trouble' in found)
    throw new RefusedError(`nothing was committed: ${troubleWords(found.trouble)}`);
  if (found.kept.length > 0)
    throw new RefusedError(
      'nothing was committed: the settings are used read-only in this boot, and what was changed ' +
        'since is in memory; see `mountroot status`',
    );
  return {
    layers: { upper: found.upper, shown: '/', below: OLD_ROOT },
    name: belowName(lowerOf(facts)!),
    closes: closesAfter(facts),
  };
}

/**
 * Returns the error with which the root below could not be closed; null if it could.
 * @throws {RefusedError} if somebody else has it open.
 */
async function whileOpen(closes: boolean, change: () => void): Promise<string | null> {
  const { openBelow } = await import('../../system/maintain-ffi.js');
  const close = openBelow({ root: OLD_ROOT, lock: recordFile(reader, MAINTAIN_LOCK), closes });
  if (close === null)
    throw new RefusedError(
      'nothing was committed: `mountroot maintain` or `commit` is at work; wait until it has ended',
    );
  try {
    change();
  } catch (error) {
    close();
    throw error;
  }
  return close();
}

export const commitVerb = verb({
  name: 'commit',
  summary: 'carry changes of the overlay into the root below it',
  positionals: {
    path: {
      type: 'repeated',
      completes: 'paths',
      describe: 'what to carry, with all below it, as on the root',
    },
  },
  options: {
    'dry-run': { type: 'flag', describe: 'list the changes, and make none' },
  },
  examples: [
    ['$0 commit --dry-run /etc/network', '- removed, + new, ~ replaced'],
    ['$0 commit /etc/network', 'the root below has them too, also after a reset'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['degraded', 'refused'],
  run: async ({ path, 'dry-run': isDry }, { log, print }) => {
    const paths = pathsToCommit(path);
    const { layers, name, closes } = await layersToCommit();
    const system = await loadSystem();
    const { Committer } = await import('../../tree/commit-tree.js');
    const { bytesOfEntries, commitHead, entryLine } =
      await import('../../distribution/commit-words.js');
    const list = new Committer(system.tree, false);
    list.run(layers, paths);
    const { entries } = list;
    const head = commitHead(entries, paths, name);
    if (isDry) {
      for (const entry of entries) print(entryLine(entry));
      log.info(head);
      return EXIT.done;
    }
    if (entries.length === 0) {
      log.info(`nothing to commit: the overlay has changed nothing of ${paths.join(', ')}`);
      return EXIT.done;
    }
    const [free, needed] = [system.space(OLD_ROOT).free, bytesOfEntries(entries)];
    if (needed > free)
      throw new RefusedError(
        `nothing was committed: ${name} has ${free} bytes free, and the changes need ${needed}`,
      );
    const notClosed = await whileOpen(closes, () => {
      log.info(`committing ${head}`);
      new Committer(system.tree, true).run(layers, paths);
      system.syncfs(OLD_ROOT);
    });
    log.info(
      'done. The overlay keeps its own copies: it shows the same, and they hide what is changed ' +
        'below later',
    );
    if (notClosed === null) return EXIT.done;
    const { notClosedWords } = await import('../../distribution/maintain-checks.js');
    log.error(notClosedWords(name, notClosed));
    return EXIT.degraded;
  },
});
