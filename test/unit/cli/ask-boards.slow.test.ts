/** One hostile board must not keep `remote` from showing the others. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { EXIT } from '../../../src/plan/exit.js';

/** An ssh whose host's name says what it answers. */
const SSH = `#!${process.execPath}
const host = process.argv.at(-2);
const deep = '['.repeat(200000) + ']'.repeat(200000);
const answers = {
  well: '{"schema":"mountroot.status/1","degraded":false,"persistent":true,"summary":"fine"}',
  deep: '{"schema":"mountroot.status/1","rung":' + deep + '}',
  many: '[' + '0,'.repeat(1500000) + '0]',
};
process.stdout.write(answers[host]);
`;

t.test('a table, a value and lines show all boards, whatever one of them sends', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-boards-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
  const ssh = join(folder, 'ssh');
  writeFileSync(ssh, SSH);
  chmodSync(ssh, 0o755);
  for (const form of [[], ['--json'], ['--ndjson']]) {
    const { status, stdout } = spawnSync(
      process.execPath,
      [agent, 'remote', 'deep', 'well', 'many', ...form],
      { env: { PATH: `${folder}:${process.env['PATH']}` }, encoding: 'utf8' },
    );
    t.equal(status, EXIT.failed);
    t.match(stdout, /fine/, 'the sound one is shown');
    t.match(stdout, /nested\s+more\s+than\s+64\s+deep/, 'and the reason for each other');
    t.match(stdout, /more\s+than\s+1000000\s+values/);
    t.ok(stdout.length < 4000);
    if (form[0] === '--json') t.match(JSON.parse(stdout), { failed: ['deep', 'many'] });
  }
});
