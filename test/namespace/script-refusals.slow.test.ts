/**
 * On the real kernel, a refusal of the script that runs before the agent, or a failure in any of
 * its steps, leaves everything as it was.
 */
import t from 'tap';
import { runScript } from './script-sandbox.js';

/** The script refuses each of these, or fails, for the given reason. */
const SPOILS: [string, RegExp][] = [
  ['rm .fs_state', /not in use yet/],
  ['rm .fs_state; echo nonsense >.fs_state', /mark \.fs_state is damaged/],
  ['echo 5 >.mountroot/attempts', /count of starts/],
  ['echo many >.mountroot/attempts', /count of starts/],
  ['echo "{}" >.mountroot/reset.json', /order to reset/],
  ['echo x >sysupgrade.tgz', /firmware upgrade/],
  ['mkdir .mountroot/incoming', /switch to flash was cut off/],
  ['mkdir .mountroot/next-upper; echo >.mountroot/import.json', /import waits/],
  ['rm -r upper; ln -s /run upper', /upper layer/],
  ['rm -r work; echo x >work', /work directory/],
  ['rm -r .mountroot; ln -s /run .mountroot', /\.mountroot on the volume/],
  ['echo "{}" >upper/etc/mountroot.json', /settings of its own/],
  [
    'rm -r work; mkdir -p work; echo x >work/work; mkdir .mountroot/attempts.next',
    /^end \S+ failed step count/m,
  ],
];

t.test('a script that refuses or fails leaves mounts and volume as they were', async (t) => {
  const { before, attempts, last, settled } = await runScript(t, {
    spoils: SPOILS.map(([spoil]) => spoil),
    failing: true,
  });
  t.ok(attempts.length > SPOILS.length + 15);
  for (const [index, { what, status, log, mountinfo, volume }] of attempts.entries()) {
    const says = SPOILS[index]?.[1];
    if (says !== undefined) t.match(log, says, what);
    t.equal(
      status,
      says === undefined || /^end \S+ failed/m.test(log) ? 1 : 5,
      `${what}: its status says whether anything was tried`,
      { log },
    );
    t.equal(mountinfo, before, `${what}: the mounts are as they were`, { log });
    // Every mount makes the overlay's own scratch folder again, and a start may leave our folder.
    const kept = (lines: string[]): string[] =>
      lines.filter((line) => !/^\/work\/|attempts\.next/.test(line));
    t.same(kept(volume.after), kept(volume.before), `${what}: the volume is as it was`, { log });
    t.notMatch(log, /not everything/, what);
  }
  t.equal(last.status, 0, 'and behind all of it the script makes the root');
  t.equal(settled?.exit, 0);
});
