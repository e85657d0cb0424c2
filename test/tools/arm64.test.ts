/** The native parts for arm64, under QEMU's emulation of the processor and with Debian's Node. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../scripts/agent/agent.js';
import { bundle } from '../../scripts/agent/bundle.js';
import { fetchPackages, unpackedPackage } from '../../scripts/image/packages.js';
import { checkout } from '../../scripts/lib/report.js';
import { run } from '../../scripts/lib/run.js';
import { asRoot } from '../namespace/sandbox.js';

const NAME = 'calls-inside';
const folder = join(checkout, 'build', 'test', `arm64-${process.pid}`);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program in a mount namespace of its own. Returns what it printed. */
function calls(words: readonly string[]): unknown {
  const [program, ...rest] = asRoot(['unshare', '--mount', '--propagation', 'private', ...words]);
  const { status, stdout, stderr } = spawnSync(program!, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: status ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** A root for a Node of arm64, because an emulated program must not find this machine's files. */
async function rootForArm64(root: string): Promise<void> {
  mkdirSync(root, { recursive: true });
  const { folder: from, packages } = await fetchPackages({
    rootfs: { suite: 'forky', architecture: 'arm64', packages: ['nodejs'] },
  });
  for (const { file } of packages) await run('dpkg-deb', ['--extract', join(from, file), root]);
  symlinkSync('usr/lib', join(root, 'lib'));
  const emulator = join(await unpackedPackage('qemu-user-static'), 'files/usr/bin');
  cpSync(join(emulator, 'qemu-aarch64-static'), join(root, 'qemu'));
}

t.test('calls through FFI do on arm64 what they do here', { timeout: 1_800_000 }, async (t) => {
  const root = join(folder, 'root');
  await rootForArm64(root);
  const program = join(root, 'program', `${NAME}.cjs`);
  for (const name of ['program', 'work', 'proc', 'here'])
    mkdirSync(join(root, name), { recursive: true });
  await bundle(`test/tools/${NAME}.ts`, program);
  for (const target of ['arm64', 'host'] as const) await placeNative(target, dirname(program));
  const here = calls([process.execPath, program, join(root, 'here')]);
  // tap puts its loader into NODE_OPTIONS of each child, and the other root does not have it.
  const enter = 'unset NODE_OPTIONS; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"';
  const there = calls([
    ...['sh', '-e', '-c', enter, root],
    ...['/qemu', '/usr/bin/node', `/program/${NAME}.cjs`, '/work'],
  ]);
  t.same(there, here);
  t.match(here, { mount: 'done', 'unmount again': 'EINVAL', removed: 'missing' });
});
