import t from 'tap';
import type { Facts, MountedVolume } from '../../../src/facts/facts.js';
import { DONE, DONE_IN_MEMORY } from '../../../src/plan/done.js';
import { LATE_MOUNTS } from '../../../src/plan/move-to-flash.js';
import type { Reason, StageResult } from '../../../src/plan/plan.js';
import { firstMatch } from '../../../src/plan/rule-table.js';
import {
  behindFacts,
  boardFacts,
  openedFacts,
  ownRootFacts,
  withContent,
  withFilesystems,
  withSettings,
  withVolume,
} from '../../fixtures/facts.js';
import { failedAt, succeeded, walkTable } from '../../fixtures/walk-table.js';

/** `/` is an overlay of ours; its source names the upper layer's file system. */
const rootOn = (source: string, facts: Facts, ...superOptions: string[]): Facts => ({
  ...facts,
  mounts: facts.mounts.map((each) =>
    each.mountpoint === '/' ? { ...each, fstype: 'overlay', source, superOptions } : each,
  ),
});
const FLASH = 'overlayfs:/overlay';
const MEMORY = 'overlayfs:/tmp/root';

const completion = (facts: Facts, ...earlier: StageResult[]) => ({
  facts,
  earlier,
  dryRun: false,
});

t.test('done, row by row', async (t) => {
  const tried: Facts = boardFacts({ state: { rung: 'rom', reason: 'no-overlay' } });
  const decisions: Record<string, string> = {};
  walkTable(
    t,
    DONE,
    {
      persist: completion(
        rootOn(MEMORY, { ...openedFacts(), state: { rung: 'volatile', reason: 'persist' } }),
      ),
      'in-memory': completion(rootOn(MEMORY, withContent('unknown'))),
      'on-flash': completion(rootOn(FLASH, openedFacts())),
      'volume-gone': completion(rootOn(FLASH, boardFacts())),
      'own-root': completion(ownRootFacts()),
      'no-start': completion(boardFacts({ state: null })),
      'not-ours': completion(tried),
    },
    ({ decision }, id) => {
      decisions[id] = decision;
    },
  );
  t.same(decisions, {
    persist: 'go',
    'in-memory': 'already',
    'on-flash': 'go',
    'volume-gone': 'already',
    'own-root': 'go',
    'no-start': 'refuse',
    'not-ours': 'already',
  });
});

const memory = (facts: Facts, ...earlier: StageResult[]) =>
  completion(rootOn(MEMORY, facts, 'rw'), ...earlier);
const after = (reason: Reason, facts: Facts = boardFacts()): Facts => ({
  ...facts,
  state: { rung: reason === 'boot-loop' ? 'volatile' : 'kept-read-only', reason },
});
const volume = (changes: Partial<MountedVolume> = {}): Facts =>
  openedFacts({ upper: 'missing', work: 'missing', ...changes });
const COPY_FAILED = failedAt('copy', 'ENOSPC', { step: 'copy' });
const MOUNTED_MEANWHILE = failedAt('switch', null, { step: LATE_MOUNTS });
const TO_MAKE = behindFacts(
  { content: { kind: 'erase-marker', evidence: 'as seen' }, makers: { ext4: '/sbin/mkfs.ext4' } },
  true,
);
const MARKED = withContent('erase-marker');

t.test('done with a root in memory, row by row', async (t) => {
  const stages: Record<string, string> = {};
  walkTable(
    t,
    DONE_IN_MEMORY,
    {
      thaw: completion(rootOn(MEMORY, boardFacts(), 'ro')),
      'move-failed': memory(volume(), COPY_FAILED),
      'move-failed-and-gone': memory(boardFacts(), COPY_FAILED),
      failed: memory(boardFacts(), failedAt('erase', 'EIO')),
      'write-protected': memory(after('write-protected')),
      show: memory(behindFacts()),
      make: memory(TO_MAKE),
      'count-volume-gone': memory(after('boot-loop', withVolume({ found: [], content: null }))),
      'count-open': memory(after('boot-loop')),
      'count-set-back': memory(after('boot-loop'), succeeded('open'), succeeded('mark')),
      count: memory(after('full', volume({ upper: 'directory' })), succeeded('open')),
      'erase-failed': memory(MARKED, succeeded('erase')),
      erase: memory(MARKED),
      'persist-waits': memory(withSettings({ persist: ['/etc'] }, volume())),
      'old-overlayfs': memory(withFilesystems(['jffs2', 'overlayfs'], volume())),
      copy: memory(volume()),
      'copy-again': memory(volume(), { ...succeeded('copy'), ms: 2001 }),
      switch: memory(volume(), succeeded('copy'), MOUNTED_MEANWHILE),
      'not-empty': memory(openedFacts()),
      'not-blank': memory(withContent('unknown')),
      gone: memory(withContent('blank'), succeeded('open')),
      unusable: memory(withFilesystems(['overlay'], withContent('blank'))),
      open: memory(withContent('blank')),
    },
    (decision, id) => {
      stages[id] = decision.decision === 'go' ? decision.stage : decision.summary;
    },
  );
  const stays = Object.entries(stages).filter(([, stage]) => / stays in memory, /.test(stage));
  t.same(
    stays.map(([id]) => id),
    [
      'move-failed-and-gone',
      'failed',
      'write-protected',
      'count-volume-gone',
      'count-set-back',
      'erase-failed',
      'persist-waits',
      'old-overlayfs',
      'not-empty',
      'not-blank',
      'gone',
      'unusable',
    ],
  );
  t.match(stages, {
    thaw: 'thaw',
    'move-failed': 'tidy',
    show: 'attach',
    make: 'make',
    'count-open': 'open',
    count: 'mark',
    erase: 'erase',
    copy: 'copy',
    'copy-again': 'copy-again',
    switch: 'switch',
    open: 'open',
  });
});

t.test('flash that was erased since the start is opened; other jffs2 is left alone', async (t) => {
  const decide = (reason: Reason) =>
    firstMatch(
      DONE_IN_MEMORY,
      memory({ ...withContent('jffs2'), state: { rung: 'volatile', reason } }),
    );
  t.match(decide('erase-marker'), { decision: 'go', stage: 'open' });
  t.match(decide('unknown-content'), { summary: / stays in memory, / });
});
