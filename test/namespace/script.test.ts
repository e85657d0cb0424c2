/** On the real kernel, the script that runs before the agent makes the same mounts as the agent. */
import t from 'tap';
import { parseMountinfo } from '../../src/facts/mountinfo.js';
import { runScript } from './script-sandbox.js';

/**
 * Removes the differences between namespaces: the parent's mountpoint replaces ids, and numbers of
 * devices and loops are left out.
 */
function table(mountinfo: string): string[] {
  const mounts = parseMountinfo(mountinfo);
  return mounts
    .map(
      ({ parent, mountpoint, root, options, fstype, source, superOptions, shared }) =>
        `${mountpoint} on ${mounts.find(({ id }) => id === parent)?.mountpoint ?? '-'} ` +
        `${root.replace(/-\d+$/, '')} ${options.join()} ${fstype} ` +
        `${source.replace(/\d+$/, '')} ${superOptions.join()} ` +
        `${shared === undefined ? '' : 'shared'}`,
    )
    .sort();
}

t.test(
  "the script makes the agent's mounts, and the agent verifies and records them",
  async (t) => {
    const [script, agent] = [await runScript(t), await runScript(t, { first: 'agent' })];
    t.equal(script.last.status, 0, script.last.log);
    t.same(table(script.after), table(agent.after));
    t.same(script.said, []);
    t.same(script.settled, { exit: 0, locked: true });
    t.match(script.state, { rung: 'persistent', reason: null, exit: 0, warnings: [] });
    const records = script.journal
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; id?: string; result?: string });
    const steps = (journal: string): string[] =>
      [...journal.matchAll(/"type":"step","number":\d+,"id":"([^"]+)"/g)].map(([, id]) => id!);
    t.same(
      steps(script.journal),
      steps(agent.journal),
      'the journal has the steps that the agent would have taken',
    );
    t.match(
      records.find(({ type }) => type === 'script'),
      { result: 'made', differences: [] },
    );
  },
);
