import type { Facts } from '../facts/facts.js';
import { EXTERNAL, EXTROOT_IDENTITY } from '../facts/places.js';
import {
  adoptSteps,
  bookkeeping,
  countSteps,
  externalSteps,
  resetSteps,
  upperSteps,
  waitSteps,
} from './open.js';
import { flashOverlay, isLegacy, makePrivate, placeData } from './overlay-root.js';
import { pivotTo } from './pivot.js';
import { mountNotes, newRootOf } from './mountpoints.js';
import { did, failures, planOf, stage } from './plan-of.js';
import type { StageResult, Plan } from './plan.js';
import type { Step } from '../steps/step.js';
import { fatal, mkdir } from './steps.js';
import { sentenceOf, type Trouble } from './reasons.js';
import { describe } from '../volumes/device.js';
import { volumeTrouble } from './volume.js';

/**
 * The external volume's way: a stage towards it, a root on it, or why the internal volume must do.
 */
export function externalPlan(facts: Facts, past: readonly StageResult[]): Plan | Trouble | null {
  const { configuration, external, opened } = facts;
  const { settings } = configuration;
  if (external === null || opened === null) return null;
  if (external.found.length === 0 && external.attach === null && !did(past, 'external-wait'))
    return stage(
      facts,
      'external-wait',
      waitSteps(external, settings.wait),
      `waiting for external volume ${external.wanted}`,
    );
  const trouble = volumeTrouble(facts, external, undefined);
  if (trouble || external.found.length === 0)
    return {
      reason: 'extroot-missing',
      cure: null,
      found: `the external volume ${external.wanted} cannot be used: ${trouble === null ? 'it is not there' : sentenceOf(trouble)}; the internal one is used instead`,
    };
  const [failed] = [...failures(past, 'external'), ...failures(past, 'external-root')];
  if (failed)
    return {
      reason: 'extroot-failed',
      cure: null,
      found: `the external volume ${external.wanted} cannot be used: ${failed.failed!.error}; the internal one is used instead`,
    };
  if (external.at === null)
    return stage(
      facts,
      'external',
      externalSteps(external),
      `opening external volume ${external.wanted}`,
    );
  if (external.readonly)
    return {
      reason: 'extroot-failed',
      cure: null,
      found: `the external volume ${external.wanted} can only be mounted read-only; the internal one is used instead`,
    };
  if (external.identity !== null && external.identity !== opened.identity)
    return {
      reason: 'extroot-mismatch',
      cure: null,
      found: `the external volume ${external.wanted} belongs to another board (its ${EXTROOT_IDENTITY} says ${external.identity}, this board is ${opened.identity ?? 'without an identity'}); the internal one is used instead: remove that file to give it to this board`,
    };
  if (settings.extroot_target === 'root' && !external.init)
    return {
      reason: 'extroot-failed',
      cure: null,
      found: `the external volume ${external.wanted} holds no init, so it is no root; the internal one is used instead`,
    };
  if (external.identity === null && opened.identity === null && opened.readonly)
    return {
      reason: 'extroot-failed',
      cure: null,
      found: `the external volume ${external.wanted} cannot be tied to this board, whose internal volume cannot be written; the internal one is used instead`,
    };
  const [resetFailed] = failures(past, 'external-reset');
  const { order } = external;
  // Its tie to this board stays, or the next board that sees it could take it.
  if (
    typeof order === 'object' &&
    settings.extroot_target === 'overlay' &&
    !did(past, 'external-reset')
  )
    return stage(
      facts,
      'external-reset',
      [
        ...countSteps(facts, past),
        ...resetSteps(
          { at: external.at, upper: external.upper },
          [...order.keep, `/${EXTROOT_IDENTITY}`],
          isLegacy(facts),
        ),
      ],
      `carrying out an order to reset external volume ${external.wanted}`,
    );
  return externalRoot(
    facts,
    past,
    external.identity === null,
    resetFailed
      ? {
          reason: 'reset-failed',
          cure: null,
          found: `the order to reset external volume ${external.wanted} was not carried out, and stands: ${resetFailed.failed!.error}`,
        }
      : null,
  );
}

function externalRoot(
  facts: Facts,
  past: readonly StageResult[],
  adopt: boolean,
  trouble: Trouble | null,
): Plan {
  const { opened, external, configuration } = facts;
  const device = external!.found[0]!;
  const whole = configuration.settings.extroot_target === 'root';
  const adoption = (folder: string): Step[] =>
    adopt
      ? adoptSteps(opened!, external!.offered, folder, EXTROOT_IDENTITY.split('/').at(-1)!)
      : [];
  const count = bookkeeping(facts, past);
  if (whole) {
    const newRoot = newRootOf(facts);
    const steps = [
      ...count,
      makePrivate(facts),
      ...adoption(`${EXTERNAL}/etc`),
      fatal(
        'new-root-above',
        'The folder of everything that is ours on /tmp.',
        mkdir('/tmp/mountroot'),
      ),
      ...(newRoot.startsWith('/tmp')
        ? [
            fatal(
              'new-root',
              'The image has no free /mnt, so the new root is put here.',
              mkdir(newRoot),
            ),
          ]
        : []),
      fatal('external-root', 'It is the whole new root.', {
        kind: 'move',
        from: EXTERNAL,
        to: newRoot,
      }),
      fatal('writable', 'Write-protected storage shows only when it is written to.', {
        kind: 'write-probe',
        path: `${newRoot}/.mountroot-probe`,
      }),
      fatal('probe-gone', 'The probe was only to see whether writing works.', {
        kind: 'remove-tree',
        path: `${newRoot}/.mountroot-probe`,
      }),
      ...pivotTo(facts, null),
    ];
    return planOf(
      'start',
      facts,
      {
        stage: 'external-root',
        rung: 'persistent',
        summary: `the external root on ${describe(device)}`,
        steps,
        trouble,
        notes: mountNotes(facts),
      },
      true,
    );
  }
  const { at, steps: place } = placeData(facts, EXTERNAL);
  const steps = [
    ...count,
    makePrivate(facts),
    ...place,
    ...upperSteps(null, at, at),
    ...adoption(`${at}/upper/etc`),
    ...flashOverlay(facts, at),
    ...pivotTo(facts, at),
  ];
  return planOf(
    'start',
    facts,
    {
      stage: 'external-root',
      rung: 'persistent',
      summary: `an overlay root that keeps its changes on external ${describe(device)}`,
      steps,
      trouble,
      notes: mountNotes(facts),
    },
    true,
  );
}
