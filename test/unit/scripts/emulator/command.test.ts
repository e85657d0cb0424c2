import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { qemuCommand, shellLine } from '../../../../scripts/emulator/command.js';
import { Qmp } from '../../../../scripts/emulator/qmp.js';
import { kernelCommandLine, loadBoard } from '../../../../scripts/lib/board.js';

const board = loadBoard('vexpress-a9');
const files = {
  zImage: '/b/zImage',
  deviceTree: '/b/board.dtb',
  flash: ['/b/flash0.img', '/b/a,b.img'],
};

t.test('the command boots the kernel from its files, with each chip in its place', async (t) => {
  const { program, args } = qemuCommand(board, files, { serial: ['stdio', 'null'] });
  t.equal(program, 'qemu-system-arm');
  const line = args.join(' ');
  t.match(line, '-M vexpress-a9 -m 256M');
  t.match(line, '-kernel /b/zImage -dtb /b/board.dtb');
  t.match(line, 'if=pflash,index=0,format=raw,file=/b/flash0.img');
  t.match(line, 'if=pflash,index=1,format=raw,file=/b/a,,b.img');
  t.match(line, '-serial stdio -serial null');
  t.equal(args[args.indexOf('-append') + 1], kernelCommandLine(board));
  t.notOk(args.includes('-icount'));
  t.ok(args.includes('virtio-rng-device'), 'without entropy Node waits for half a minute');
});

t.test("the memory is the board's own, or the requested size", async (t) => {
  const memory = (options: { memory?: string }): string | undefined =>
    qemuCommand(board, files, { serial: [], ...options })
      .args.join(' ')
      .match(/-m (\w+)/)?.[1];
  t.same([memory({}), memory({ memory: '128M' })], [board.qemu.memory, '128M']);
});

t.test("words for the kernel are added after the board's own", async (t) => {
  const { args } = qemuCommand(board, files, {
    serial: [],
    append: 'a=1',
    icount: true,
    qmp: '/q',
  });
  t.equal(args[args.indexOf('-append') + 1], `${kernelCommandLine(board)} a=1`);
  t.equal(args[args.indexOf('-icount') + 1], 'shift=1,sleep=off');
  t.ok(args.includes('-seed') && args.includes('-rtc'), "nothing of the host's comes in");
  t.equal(args[args.indexOf('-qmp') + 1], 'unix:/q,server=on,wait=off');
});

t.test('the printed command can be pasted into a shell', async (t) => {
  t.equal(
    shellLine({ program: 'qemu', args: ['-append', "a b'c", 'x=1,y'] }),
    "qemu -append 'a b'\\''c' x=1,y",
  );
});

t.test(
  'the machine protocol: greeting, ordered answers, events in between, refusals as errors',
  async (t) => {
    // A socket's path may have no more than 107 bytes.
    const folder = mkdtempSync(join(tmpdir(), 'qmp-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'qmp');
    const server = createServer((socket) => {
      socket.write('{"QMP":{}}\n');
      socket.on('data', (text) => {
        for (const line of text.toString().trim().split('\n')) {
          const { execute } = JSON.parse(line) as { execute: string };
          if (execute === 'stop')
            socket.write('{"event":"SHUTDOWN","data":{"reason":"guest-shutdown"}}\n');
          socket.write(
            execute === 'bad'
              ? '{"error":{"class":"GenericError","desc":"no such thing"}}\n'
              : `{"return":{"was":"${execute}"}}\n`,
          );
        }
      });
    }).listen(path);
    t.teardown(() => server.close());
    const qmp = await Qmp.connect(path);
    t.equal(qmp.shutdownReason, undefined);
    t.same(await Promise.all([qmp.execute('one'), qmp.execute('stop')]), [
      { was: 'one' },
      { was: 'stop' },
    ]);
    t.equal(qmp.shutdownReason, 'guest-shutdown');
    await t.rejects(qmp.execute('bad'), { message: 'QEMU refused bad: no such thing' });
    qmp.close();
  },
);
