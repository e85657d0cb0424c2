/**
 * A script that was planned with the image makes the root, and the agent verifies it while init
 * runs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { stageRootfs } from '../../scripts/image/rootfs.js';
import { board, mountsOf, putOnBench } from '../harness/board.js';
import { rootfsWith, rootfsWithoutNode } from '../harness/rootfs-variant.js';
import { bootState } from '../harness/records.js';

/** Reports wrap their lines. */
const flat = (text: string): string => text.replace(/\s+/g, ' ');
const SCRIPT = readFileSync(join(await stageRootfs(board), 'usr/lib/mountroot/start.sh'), 'utf8');
const BY_SCRIPT = /mountroot: \/ is an overlay root .*, made by the script/;

t.test(
  "the script makes the agent's root, boot after boot, and every report tells of it",
  async (t) => {
    const bench = await putOnBench(t, { first: 'script' });
    const first = await bench.bootToInit();
    t.match(
      first.console,
      /mountroot: script refused: the volume is not in use yet.*; the agent makes the root/,
      "an empty volume is the agent's",
    );
    t.match(
      flat(await first.output('mountroot status')),
      /took [\d.]+ m?s, by the agent, because the script that went first refused/,
    );
    const expected = await mountsOf(first);
    await first.powerOff();

    for (const boot of [2, 3]) {
      const machine = await bench.bootToInit();
      t.match(machine.console, BY_SCRIPT);
      t.match(machine.console, new RegExp(`init: boot ${boot} on this root`));
      t.notMatch(machine.console, /could not be verified|not what start would have made/);
      t.same(await mountsOf(machine), expected, "the mounts are the agent's");
      t.match(await bootState(machine), {
        verb: 'done',
        rung: 'persistent',
        reason: null,
        warnings: [],
        persistent: true,
      });
      t.equal(
        await machine.output(
          'cat /overlay/.mountroot/attempts; readlink /overlay/.fs_state; ls ' +
            '/overlay/.mountroot/boots | wc -l; cat /tmp/mountroot/notice',
        ),
        `0\n2\n${boot}\n`,
      );
      if (boot === 3) {
        t.match(
          flat(await machine.output('mountroot status --steps')),
          / start took [\d.]+ ms, by the script, and verified, .*; confirmed by done.* pivot [\d.]+ ms done /,
        );
        t.match(
          flat(await machine.output('mountroot journal --boot 3')),
          /the root was made by the script, and verified.*pivot/,
        );
        t.match(
          flat(await machine.output('mountroot explain')),
          /made the root by the script, and verified/,
        );
        t.match(await machine.output('mountroot timeline'), /start by the script/);
        t.match(
          flat((await machine.run('mountroot doctor --verbose')).output),
          /the script made the root, and the agent has verified it/,
        );
      }
      await machine.powerOff();
    }
    const agent = await bench.bootToInit({ append: 'mountroot.first=agent' });
    t.notMatch(
      agent.console,
      /mountroot: script|by the script/,
      'the last word on the command line holds',
    );
    t.same(await mountsOf(agent), expected);
    await agent.powerOff();
  },
);

t.test(
  'if a step of the script fails, the agent makes the root and counts the start once',
  async (t) => {
    const broken = SCRIPT.replace(/^(n=\d+ id=work-clean)\n.*$/m, '$1\nfail');
    const bench = await putOnBench(t, {
      first: 'script',
      rootfs: await rootfsWith({
        'usr/lib/mountroot/start.sh': broken,
        'etc/init.d/rcS': '#!/bin/sh\necho "init: ready" >/dev/console\n',
      }),
    });
    const first = await bench.bootToInit({}, /init: ready/);
    await first.output('rm -f /overlay/.fs_state; ln -s 2 /overlay/.fs_state; sync');
    t.equal(await first.output('cat /overlay/.mountroot/attempts'), '1\n');
    await first.powerOff();
    const machine = await bench.bootToInit({}, /init: ready/);
    t.match(
      machine.console,
      /mountroot: script failed at step \d+\/\d+ \(work-clean\), everything was taken back; the agent makes the root/,
    );
    t.match(await bootState(machine), { rung: 'persistent', reason: null, verb: 'start' });
    t.equal(
      await machine.output('cat /overlay/.mountroot/attempts'),
      '2\n',
      'two starts, neither confirmed',
    );
    t.match(
      flat(await machine.output('mountroot journal')),
      /by the agent, because the script that went first failed: step work-clean/,
    );
    await machine.powerOff();
  },
);

t.test(
  'without Node the script still makes the root, and reports say that it is unverified',
  async (t) => {
    const withAgent = await putOnBench(t);
    const used = await withAgent.bootToInit();
    await used.output('echo mine >/root/mine && sync');
    await used.powerOff();
    const bench = await putOnBench(t, {
      first: 'script',
      data: readFileSync(withAgent.flash.at(-1)!),
      rootfs: await rootfsWithoutNode({}),
    });
    const machine = await bench.bootToInit({}, /init: done, status 127/);
    t.match(machine.console, BY_SCRIPT);
    // The verifying agent has a lower priority than init.
    const told = /preinit: the root that the script made could not be verified/;
    if (!told.test(machine.console)) await machine.waitFor(told);
    t.equal(
      await machine.output('cat /root/mine; cat /overlay/.mountroot/attempts'),
      'mine\n1\n',
      'it is counted, and confirmed by nobody',
    );
    await machine.powerOff();
  },
);

t.test('the agent cleans up after a killed script, and makes the root', async (t) => {
  const killed = SCRIPT.replace(
    /^n=\d+ id=move-tmp\n/m,
    (line) => `${line}exec sh -c 'kill -KILL $$'\n`,
  );
  const bench = await putOnBench(t, {
    first: 'script',
    rootfs: await rootfsWith({ 'usr/lib/mountroot/start.sh': killed }),
  });
  const first = await bench.bootToInit();
  await first.output('echo mine >/root/mine && sync');
  const expected = await mountsOf(first);
  await first.powerOff();
  const machine = await bench.bootToInit();
  t.match(machine.console, /preinit: the script ended with status 137; the agent makes the root/);
  t.match(await bootState(machine), { rung: 'persistent', reason: null, warnings: [] });
  t.same(await mountsOf(machine), expected);
  t.equal(await machine.output('cat /root/mine; cat /overlay/.mountroot/attempts'), 'mine\n0\n');
  await machine.powerOff();
});
