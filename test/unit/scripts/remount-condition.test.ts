/** Whether systemd may remount / with the options of /etc/fstab. */
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import t from 'tap';

const UNIT = new URL('../../../scripts/package/debian/remount-fs.conf', import.meta.url);

const PLACES = ['/run/mountroot', '/tmp/mountroot'];

/** Whether the condition holds with a folder in one of the places, and nothing in the other. */
const holds = (folder: string): boolean => {
  const [one, other] = PLACES.map((place) => holdsAt(folder, place));
  if (one !== other) throw new Error(`${folder} is not the same in both places`);
  return one!;
};

function holdsAt(folder: string, place: string): boolean {
  const [, command] = /^ExecCondition=\/bin\/sh -c '(.*)'$/m.exec(readFileSync(UNIT, 'utf8'))!;
  const words = PLACES.reduce(
    (text, each) => text.replaceAll(each, each === place ? folder : '/nowhere'),
    // systemd makes one character of two.
    command!.replaceAll('$$', '$'),
  );
  return spawnSync('/bin/sh', ['-c', words]).status === 0;
}

t.test('only a folder that root made keeps / from being remounted', async (t) => {
  const folder = `${t.testdir({})}/mountroot`;
  t.ok(holds(folder), 'mountroot made no root');
  mkdirSync(folder);
  t.ok(holds(folder), 'it did not finish');
  writeFileSync(`${folder}/state.json`, '{}');
  t.notOk(holds(folder), 'mountroot made the root');
  renameSync(folder, `${folder}-elsewhere`);
  symlinkSync(`${folder}-elsewhere`, folder);
  t.ok(holds(folder), 'a symlink to such a folder');
});

const skip = process.getuid?.() === 0 ? false : 'needs root to give a folder away';

t.test('a folder of another user does not keep / read-only', { skip }, async (t) => {
  const folder = `${t.testdir({})}/mountroot`;
  mkdirSync(folder);
  writeFileSync(`${folder}/state.json`, '{}');
  chownSync(folder, 1000, 1000);
  t.ok(holds(folder));
});
