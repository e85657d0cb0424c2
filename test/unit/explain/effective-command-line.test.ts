import t from 'tap';
import { COMMAND_LINE_RULES } from '../../../src/explain/effective-command-line.js';
import { walkRules } from '../../fixtures/rule-walk.js';

t.test('which command line holds, row by row', async (t) => {
  const lines = (handed: string, own: string, config: Record<string, string> = {}) => ({
    handed,
    own,
    config,
  });
  walkRules(t, COMMAND_LINE_RULES, [
    ['the kernel has none', lines('a', ''), { text: 'a', holder: 'boot-loader' }],
    [
      'the kernel insists',
      lines('a', 'b', { CMDLINE_FORCE: 'y' }),
      { text: 'b', holder: 'kernel-by-force' },
    ],
    [
      'the kernel adds its own',
      lines('a', 'b', { CMDLINE_EXTEND: 'y' }),
      { text: 'a b', holder: 'both' },
    ],
    ['the boot loader gives none', lines('', 'b'), { text: 'b', holder: 'kernel' }],
    ['both give one', lines('a', 'b'), { text: 'a', holder: 'boot-loader-first' }],
  ]);
});
