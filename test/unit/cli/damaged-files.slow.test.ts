import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { bundle, forBoard } from '../../../scripts/agent/bundle.js';
import { areFilesWhole } from '../../../src/boot/whole-files.js';
import {
  AGENT_FILE,
  BOOTS_FILE,
  LAYER_FILE,
  REPORTS_FILE,
} from '../../../src/facts/installation.js';

const built = t.testdir({ agent: {} });
await bundle('src/main.ts', join(built, 'agent', AGENT_FILE));

/** An agent of which one file is damaged. */
function damaged(t: Test, file: string, how: (path: string) => void): string {
  const folder = t.testdir({});
  cpSync(join(built, 'agent'), folder, { recursive: true });
  how(join(folder, file));
  return join(folder, AGENT_FILE);
}

const TOLD = /^mountroot: the agent failed: [^\n]{1,200}; a file of the agent is missing [^\n]+\n$/;

function tellsDamage(t: Test, agent: string, verb: string, place: string): void {
  const { status, stderr } = spawnSync(process.execPath, [agent, verb], { encoding: 'utf8' });
  t.equal(status, 1, place);
  t.match(stderr, TOLD, place);
}

const ASKS = [
  [LAYER_FILE, 'diff'],
  [BOOTS_FILE, 'status'],
  [REPORTS_FILE, 'status'],
] as const;

const CUTS = 8;

for (const [file, verb] of ASKS) {
  // Where a statement ends, the part before it is a script too.
  t.test(`a cut ${file} is told in one sentence`, (t) => {
    const text = readFileSync(join(built, 'agent', file), 'utf8');
    for (let part = 1; part < CUTS; part += 1) {
      const about = Math.floor((text.length * part) / CUTS);
      for (const length of [about, text.indexOf(';', about) + 1, text.indexOf('}var ', about) + 1])
        tellsDamage(
          t,
          damaged(t, file, (path) => truncateSync(path, length)),
          verb,
          `${length} of ${text.length} bytes`,
        );
    }
    t.end();
  });
  t.test(`a missing ${file} is told in one sentence`, (t) => {
    tellsDamage(t, damaged(t, file, rmSync), verb, 'missing');
    t.end();
  });
}

t.test('the files are whole as they were built, and as a board has them', (t) => {
  const agent = damaged(t, AGENT_FILE, () => {});
  t.equal(areFilesWhole(agent), true);
  writeFileSync(agent, forBoard(readFileSync(agent)));
  t.equal(areFilesWhole(agent), true);
  t.end();
});

for (const file of [AGENT_FILE, BOOTS_FILE, REPORTS_FILE, LAYER_FILE])
  t.test(`one other byte in ${file} is seen`, (t) => {
    const agent = damaged(t, file, (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
    });
    t.equal(areFilesWhole(agent), false);
    t.end();
  });

t.test('a file of another build is seen', (t) => {
  const agent = damaged(t, BOOTS_FILE, (path) =>
    writeFileSync(path, readFileSync(path, 'utf8').replace('//build ', '//build 0')),
  );
  t.equal(areFilesWhole(agent), false);
  t.end();
});
