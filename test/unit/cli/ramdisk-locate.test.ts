import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ramdiskLocateVerb } from '../../../src/cli/verbs/ramdisk-locate-verb.js';
import { runVerb } from './run-verb.js';
import { initrd2, tagList, withInitrd } from '../../fixtures/boot-loader.js';
import { android, fit, uimage } from '../ramdisk/boot-images.js';

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

const RAMDISK = Buffer.alloc(100, 'a ramdisk');

t.test('in a boot image the place of the ramdisk in the file is told', async (t) => {
  const boot = android({ version: 0, kernel: Buffer.alloc(3000), ramdisk: RAMDISK });
  const { stdout } = await run(file('boot.img', boot));
  t.match(stdout, /^Android boot image, version 0 "board"\n {2}kernel: 3000 bytes at byte 2048/);
  t.match(stdout, /^ {2}ramdisk: 100 bytes at byte 6144, loaded at 0x01000000$/m);
  t.match(stdout, /^The kernel gets the bytes 6144-6244 of the file\.$/m);
  const wrapped = await run('--json', file('uImage', uimage(3, RAMDISK, 1)));
  t.match(JSON.parse(wrapped.stdout), {
    schema: 'mountroot.locate/1',
    claims: [],
    image: { kind: 'U-Boot image of a ramdisk', pieces: [{ offset: 64, size: 100, handed: true }] },
    problems: [],
  });
  const images = { ramdisk: { type: 'ramdisk', data: RAMDISK } };
  const itb = fit(images, { default: 'a', a: { ramdisk: 'ramdisk' } }, 'data-offset');
  t.match(
    (await run(file('board.itb', itb))).stdout,
    /^FIT image "a board"[^]*The kernel gets the/,
  );
  t.match(
    (await run(file('kernel', uimage(2, RAMDISK)))).stdout,
    /gets no ramdisk of it\.\n! U-Boot's header says that this is a kernel/,
  );
});

t.test('the size that the kernel is told is compared with the ramdisk', async (t) => {
  const initrd = file('ramdisk', RAMDISK);
  const told = async (size: number, ramdisk = initrd): Promise<string> =>
    (await run(file('a.dtb', withInitrd(0x6800_0000, 0x6800_0000 + size)), '--initrd', ramdisk))
      .stdout;
  t.notMatch(await told(100), /!/);
  t.match(await told(101), /! what \/chosen tells of has 101 bytes, and \S+ hands over 100: the/);
  t.match(await told(99), /hands over 100: the kernel gets it cut short/);
  t.notMatch(await told(100, file('wrapped', uimage(3, RAMDISK))), /!/, 'without its header');
  const boot = android({ version: 0, kernel: Buffer.alloc(10), ramdisk: RAMDISK });
  t.notMatch(await told(100, file('boot', boot)), /!/);
  await t.rejects(told(1, '/nosuch'), { message: /^cannot read \/nosuch: ENOENT/ });
});
