import t, { type Test } from 'tap';
import { pieces } from '../../../../scripts/emulator/control-line.js';
import { Machine } from '../../../../scripts/emulator/machine.js';
import { fakeBoard, files } from './fake-qemu.js';

async function start(t: Test): Promise<Machine> {
  const machine = await Machine.start(fakeBoard(t.testdir({})), files);
  t.teardown(() => machine.kill());
  return machine;
}

/** Quotes a word for the shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

t.test('a command is cut into short pieces, never within a character or its escape', async (t) => {
  t.same(pieces(''), ['']);
  t.same(pieces('abcdef', 4), ['abcd', 'ef']);
  t.same(pieces("a'b\n\\", 6), ['a\\0047', 'b\\0012', '\\0134']);
  t.same(pieces('aé€😀', 4), ['aé', '€', '😀']);
});

t.test('a command gives its status and its output', async (t) => {
  const machine = await start(t);
  t.same(await machine.run('echo one; echo two >&2; false'), { status: 1, output: 'one\n' });
  t.same(await machine.run(''), { status: 0, output: '' });
  t.same(await machine.run('printf "no newline"'), { status: 0, output: 'no newline' });
  t.same(await machine.run('# a remark'), { status: 0, output: '' });
  t.same(await machine.run('-n; -e', 5000), { status: 127, output: '' });
  await t.rejects(machine.output('echo why; exit 9'), {
    message: /^`echo why; exit 9` on the board exited with 9: why; /,
  });
});

t.test('a command of any length and with any character arrives unchanged', async (t) => {
  const machine = await start(t);
  const hostile =
    ` %s %% \\n \\c \\\\ "$HOME" \`id\` $(id) ! ~ * é € 😀 \t ` +
    `\x03\x04\x11\x13\x15\x16\x17\x1a\x1c\x7f ' '' \n begin end\n`;
  for (const text of [
    hostile,
    'x'.repeat(4060),
    'y'.repeat(4096),
    hostile.repeat(300),
    `${'é'.repeat(50_000)}\n`,
  ]) {
    t.ok(
      (await machine.output(`printf %s ${quoted(text)}`)) === text,
      `${Buffer.byteLength(text)} bytes`,
    );
  }
  t.equal(await machine.output('cat <<E\na\n  b\nE\n'), 'a\n  b\n');
  await t.rejects(machine.run('echo a\0b'), {
    message: /^cannot send .*: no shell takes a NUL byte/,
  });
});

t.test('a command finds nothing on its standard input, and the line stays in sync', async (t) => {
  const machine = await start(t);
  t.same(await machine.run('cat; read a || echo nothing'), { status: 0, output: 'nothing\n' });
  t.equal(await machine.output('echo next'), 'next\n');
});

t.test('a command cannot end the shell, and leaves nothing to the next', async (t) => {
  const machine = await start(t);
  t.same(await machine.run('echo last; exit 3'), { status: 3, output: 'last\n' });
  t.same(await machine.run('exec sh -c "exit 4"'), { status: 4, output: '' });
  t.equal(
    (await machine.run('if; (')).status,
    2,
    'a syntax error ends a shell that is not interactive',
  );
  const before = await machine.output('pwd');
  await machine.output('cd / && A=1');
  t.equal(await machine.output('echo $A; pwd'), `\n${before}`);
});

t.test(
  'the death of a shell is reported at once, and a new one takes the next command',
  async (t) => {
    const machine = await start(t);
    const before = Date.now();
    await t.rejects(machine.run('printf part; kill -9 $$; sleep 1'), {
      message:
        /^the shell on the second serial line died while it ran `printf part; kill -9 \$\$; sleep 1`, probably killed; init has started another; /,
    });
    t.ok(Date.now() - before < 30_000, `after ${Date.now() - before} ms`);
    t.equal(await machine.output('echo next'), 'next\n');
    t.equal(
      (await machine.run('echo "control: ready"')).output,
      'control: ready\n',
      'what looks like a greeting is none',
    );
  },
);

t.test('commands given at the same time run one after the other', async (t) => {
  const machine = await start(t);
  const long = 'z'.repeat(5000);
  t.same(
    await Promise.all([
      machine.output(`echo ${long}`),
      machine.output('sleep 0.1; echo b'),
      machine.run('exit 5'),
      machine.output(`echo ${long}`),
    ]),
    [`${long}\n`, 'b\n', { status: 5, output: '' }, `${long}\n`],
  );
});

t.test(
  'a command beyond its time limit fails, and the next one does not get its output',
  async (t) => {
    const machine = await start(t);
    await t.rejects(machine.run('sleep 1; echo late', 200), {
      message: /^no end of `sleep 1; echo late` within 0.2 s; /,
    });
    t.equal(await machine.output('echo next'), 'next\n');
  },
);
