import t from 'tap';
import type { KernelInputs } from '../../../../src/explain/kernel-inputs.js';
import { MOUNT_RULES, type MountPlan } from '../../../../src/explain/story/mount.js';
import { predictMount } from '../../../../src/explain/story/predict-mount.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { WHOLE, storyOf } from '../../../fixtures/story.js';

const plan: MountPlan = {
  id: 'mount',
  source: {
    kind: 'block',
    exists: true,
    content: 'squashfs',
    journal: false,
    flash: true,
    readonly: true,
  },
  writable: false,
  number: '31:2',
  earlier: 0,
  sure: true,
};

/** One mount with rootfstype=, which is expected to succeed for squashfs alone. */
function mounting(fstype: string, lines: string[] = [], given: Partial<KernelInputs> = {}) {
  const story = storyOf(
    {
      commandLine: `rootfstype=${fstype}`,
      types: [{ name: fstype, device: true }],
      ...given,
    },
    lines.length === 0 ? [] : [...WHOLE.slice(0, 1), ...lines],
  );
  return { t: story, plan, expected: predictMount(story, plan.source, plan.writable) };
}

const PANIC = 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(31,2)';

t.test('the result of a mount, row by row', async (t) => {
  walkRules(t, MOUNT_RULES, [
    [
      'the log shows it',
      mounting('ext4', ['VFS: Mounted root (squashfs filesystem) readonly on device 31:2.']),
      {
        verdict: { verdict: 'yes', how: 'seen', fstype: 'squashfs', device: '31:2' },
        contradiction: { shown: { by: 'log' }, expected: { mounts: false } },
      },
    ],
    [
      'the mounts of today show it',
      mounting('squashfs', [], {
        kernelRoot: { fstype: 'squashfs', device: '31:2', readonly: true },
      }),
      { verdict: { verdict: 'yes', how: 'seen' }, because: { code: 'mounts-of-today' } },
    ],
    [
      'the kernel panicked',
      mounting('squashfs', [
        'VFS: Cannot open root device "a" or unknown-block(31,2): error -5',
        PANIC,
      ]),
      {
        verdict: { verdict: 'no', how: 'error', error: -5, foretold: false },
        then: { panics: { kind: 'no-root' } },
        contradiction: { expected: { mounts: true, fstype: 'squashfs' } },
      },
    ],
    [
      'user space runs against all expectation',
      mounting('ext4', [], { init: { program: '/sbin/init', args: ['init'] } }),
      {
        verdict: { verdict: 'yes', how: 'went-on', fstype: null },
        contradiction: { shown: { by: 'user-space' } },
      },
    ],
    [
      'the kernel went on',
      mounting('squashfs', ['Run /sbin/init as init process']),
      { verdict: { verdict: 'yes', how: 'went-on', fstype: 'squashfs' } },
    ],
    [
      'a log of a console does not show it',
      mounting('ext4', [], { onlySeen: true }),
      { verdict: { verdict: 'unknown' }, then: { open: true }, evidence: { kind: 'unknown' } },
    ],
    [
      'nothing shows it',
      mounting('ext4'),
      {
        verdict: { verdict: 'no', how: 'none-fits', tried: ['ext4'], foretold: true },
        then: { panics: { message: /unknown-block\(31,2\)/ } },
      },
    ],
  ]);
});
