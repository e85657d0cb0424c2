/** Plans `stop`, which runs at shutdown and syncs, so that no data are lost when the power goes. */
import type { Facts } from '../facts/facts.js';
import { EXIT, already, refuse, type Decision, type Plan, type PlanningOptions } from './plan.js';
import { keepsItself, ownRootName } from './own-root.js';
import { planOf } from './plan-of.js';
import { preconditions } from './preconditions.js';
import { warn } from './steps.js';
import { describe } from '../volumes/device.js';

const synced = (facts: Facts, path: string, name: string): Plan =>
  planOf('stop', facts, {
    stage: 'mark',
    rung: facts.state?.rung ?? 'persistent',
    summary: `all that was written on ${name} is on it`,
    steps: [warn('synced', 'Power goes next.', { kind: 'sync', path })],
    last: true,
  });

const withoutVolume = (facts: Facts): Decision =>
  keepsItself(facts)
    ? synced(facts, '/', `/ (${ownRootName(facts)})`)
    : already('stop', 'no data volume is in use, so there is nothing to write back', EXIT.done);

export function planStop(facts: Facts, options: PlanningOptions): Decision {
  if (!options.dryRun && !options.force && !facts.shutdown)
    return refuse('stop', 'guard', {
      found: 'stop was refused because this is no shutdown (SHUTDOWN is not set)',
      cure: 'it is called by the shutdown scripts, or insist with --force',
    });
  const refusal = preconditions('stop', facts, options);
  if (refusal) return refusal;
  const { opened, volume } = facts;
  return opened === null || opened.readonly
    ? withoutVolume(facts)
    : synced(facts, opened.at, describe(volume.found[0]!));
}
