import t from 'tap';
import { BUILT_IN_RULES } from '../../../../src/explain/story/built-in.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { WHOLE, storyOf } from '../../../fixtures/story.js';

t.test('the drivers built into the kernel, row by row', async (t) => {
  walkRules(t, BUILT_IN_RULES, [
    [
      'the kernel knows no initramfs',
      storyOf({ config: {} }),
      { data: { verdict: 'nothing' }, because: { code: 'built-without' } },
    ],
    [
      'the configuration is not known, and a log without an initrd proves nothing',
      storyOf({}, [...WHOLE, 'Run /init as init process']),
      { data: { verdict: 'usual' }, evidence: { kind: 'unknown' } },
    ],
    [
      'it names no source',
      storyOf({ config: { BLK_DEV_INITRD: 'y' } }),
      { data: { verdict: 'usual' }, evidence: { kind: 'concluded', from: 'config' } },
    ],
    [
      'it names one',
      storyOf({ config: { BLK_DEV_INITRD: 'y', INITRAMFS_SOURCE: 'list' } }),
      { data: { verdict: 'source', source: 'list' } },
    ],
  ]);
});
