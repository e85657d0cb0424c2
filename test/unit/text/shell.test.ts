import { spawnSync } from 'node:child_process';
import t from 'tap';
import { nameOf } from '../../../src/system/names.js';
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

t.test('bytes that are no UTF-8 reach the shell unchanged', async (t) => {
  for (const name of ['\udcff', "no text\udcc3's\udc80 end", 'ä\udcff/b'])
    for (const shell of ['busybox', 'bash']) {
      const words = shell === 'busybox' ? ['sh'] : [];
      const { stdout } = spawnSync(shell, [...words, '-c', `printf '%s' ${quote(name)}`]);
      t.equal(nameOf(stdout), name, `${shell}: ${JSON.stringify(name)}`);
    }
});
