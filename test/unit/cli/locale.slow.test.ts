/**
 * The environment names no file: LC_ALL and its like come from whoever asks over SSH, and root
 * would read what they name, or wait for a FIFO.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';

/** Writes the path of every file that the process opens or examines, a line for each. */
const WATCH = `
  const fs = require('node:fs');
  const [fd, write] = [fs.openSync(process.env.SEEN, 'a'), fs.writeSync];
  for (const name of ['openSync', 'readFileSync', 'statSync', 'lstatSync', 'existsSync', 'open',
    'readFile', 'stat', 'readdirSync']) {
    const real = fs[name];
    fs[name] = (...words) => {
      write(fd, words[0] + '\\n');
      return real(...words);
    };
  }
  require('node:module').syncBuiltinESMExports();`;

t.test('no file is looked for that LC_ALL, LC_MESSAGES, LANG or LANGUAGE name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-words-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
  const [watch, seen] = [join(folder, 'watch.cjs'), join(folder, 'seen')];
  writeFileSync(watch, WATCH);
  execFileSync('mkfifo', [join(folder, 'trap.json')]);
  // Node's own library of locales does not survive long paths in the others.
  const values = [
    ['LANGUAGE', join(folder, 'trap')],
    ['LC_ALL', 'trap'],
    ['LC_MESSAGES', '/tmp/x'],
    ['LANG', 'de_DE.UTF-8'],
  ] as const;
  for (const words of [['--help'], ['journal', '--bot']])
    for (const [name, value] of values) {
      writeFileSync(seen, '');
      const { status, stderr, stdout } = spawnSync(
        process.execPath,
        ['--require', watch, agent, ...words],
        {
          env: { PATH: process.env['PATH'], SEEN: seen, [name]: value },
          timeout: 30_000,
          cwd: folder,
          encoding: 'utf8',
        },
      );
      t.ok(status !== null, `${name}=${value} ${words.join(' ')} ends`);
      t.notMatch(readFileSync(seen, 'utf8'), /\.json|trap|locale/, 'and reads no such file');
      t.match(`${stdout}${stderr}`, /mountroot|^\d/, 'in English');
    }
});
