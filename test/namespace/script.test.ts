/** The script that goes before the agent, on the real kernel: it ends in the agent's mounts, or leaves all as it was. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { parseMountinfo } from '../../src/facts/mountinfo.js';
import { inSandbox } from './sandbox.js';
import type { ScriptReport, ScriptScenario } from './script-inside.js';

/** A volume in use, with a setting on it. */
function healthy(data: string): void {
  for (const path of ['upper/etc', 'work/work', '.mountroot']) mkdirSync(`${data}/${path}`, { recursive: true });
  writeFileSync(`${data}/upper/etc/mine`, 'mine\n');
  writeFileSync(`${data}/.mountroot/attempts`, '3\n');
  symlinkSync('2', `${data}/.fs_state`);
}

const runScript = async (t: Test, scenario: Partial<ScriptScenario> = {}): Promise<ScriptReport> =>
  (await inSandbox(t, { program: 'script-inside', enter: 'enter-small.sh', prepare: healthy }, (device): ScriptScenario => ({ device, first: 'script', spoils: [], failing: false, ...scenario }))) as ScriptReport;

/** Without what differs from one namespace to the next: ids become the mountpoint of the parent, and numbers of devices and loops go. */
function table(mountinfo: string): string[] {
  const mounts = parseMountinfo(mountinfo);
  return mounts.map(({ parent, mountpoint, root, options, fstype, source, superOptions, shared }) => `${mountpoint} on ${mounts.find(({ id }) => id === parent)?.mountpoint ?? '-'} ${root.replace(/-\d+$/, '')} ${options.join()} ${fstype} ${source.replace(/\d+$/, '')} ${superOptions.join()} ${shared === undefined ? '' : 'shared'}`).sort();
}

t.test('the script ends in the same mounts as the agent, and the agent verifies and writes down what it did', async (t) => {
  const [script, agent] = [await runScript(t), await runScript(t, { first: 'agent' })];
  t.equal(script.last.status, 0, script.last.log);
  t.same(table(script.after), table(agent.after));
  t.same(script.said, []);
  t.same(script.settled, { exit: 0, locked: true });
  t.match(script.state, { rung: 'persistent', reason: null, exit: 0, warnings: [] });
  const records = script.journal.trim().split('\n').map((line) => JSON.parse(line) as { type: string; id?: string; result?: string });
  const steps = (journal: string): string[] => [...journal.matchAll(/"type":"step","number":\d+,"id":"([^"]+)"/g)].map(([, id]) => id!);
  t.same(steps(script.journal), steps(agent.journal), 'the journal has the steps that the agent would have taken');
  t.match(records.find(({ type }) => type === 'script'), { result: 'made', differences: [] });
});

/** Each is refused, or fails, for the reason given. */
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
  ['rm -r work; mkdir -p work; echo x >work/work; mkdir .mountroot/attempts.next', /^end \S+ failed step count/m],
];

t.test('whatever it refuses, and whichever step fails, the script leaves mounts and volume as they were', async (t) => {
  const { before, attempts, last, settled } = await runScript(t, { spoils: SPOILS.map(([spoil]) => spoil), failing: true });
  t.ok(attempts.length > SPOILS.length + 15);
  for (const [index, { what, status, log, mountinfo, volume }] of attempts.entries()) {
    const says = SPOILS[index]?.[1];
    if (says !== undefined) t.match(log, says, what);
    t.equal(status, says === undefined || /^end \S+ failed/m.test(log) ? 1 : 5, `${what}: its status says whether anything was tried`, { log });
    t.equal(mountinfo, before, `${what}: the mounts are as they were`, { log });
    // The overlay's own scratch is made anew by every mount, and a start may leave our folder behind.
    const kept = (lines: string[]): string[] => lines.filter((line) => !/^\/work\/|attempts\.next/.test(line));
    t.same(kept(volume.after), kept(volume.before), `${what}: the volume is as it was`, { log });
    t.notMatch(log, /not everything/, what);
  }
  t.equal(last.status, 0, 'and behind all of it the script makes the root');
  t.equal(settled?.exit, 0);
});
