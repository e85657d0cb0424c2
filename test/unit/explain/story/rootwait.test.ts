import t from 'tap';
import type { RootName } from '../../../../src/explain/story/root-name.js';
import { ROOTWAIT_RULES } from '../../../../src/explain/story/rootwait.js';
import { walkRules } from '../../../fixtures/rule-walk.js';
import { WHOLE, storyOf } from '../../../fixtures/story.js';

const name = (changes: Partial<RootName> = {}): RootName => ({
  form: 'device',
  said: '/dev/sda1',
  number: '8:1',
  exists: true,
  device: null,
  ...changes,
});
const WAITS = [...WHOLE, 'Waiting for root device /dev/sda1...'];
const CAME = [...WAITS, 'VFS: Mounted root (ext4 filesystem) readonly on device 8:1.'];

t.test('the effect of rootwait, row by row', async (t) => {
  walkRules(t, ROOTWAIT_RULES, [
    [
      'root= is invalid',
      {
        t: storyOf({}, [...WAITS, 'Disabling rootwait; root= is invalid.']),
        name: name(),
        earlier: 0,
      },
      { verdict: 'invalid', evidence: { kind: 'seen', from: 'log' } },
    ],
    [
      'the time was over',
      {
        t: storyOf({}, [
          ...WAITS,
          'VFS: Cannot open root device "/dev/sda1" or unknown-block(0,0): error -6',
        ]),
        name: name(),
        earlier: 0,
      },
      { verdict: 'timed-out', evidence: { kind: 'seen', from: 'log' } },
    ],
    [
      'the log ends with the wait',
      { t: storyOf({}, WAITS), name: name(), earlier: 0 },
      { verdict: 'did-not-come', evidence: { kind: 'seen', from: 'log' } },
    ],
    [
      'the root was mounted later',
      { t: storyOf({}, CAME), name: name(), earlier: 0 },
      { verdict: 'came' },
    ],
    [
      'a log of a console does not show whether it waited',
      { t: storyOf({ onlySeen: true }, WHOLE), name: name(), earlier: 0 },
      { verdict: 'if-missing', because: { code: 'rootwait-word' } },
    ],
    [
      'the name is no ID',
      { t: storyOf(), name: name({ form: 'partuuid', said: 'PARTUUID=a/b' }), earlier: 0 },
      { verdict: 'invalid', because: { code: 'rootwait-malformed' } },
    ],
    [
      'the name has no number',
      { t: storyOf(), name: name({ number: '0:0', exists: false }), earlier: 0 },
      { verdict: 'waits', because: { code: 'rootwait-missing' } },
    ],
    [
      'whether it is there is not known',
      { t: storyOf(), name: name({ exists: null }), earlier: 0 },
      { verdict: 'if-missing', evidence: { kind: 'unknown', from: 'cmdline' } },
    ],
    [
      'a number is never waited for',
      { t: storyOf(), name: name({ form: 'number' }), earlier: 0 },
      { verdict: 'no', because: { code: 'rootwait-number' } },
    ],
  ]);
});
