import { spawnSync } from 'node:child_process';
import t from 'tap';
import { quote } from '../../../src/text/shell.js';

t.test('any word reaches the shell unchanged', async (t) => {
  for (const word of [
    "it's",
    'a b',
    '$(reboot)',
    '`x`',
    'new\nline',
    '"',
    '\\',
    '*',
    '',
    '; rm -rf /',
    '-n',
  ]) {
    const { stdout } = spawnSync('busybox', ['sh', '-c', `printf '%s' ${quote(word)}`], {
      encoding: 'utf8',
    });
    t.equal(stdout, word === '-n' ? '-n' : word);
  }
});
