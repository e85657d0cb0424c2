import t from 'tap';
import type { External, Facts } from '../../../src/facts/facts.js';
import { EXTERNAL_VOLUME } from '../../../src/plan/external.js';
import type { StageResult } from '../../../src/plan/plan.js';
import { device, openedFacts, withFilesystems, withSettings } from '../../fixtures/facts.js';
import { failedAt, succeeded, walkTable } from '../../fixtures/walk-table.js';

const EXTERNAL: External = {
  wanted: 'LABEL=ext',
  found: [device({ kind: 'block', name: 'vda', label: 'ext', source: '/dev/vda' })],
  content: { kind: 'ext4', evidence: '' },
  attach: null,
  at: '/tmp/extroot',
  readonly: false,
  identity: 'me',
  upper: 'missing',
  work: 'missing',
  init: false,
  offered: '',
};

interface Given {
  changes?: Partial<External>;
  opened?: Partial<NonNullable<Facts['opened']>>;
  target?: 'overlay' | 'root';
  earlier?: StageResult[];
}

const outside = ({ changes, opened = {}, target = 'overlay', earlier = [] }: Given = {}) => {
  const external = { ...EXTERNAL, ...changes };
  const facts = withFilesystems(
    ['jffs2', 'ext4', 'overlay'],
    withSettings(
      { extroot: 'LABEL=ext', extroot_target: target },
      openedFacts({ identity: 'me', ...opened }, { external }),
    ),
  );
  return { facts, earlier, external, opened: facts.opened! };
};

t.test('the external volume, row by row', async (t) => {
  const absent = { found: [], content: null };
  const outcomes: Record<string, string> = {};
  walkTable(
    t,
    EXTERNAL_VOLUME,
    {
      wait: outside({ changes: absent }),
      missing: outside({ changes: absent, earlier: [succeeded('external-wait')] }),
      failed: outside({ earlier: [failedAt('external-root', 'EIO')] }),
      open: outside({ changes: { at: null } }),
      'read-only': outside({ changes: { readonly: true } }),
      'of-another-board': outside({ changes: { identity: 'other' } }),
      'no-init': outside({ target: 'root' }),
      'cannot-be-tied': outside({
        changes: { identity: null },
        opened: { identity: null, readonly: true },
      }),
      reset: outside({ changes: { order: { keep: [] } } }),
      root: outside(),
    },
    (outcome, id) => {
      outcomes[id] = 'decision' in outcome ? outcome.stage : outcome.reason;
    },
  );
  t.same(outcomes, {
    wait: 'external-wait',
    missing: 'extroot-missing',
    failed: 'extroot-failed',
    open: 'external',
    'read-only': 'extroot-failed',
    'of-another-board': 'extroot-mismatch',
    'no-init': 'extroot-failed',
    'cannot-be-tied': 'extroot-failed',
    reset: 'external-reset',
    root: 'external-root',
  });
});
