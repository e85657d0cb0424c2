import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ramdiskLocateVerb } from '../../../src/cli/verbs/ramdisk-locate-verb.js';
import { runVerb } from './run-verb.js';
import { initrd2, tagList, withInitrd } from '../../fixtures/boot-loader.js';

const folder = t.testdir({});
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

async function run(...words: string[]): Promise<{ stdout: string; status: number | null }> {
  let stdout = '';
  const status = await runVerb([ramdiskLocateVerb], ['locate', ...words], {
    print: (text) => void (stdout += text),
  });
  return { stdout, status };
}

t.test(
  'the address of an initrd is read from a blob or a tag list, chosen by the first bytes',
  async (t) => {
    t.match(await run(file('board.dtb', withInitrd(0x6800_0000, 0x6800_1000))), {
      status: 0,
      stdout: /^\/chosen {2,}0x68000000 {2}0x68001000 {2}4096 B {2}yes/m,
    });
    t.match(
      JSON.parse((await run('--json', file('tags', tagList(initrd2(0x6800_0000, 511))))).stdout),
      { schema: 'mountroot.locate/1', taken: 'ATAG_INITRD2' },
    );
  },
);

t.test('without a file this machine is examined', async (t) => {
  const { status, stdout } = await run();
  t.equal(status, 0);
  t.not(stdout, '');
});

t.test('another file is refused in one sentence', async (t) => {
  await t.rejects(run(file('wrong', 'x')), {
    name: 'UsageError',
    message: /^cannot use \S+: it is neither a device tree blob .* nor a tag list/,
  });
  await t.rejects(run(file('cut.dtb', withInitrd(1, 2).subarray(0, 50))), {
    name: 'UsageError',
    message: /is damaged/,
  });
  await t.rejects(run('/nosuch'), { name: 'UsageError', message: /^cannot read \/nosuch: ENOENT/ });
});
