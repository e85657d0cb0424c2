import t from 'tap';
import { FIRST_ROOT_RULES } from '../../../../src/explain/story/first-root.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { storyOf } from '../../../fixtures/story.js';

t.test('the type of rootfs, row by row', async (t) => {
  walkRules(t, FIRST_ROOT_RULES, [
    [
      'the command line is not known',
      storyOf({ spoken: false }),
      { verdict: 'unknown', because: { code: 'rootfs-kind-unknown' } },
    ],
    [
      'another root is named',
      storyOf({ commandLine: 'root=/dev/a' }),
      { verdict: 'ramfs', because: { code: 'word-given', word: 'root=' } },
    ],
    [
      'there is no tmpfs',
      storyOf({ config: {} }),
      { verdict: 'ramfs', because: { code: 'built-without', option: 'TMPFS' } },
    ],
    [
      'nothing speaks against it',
      storyOf(),
      {
        verdict: 'tmpfs',
        because: { code: 'no-root-no-type' },
        evidence: { kind: 'unknown', from: 'cmdline' },
      },
    ],
  ]);
});
