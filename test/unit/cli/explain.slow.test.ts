import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../../scripts/agent/bundle.js';
import { checkout } from '../../../scripts/lib/report.js';

const folder = join(checkout, 'build', 'test', `explain-${process.pid}`);
mkdirSync(folder, { recursive: true });
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
const fixture = (name: string): string =>
  new URL(`../../fixtures/console/${name}`, import.meta.url).pathname;
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** `env -i`, because the test runner hooks itself into every Node it starts. */
const run = (words: string[], input = '') =>
  spawnSync('env', ['-i', `PATH=${process.env['PATH']}`, process.execPath, agent, ...words], {
    encoding: 'utf8',
    input,
  });

t.test(
  'a console log that ends in a panic is explained with status 4, another one with 0',
  async (t) => {
    const { status, stdout, stderr } = run(['explain', '--console', fixture('no-root.txt')]);
    t.equal(status, 4);
    t.equal(
      stdout,
      readFileSync(new URL('../../golden/explain/no-root.txt', import.meta.url), 'utf8'),
    );
    t.equal(stderr, '');
    t.equal(run(['explain', '--console', fixture('squashfs.txt')]).status, 0);
  },
);

t.test('a log may come from standard input, and one of its boots can be chosen', async (t) => {
  const both =
    readFileSync(fixture('no-root.txt'), 'utf8') + readFileSync(fixture('squashfs.txt'), 'utf8');
  t.equal(run(['explain', '--console', '-'], both).status, 0, 'the last one');
  t.equal(run(['explain', '--console', '-', '--boot', '1'], both).status, 4);
  const { status, stderr } = run(['explain', '--console', file('both.log', both), '--boot', '3']);
  t.equal(status, 2);
  t.match(stderr, /--boot 3 is not there: .* shows 2 boots, counted from 1/);
});

t.test('a text without a message of the kernel ends in status 7, and in no story', async (t) => {
  const { status, stdout } = run(['explain', '--console', '-'], 'U-Boot 2021.01 (Jan)\nDRAM: 3\n');
  t.equal(status, 7);
  t.match(stdout, /^Not understood: none of its 2 lines [^]* those of U-Boot/m);
  t.notMatch(stdout, /process 1/);
});

t.test('a recording of several boots is explained by its last, and lists the others', async (t) => {
  const boots =
    '[    0.000000] Linux version 4.4.0 (a@b)\n[    1.000000] Kernel panic - not syncing: x\n' +
    'U-Boot 2021.01 (Jan)\n[    0.000000] Linux version 4.4.1 (a@b)\n';
  const { status, stdout } = run(['explain', '--console', '-'], boots);
  t.equal(status, 7, 'how it ends does not show');
  t.match(
    stdout,
    /2 boots; --boot N explains another:\n {2}- 1: Linux 4\.4\.0, 2 lines, ends with/,
  );
  t.match(stdout, /- 2 \(this one\): Linux 4\.4\.1/);
  t.equal(run(['explain', '--console', '-', '--boot', '1'], boots).status, 4);
});

t.test('a command line gets a prediction that uses all inputs', async (t) => {
  const mtdparts =
    'mtdparts=40000000.flash:512k(u-boot),8192k(kernel),56832k(rootfs)ro,65536k(rootfs_data)';
  const { status, stdout } = run([
    'explain',
    '--json',
    '--facts',
    fixture('facts.json'),
    '--initrd',
    fixture('linuxrc.ext2.gz'),
    '--cmdline',
    `${mtdparts} root=/dev/mtdblock2 rootfstype=squashfs`,
  ]);
  t.equal(status, 4);
  t.match(JSON.parse(stdout), {
    schema: 'mountroot.explain/1',
    of: 'a command line',
    end: { kind: 'panics', message: 'VFS: Unable to mount root fs on unknown-block(31,2)' },
  });
  t.match(
    run([
      'explain',
      '--cmdline',
      'root=/dev/sda1',
      '--config',
      file('config', 'CONFIG_BLK_DEV_INITRD=y\n'),
    ]).stdout,
    /How it would end is not known: the kernel's own list; whether it is there and/,
  );
});

t.test('a ramdisk may come from standard input, also one that is read twice', async (t) => {
  const words = [
    'explain',
    '--facts',
    fixture('facts.json'),
    '--cmdline',
    'root=/dev/ram0',
    '--initrd',
  ];
  const told = (each: ReturnType<typeof run>, name: string): unknown[] => [
    each.status,
    each.stderr,
    each.stdout.replaceAll(name, 'NAME').replaceAll(/\s+/g, ' '),
  ];
  t.same(
    told(run([...words, '-'], readFileSync(fixture('root.ext2')) as never), 'standard input'),
    told(run([...words, fixture('root.ext2')]), 'root.ext2'),
  );
});

t.test('another machine is explained by its facts', async (t) => {
  const { status, stdout } = run(['explain', '--facts', fixture('facts.json')]);
  t.equal(status, 0);
  t.match(stdout, /^So \/bin\/sh ran as process 1, on squashfs on \/dev\/mtdblock2\.$/m);
});

t.test('this machine is explained, and its facts show how its root was mounted', async (t) => {
  const { status, stdout } = run(['explain']);
  t.equal(status, 0);
  t.match(stdout, /^How this root came to be: Linux /);
  t.ok('origin' in JSON.parse(run(['facts']).stdout));
});

t.test('a file of the wrong kind is refused in one sentence, with status 2', async (t) => {
  const wrong = file('wrong', 'nothing of the kind');
  for (const [option, says] of [
    ['--facts', 'is not a facts file'],
    ['--config', 'no line of it has the form'],
    ['--dtb', 'are no device tree blob'],
  ] as const) {
    const { status, stderr } = run(['explain', option, wrong]);
    t.equal(status, 2, option);
    t.match(stderr, new RegExp(`^mountroot: [^\\n]*${says}[^\\n]*\\n$`));
  }
  for (const option of ['--console', '--dtb', '--initrd', '--config'])
    t.match(
      run(['explain', option, '/nosuch']).stderr,
      /^mountroot: cannot read \/nosuch: ENOENT[^\n]*\n$/,
    );
  t.match(run(['explain', '--boot', '1']), { status: 2, stderr: /give the log with --console/ });
});
