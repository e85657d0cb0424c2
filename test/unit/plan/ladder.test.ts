import t from 'tap';
import type { Facts } from '../../../src/facts/facts.js';
import { LADDER, LEFT_UNDONE, climbOf, type Climb } from '../../../src/plan/ladder.js';
import { MEMORY_OR_IMAGE } from '../../../src/plan/memory-or-image.js';
import type { Plan, StageResult } from '../../../src/plan/plan.js';
import { ROOT_FAILURES } from '../../../src/plan/root-trouble.js';
import {
  behindFacts,
  boardFacts,
  device,
  openedFacts,
  ownRootFacts,
  withContent,
  withFilesystems,
  withSettings,
  withVolume,
} from '../../fixtures/facts.js';
import { failedAt, succeeded, walkTable } from '../../fixtures/walk-table.js';

const climb = (facts: Facts, ...earlier: StageResult[]): Climb => climbOf(facts, earlier);

const OPEN = succeeded('open');
const ROOT_FULL = failedAt('root', 'ENOSPC', { step: 'writable' });
const MEMORY_FAILED = failedAt('root', 'ENOMEM', {
  rung: 'volatile',
  reason: 'mount-failed',
  because: 'the volume cannot be mounted',
});
const NO_PLACE = boardFacts({ paths: { ...boardFacts().paths, '/tmp': 'missing' } });
const NO_OVERLAY = withFilesystems(['jffs2']);
const SLOW = withVolume({ wanted: 'LABEL=data', found: [], content: null });
const ON_UBI = withVolume({ found: [], content: null, attach: 3 });
const TO_IMPORT = openedFacts({
  imported: { ordered: true, next: 'directory', former: 'missing', same: false },
});
const BESIDE_EXTERNAL = withSettings(
  { extroot: 'LABEL=ext' },
  openedFacts(
    {},
    {
      external: {
        wanted: 'LABEL=ext',
        found: [],
        content: null,
        attach: null,
        at: null,
        readonly: false,
        identity: null,
        upper: 'missing',
        work: 'missing',
        init: false,
        offered: '',
      },
    },
  ),
);

/** OpenWrt's marker is behind the image, and the program that makes a file system is there. */
const TO_MAKE = behindFacts(
  {
    content: { kind: 'erase-marker', evidence: 'as seen' },
    makers: { ext4: '/sbin/mkfs.ext4' },
  },
  true,
);

const PERSIST = withSettings(
  { persist: ['/etc/network'] },
  {
    ...openedFacts(),
    persist: [{ path: '/etc/network', at: '/etc/network', kind: 'directory' }],
  },
);
const UNFINISHED = withVolume({
  found: [device({ kind: 'ubi', name: 'ubi0_0', source: 'ubi0_0', number: null })],
  content: { kind: 'ubifs', evidence: 'as seen', unfinished: true },
});
const PERSIST_FAILED = failedAt('root', 'EBUSY', { rung: 'volatile', reason: 'persist' });

const SITUATIONS: Record<string, Climb> = {
  'own-root': climb(ownRootFacts()),
  'own-root-protected': climb({ ...ownRootFacts(), rootProtected: true }),
  'no-place': climb(NO_PLACE),
  'memory-failed': climb(boardFacts(), MEMORY_FAILED),
  wait: climb(SLOW),
  attach: climb(ON_UBI),
  'attach-failed': climb(ON_UBI, succeeded('attach')),
  'no-overlay': climb(NO_OVERLAY),
  show: climb(behindFacts()),
  'not-shown': climb(behindFacts(), failedAt('attach', 'EBUSY')),
  'not-made': climb(TO_MAKE, failedAt('make', 'EIO')),
  make: climb(TO_MAKE),
  unusable: climb(withContent('unknown')),
  'open-read-only': climb(boardFacts(), failedAt('open', 'EROFS')),
  'open-emptied': climb(UNFINISHED, failedAt('open', 'EINVAL')),
  'open-failed': climb(boardFacts(), failedAt('open', 'EIO')),
  open: climb(boardFacts()),
  gone: climb(boardFacts(), OPEN),
  'boot-loop': climb(openedFacts({ attempts: 5 }), OPEN),
  reset: climb(openedFacts({ order: { keep: [] } }), OPEN),
  import: climb(TO_IMPORT, OPEN),
  'persist-given-up': climb(PERSIST, OPEN, PERSIST_FAILED),
  persist: climb(PERSIST, OPEN),
  external: climb(BESIDE_EXTERNAL, OPEN),
  persistent: climb(openedFacts(), OPEN),
  'kept-read-only': climb(openedFacts(), OPEN, ROOT_FULL),
  volatile: climb(openedFacts({ upper: 'missing' }), OPEN, ROOT_FULL),
};

