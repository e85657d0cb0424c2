import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { AGENT_FILE, BOOTS_FILE, LAYER_FILE } from '../../../src/facts/installation.js';

const built = t.testdir({ agent: {} });
await bundle('src/main.ts', join(built, 'agent', AGENT_FILE));

const ASKS = [
  [LAYER_FILE, 'diff'],
  [BOOTS_FILE, 'status'],
] as const;

for (const [file, verb] of ASKS)
  for (const [damage, how] of [
    ['cut', (path: string) => truncateSync(path, statSync(path).size >> 1)],
    ['missing', (path: string) => rmSync(path)],
  ] as const)
    t.test(`a ${damage} ${file} is told in one sentence`, (t) => {
      const folder = t.testdir({});
      cpSync(join(built, 'agent'), folder, { recursive: true });
      how(join(folder, file));
      const { status, stderr } = spawnSync(process.execPath, [join(folder, AGENT_FILE), verb], {
        encoding: 'utf8',
      });
      t.equal(status, 1);
      t.match(
        stderr,
        /^mountroot failed before it could answer: [^\n]+; a file of the agent is missing [^\n]+\n$/,
      );
      t.end();
    });
