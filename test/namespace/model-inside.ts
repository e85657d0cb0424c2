/**
 * Runs the same calls on the real kernel and on the model, and prints the differences between their
 * results.
 */
import * as fs from 'node:fs';
import { parseMountinfo } from '../../src/facts/mountinfo.js';
import type { MountFlag } from '../../src/system/flags.js';
import { system as real } from '../../src/system/ffi.js';
import { makeBoard } from '../../src/system/model/board.js';
import { powerOn } from '../../src/system/model/kernel.js';
import type { System } from '../../src/system/port.js';
import { SystemError } from '../../src/system/system-error.js';
import { random } from '../fixtures/random.js';

const TOP = '/tmp/w';
const PATHS = ['a', 'b', 'a/c', 'a/d', 'b/c', 'a/c/e', 'f', 'g', 'g/c'].map(
  (path) => `${TOP}/${path}`,
);

const answer = (call: () => void): string => {
  try {
    call();
    return 'done';
  } catch (error) {
    if (error instanceof SystemError) return error.errno;
    throw error;
  }
};

interface Call {
  text: string;
  on: (system: System) => void;
}

/** Makes one random call. Most paths exist, some do not. */
function anyCall(next: (below: number) => number): Call {
  const [path, other] = [PATHS[next(PATHS.length)]!, PATHS[next(PATHS.length)]!];
  const propagate = (flags: MountFlag[]): Call => ({
    text: `${flags.join('|')} ${path}`,
    on: (system) => system.mount(null, path, null, flags, null),
  });
  // We skip layers that are parts of each other, because kernels differ in how overlay treats them.
  const overlay = `lowerdir=${TOP}/a,upperdir=${TOP}/b,workdir=${TOP}/f`;
  const calls: Call[] = [
    { text: `mkdir ${path}`, on: (system) => system.mkdir(path, 0o755) },
    { text: `mkdir ${path}`, on: (system) => system.mkdir(path, 0o755) },
    { text: `mkdir ${path}`, on: (system) => system.mkdir(path, 0o755) },
    { text: `rmdir ${path}`, on: (system) => system.rmdir(path) },
    { text: `unlink ${path}`, on: (system) => system.unlink(path) },
    { text: `create ${path}`, on: (system) => system.create(path, 'x', 0o644) },
    { text: `symlink a ${path}`, on: (system) => system.symlink(`${TOP}/a`, path) },
    { text: `rename ${path} ${other}`, on: (system) => system.rename(path, other) },
    {
      text: `rename ${path} ${other} whiteout`,
      on: (system) => system.renameLeavingWhiteout(path, other),
    },
    { text: `mount tmpfs ${path}`, on: (system) => system.mount('tmpfs', path, 'tmpfs', [], null) },
    { text: `mount tmpfs ${path}`, on: (system) => system.mount('tmpfs', path, 'tmpfs', [], null) },
    {
      text: `mount nosuchfs ${path}`,
      on: (system) => system.mount('x', path, 'nosuchfs', [], null),
    },
    {
      text: `mount overlay ${TOP}/g ${overlay}`,
      on: (system) => system.mount('o', `${TOP}/g`, 'overlay', [], overlay),
    },
    { text: `umount ${path}`, on: (system) => system.umount(path) },
    { text: `umount ${path}`, on: (system) => system.umount(path) },
    {
      text: `move ${path} ${other}`,
      on: (system) => system.mount(path, other, null, ['MS_MOVE'], null),
    },
    {
      text: `move ${path} ${other}`,
      on: (system) => system.mount(path, other, null, ['MS_MOVE'], null),
    },
    propagate(['MS_PRIVATE']),
    propagate(['MS_REC', 'MS_PRIVATE']),
    {
      text: `remount ${path} ro`,
      on: (system) => system.mount(null, path, null, ['MS_REMOUNT', 'MS_RDONLY'], null),
    },
    {
      text: `remount ${path} rw`,
      on: (system) => system.mount(null, path, null, ['MS_REMOUNT'], null),
    },
    { text: `removeTree ${path}`, on: (system) => system.removeTree(path) },
    { text: `pivot ${path} ${other}`, on: (system) => system.pivotRoot(path, other) },
  ];
  return calls[next(calls.length)]!;
}

const mountsOf = (text: string): string =>
  parseMountinfo(text)
    .filter(({ mountpoint }) => mountpoint.startsWith(`${TOP}/`))
    .map(({ mountpoint, fstype }) => `${mountpoint} ${fstype}`)
    .sort()
    .join(', ');

const kindsOf = (system: System): string =>
  PATHS.map((path) => `${path.slice(TOP.length)} ${answerKind(system, path)}`).join(', ');
function answerKind(system: System, path: string): string {
  try {
    return system.kind(path);
  } catch (error) {
    return (error as SystemError).errno;
  }
}

const differ: string[] = [];
let calls = 0;
for (let seed = 1; seed <= Number(process.argv[2]); seed++) {
  const next = random(seed);
  const model = powerOn(makeBoard());
  fs.mkdirSync(TOP);
  real.mount('tmpfs', TOP, 'tmpfs', [], null);
  model.mkdir(TOP, 0o755);
  model.mount('tmpfs', TOP, 'tmpfs', [], null);
  for (const system of [real, model]) system.mkdir(`${TOP}/g`, 0o755);
  const done: string[] = [];
  for (let step = 0; step < 40; step++) {
    const call = anyCall(next);
    // The kernel leaves it undefined what happens to an overlay when its layers change underneath.
    if (
      mountsOf(model.mounts.text()).includes(' overlay') &&
      new RegExp(`${TOP}/[abf]`).test(call.text)
    )
      continue;
    const expected = answer(() => call.on(model));
    // A process cannot come back from a pivot, so we try only those that must fail.
    if (call.text.startsWith('pivot') && expected === 'done') break;
    const got = answer(() => call.on(real));
    calls++;
    done.push(`${call.text} = ${got}`);
    const [here, there] = [
      mountsOf(fs.readFileSync('/proc/self/mountinfo', 'utf8')),
      mountsOf(model.mounts.text()),
    ];
    // Kernels differ in the order in which they check an overlay's layers, and in whether they
    // check for overlap.
    if (expected !== got && call.text.startsWith('mount overlay') && got !== 'done') {
      if (expected === 'done') break;
      continue;
    }
    if (expected !== got)
      differ.push(
        `seed ${seed}: ${call.text}: the kernel says ${got}, the model ${expected}; after ` +
          `${done.slice(-6, -1).join('; ')} | ${here}`,
      );
    else if (here !== there)
      differ.push(`seed ${seed}: behind ${call.text} the kernel has ${here}, the model ${there}`);
    else if (kindsOf(real) !== kindsOf(model))
      differ.push(
        `seed ${seed}: behind ${call.text} (${got}) the kernel shows ${kindsOf(real)}, the ` +
          `model ${kindsOf(model)}`,
      );
    else continue;
    break;
  }
  for (;;)
    try {
      real.umount(TOP, true);
    } catch {
      break;
    }
  fs.rmdirSync(TOP);
}
process.stdout.write(JSON.stringify({ calls, differ }));
