import t from 'tap';
import {
  COMMAND_LINE_RULES,
  effectiveCommandLine,
} from '../../../src/explain/effective-command-line.js';
import { foretold } from '../../fixtures/explained.js';
import { walkRules } from '../../fixtures/rule-walk.js';

t.test('the effective command line, row by row', async (t) => {
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

t.test('the configuration chooses between two command lines', async (t) => {
  const own = { CMDLINE: 'root=/dev/own' };
  t.equal(effectiveCommandLine('a', null).text, 'a');
  t.equal(effectiveCommandLine('a', own).text, 'a');
  t.equal(effectiveCommandLine('', own).text, 'root=/dev/own');
  t.equal(effectiveCommandLine('a', { ...own, CMDLINE_EXTEND: 'y' }).text, 'a root=/dev/own');
  t.equal(effectiveCommandLine('a', { ...own, CMDLINE_FORCE: 'y' }).text, 'root=/dev/own');
  t.match(foretold('root=/dev/a', { config: { ...own, CMDLINE_FORCE: 'y' } }), {
    commandLine: 'root=/dev/own',
    decisions: [{ id: 'command-line', evidence: 'config' }],
  });
});
