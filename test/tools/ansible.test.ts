import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { boardStatus } from '../fixtures/status.js';

const folder = mkdtempSync(join(tmpdir(), 'mountroot-ansible-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));

/**
 * What the documentation says to install as /etc/ansible/facts.d/mountroot.fact, but for where the
 * agent is.
 */
const FACT = (program: string): string => `#!/bin/sh\nexec ${program} status --json\n`;

t.test("Ansible's setup takes the status as a local fact", { timeout: 120_000 }, async (t) => {
  const facts = join(folder, 'facts.d');
  mkdirSync(facts);
  writeFileSync(join(facts, 'mountroot.fact'), FACT(`'${process.execPath}' '${agent}'`));
  chmodSync(join(facts, 'mountroot.fact'), 0o755);
  // What the emulated board says in its second boot, and degraded: by its own journals and mounts.
  const boards = {
    sound: boardStatus(),
    worse: boardStatus({
      rung: {
        rung: 'kept-read-only',
        reason: 'full',
        because: 'nothing can be written on /overlay (ENOSPC: no space left on device)',
      },
      free: 0,
    }),
  };
  for (const [name, status] of Object.entries(boards)) {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(status, null, 2)}\n`);
    writeFileSync(
      join(facts, `${name}.fact`),
      `#!/bin/sh\nexec cat '${join(folder, name)}.json'\n`,
      { mode: 0o755 },
    );
  }
  const home = join(folder, 'home');
  mkdirSync(home);
  const environment = [
    '-i',
    `PATH=${process.env['PATH']}`,
    `HOME=${home}`,
    `ANSIBLE_LOCAL_TEMP=${home}`,
    `ANSIBLE_REMOTE_TEMP=${home}`,
    'LC_ALL=C.UTF-8',
    'ANSIBLE_NOCOLOR=1',
  ];
  const { status, stdout, stderr } = spawnSync(
    'env',
    [
      ...environment,
      'ansible',
      'localhost',
      '-i',
      'localhost,',
      '-c',
      'local',
      '-m',
      'setup',
      '-a',
      `gather_subset=!all,!min,local fact_path=${facts}`,
    ],
    { encoding: 'utf8' },
  );
  t.equal(status, 0, stderr);
  const answer = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    ansible_facts: { ansible_local: Record<'mountroot' | 'sound' | 'worse', object> };
  };
  t.match(answer.ansible_facts.ansible_local.mountroot, {
    schema: 'mountroot.status/1',
    persistent: Boolean,
  });
  t.same(
    answer.ansible_facts.ansible_local.sound,
    JSON.parse(JSON.stringify(boards.sound)),
    'all that a board says comes through as data',
  );
  t.match(answer.ansible_facts.ansible_local.worse, {
    degraded: true,
    rung: { rung: 'kept-read-only', reason: 'full' },
    attention: [/is full/],
  });
});