/** The result of each row: a stage, or a rung and its reason. */
const LEADS_TO: Record<string, [stage: string, rung: string, reason: string | null]> = {
  'own-root': ['root', 'persistent', null],
  'own-root-protected': ['root', 'volatile', 'root-protected'],
  'no-place': ['root', 'rom', 'no-directory'],
  'memory-failed': ['root', 'rom', 'mount-failed'],
  wait: ['wait', 'persistent', null],
  attach: ['attach', 'persistent', null],
  'attach-failed': ['root', 'volatile', 'attach-failed'],
  'no-overlay': ['root', 'rom', 'no-overlay'],
  show: ['attach', 'persistent', null],
  'not-shown': ['root', 'volatile', 'attach-failed'],
  'not-made': ['root', 'volatile', 'make-failed'],
  make: ['make', 'persistent', null],
  unusable: ['root', 'volatile', 'unknown-content'],
  'open-read-only': ['open', 'persistent', null],
  'open-emptied': ['open', 'persistent', null],
  'open-failed': ['root', 'volatile', 'mount-failed'],
  open: ['open', 'persistent', null],
  gone: ['root', 'volatile', 'mount-failed'],
  'boot-loop': ['root', 'volatile', 'boot-loop'],
  reset: ['reset', 'persistent', null],
  import: ['import', 'persistent', null],
  'persist-given-up': ['root', 'volatile', 'overlay-failed'],
  persist: ['root', 'volatile', 'persist'],
  external: ['external-wait', 'persistent', null],
  persistent: ['root', 'persistent', null],
  'kept-read-only': ['root', 'kept-read-only', 'full'],
  volatile: ['root', 'volatile', 'full'],
};

t.test('the ladder, row by row', async (t) => {
  walkTable(t, LADDER, SITUATIONS, ({ stage, rung, reason, trouble }: Plan, id) => {
    t.same([stage, rung, reason], LEADS_TO[id], id);
    t.equal(trouble?.reason ?? null, reason, 'the reason as data');
  });
});

t.test('the omissions on a root that keeps its changes, row by row', async (t) => {
  walkTable(
    t,
    LEFT_UNDONE,
    {
      external: climb(BESIDE_EXTERNAL, OPEN, failedAt('external-wait', 'ENODEV')),
      'order-unreadable': climb(openedFacts({ order: 'unreadable' })),
      'reset-failed': climb(openedFacts(), failedAt('reset', 'EIO')),
      'import-failed': climb(openedFacts(), failedAt('import', 'EIO')),
    },
    ({ found }) => t.match(found, /stands|the internal one is used instead/),
  );
});

t.test('a root in memory, or the image if that is impossible, row by row', async (t) => {
  const trouble = { reason: 'mount-failed', found: 'it cannot be mounted', cure: null } as const;
  const down = (facts: Facts, ...earlier: StageResult[]) => ({ facts, earlier, trouble });
  walkTable(
    t,
    MEMORY_OR_IMAGE,
    {
      'memory-failed': down(boardFacts(), MEMORY_FAILED),
      'no-overlay': down(NO_OVERLAY),
      'no-place': down(NO_PLACE),
      memory: down(boardFacts()),
    },
    ({ rung }, id) => t.equal(rung, id === 'memory' ? 'volatile' : 'rom'),
  );
});

t.test('the results of a failed root, row by row', async (t) => {
  const failed = (step: string, errno: string | null, ...warned: string[]) => ({
    step,
    errno,
    error: 'it failed',
    warned,
  });
  const reasons = new Map<string, string>();
  walkTable(
    t,
    ROOT_FAILURES,
    {
      full: failed('writable', 'ENOSPC'),
      'full-silently': failed('overlay', null, 'EDQUOT'),
      'read-only': failed('pivot', 'EROFS'),
      'flash-fails': failed('writable', 'EIO'),
      'read-only-silently': failed('overlay', null),
      otherwise: failed('pivot', 'EINVAL'),
    },
    ({ reason }, id) => reasons.set(id, reason),
  );
  t.same(
    [...reasons.values()],
    ['full', 'full', 'write-protected', 'write-protected', 'write-protected', 'overlay-failed'],
  );
});

t.test('a blank volume is opened with a note, on any device', async (t) => {
  const ubi = withVolume({
    found: [device({ kind: 'ubi', name: 'ubi0_0', source: 'ubi0_0', number: null })],
    content: { kind: 'blank', evidence: 'as seen' },
  });
  const open = LADDER.find(({ id }) => id === 'open')!;
  t.match((open.then as (climb: Climb) => Plan)(climb(ubi)).notes, [/blank/]);
});
