import { recordFile } from '../../facts/own-files.js';
import { MAINTAIN_LOCK, OLD_ROOT } from '../../facts/places.js';
import { reader } from '../../system/files.js';
import { EXIT } from '../../plan/plan.js';
import { localFacts } from '../local-facts.js';
import { verb, type VerbContext } from '../verb-row.js';
import { wordsBehind } from '../words-behind.js';

const SHELLS = ['/bin/bash', '/bin/sh'];
const RESOLVER = '/etc/resolv.conf';

/** The program to run; a shell, if none is named. */
async function programOf(words: readonly string[]): Promise<readonly string[]> {
  const given = wordsBehind(words) ?? [];
  if (given.length > 0) return given;
  const { reader } = await import('../../system/files.js');
  return [SHELLS.find((path) => reader.kind(`${OLD_ROOT}${path}`) === 'file') ?? SHELLS.at(-1)!];
}

async function run({ words, log }: VerbContext): Promise<number> {
  const checks = await import('../../distribution/maintain-checks.js');
  const { closesAfter, isSameBelow, lowerLook } = await import('../lower-look.js');
  const facts = localFacts();
  const obstacle = checks.lowerObstacle(lowerLook(facts));
  if (obstacle !== null) {
    log.error(`nothing was opened: ${obstacle.found}; ${obstacle.cure}`);
    return EXIT.refused;
  }
  const name = checks.belowName(checks.lowerOf(facts)!);
  const { binds, without } = checks.bindsOf(facts, isSameBelow);
  const { maintainRoot } = await import('../../system/maintain-ffi.js');
  log.info(
    `${name} below the overlay is open for writing until the program ends; what is changed shows ` +
      'after a reboot, unless a change on the overlay hides it',
  );
  if (without.length > 0) log.warn(`the program does not see ${without.join(', ')}`);
  const done = maintainRoot({
    root: OLD_ROOT,
    lock: recordFile(reader, MAINTAIN_LOCK),
    closes: closesAfter(facts),
    binds: [
      ...binds,
      ...(isSameBelow(RESOLVER) ? [[RESOLVER, `${OLD_ROOT}${RESOLVER}`] as const] : []),
    ],
    argv: await programOf(words),
    env: checks.maintainEnvironment(process.env),
  });
  if (done === null) {
    log.error(
      'nothing was opened: another `mountroot maintain` is at work; wait until it has ended',
    );
    return EXIT.refused;
  }
  if (done.notClosed === null) {
    log.info(`${name} is closed again; reboot to see what was changed`);
    return done.status;
  }
  log.error(checks.notClosedWords(name, done.notClosed));
  return done.status === 0 ? EXIT.degraded : done.status;
}

export const maintainVerb = verb({
  name: 'maintain',
  summary: 'change the root below the overlay: apt, kernels, the initramfs',
  usage: () => '$0 maintain [-- COMMAND [ARGUMENT...]]',
  positionals: {},
  options: {},
  examples: [
    ['$0 maintain', 'a shell on it; it is closed when the shell ends'],
    ['$0 maintain -- apt-get -y upgrade', 'one command; its exit status is passed on'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['degraded', 'refused'],
  run: (_args, context) => run(context),
});
