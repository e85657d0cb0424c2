/**
 * Runs as root in its own mount namespace, where an ordinary file stands for the kernel log and for
 * a watchdog: keeps JavaScript busy, and prints the records written during that.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ffi from 'ffi-napi';
import { system } from '../../../src/system/ffi.js';
import { reader } from '../../../src/system/files.js';

declare const __dirname: string;

const shim = ffi.Library(
  join(__dirname, 'native', `${process.platform}-${process.arch}`, 'libmountroot.so'),
  {
    mountroot_during: ['int32', ['string', 'string', 'uint32']],
  },
);
const work = process.argv[2]!;
const place = (name: string): string => {
  writeFileSync(join(work, name), '');
  return join(work, name);
};
const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const during = (text: string | null, file: string, every: number): number =>
  shim.mountroot_during(text, file, every);
const threads = (): number =>
  Number(/^Threads:\s+(\d+)/m.exec(reader.readText('/proc/self/status'))![1]);

/** No JavaScript runs during this, as during a long call. */
function busy(milliseconds: number): void {
  const end = process.hrtime.bigint() + BigInt(milliseconds) * 1_000_000n;
  while (process.hrtime.bigint() < end);
}

/**
 * Waits until the text is there: a loaded machine needs longer, and only a thread that never writes
 * needs this long.
 */
function busyUntil(done: () => boolean): void {
  for (let waited = 0; !done() && waited < 20_000; waited += 50) busy(50);
}

const before = threads();

const log = place('log');
const returned = during('copying\n\x1bsettings', log, 1100);
const thread = threads() - before;
busyUntil(() => lines(log).length >= 2);
during(null, log, 1100);
// A record written at the end may still arrive.
busy(50);
const told = lines(log);
busy(1500);
const silence = lines(log).length - told.length;

// One action with a changing text: its time continues.
const progress = place('progress');
for (let step = 0; step < 400 && lines(progress).length < 1; step++) {
  during(`step ${step}`, progress, 1200);
  busy(50);
}
during(null, progress, 1);

const long = place('long');
during('é'.repeat(2000), long, 20);
busyUntil(() => lines(long).length >= 1);
during(null, long, 20);

during('nowhere', join(work, 'missing', 'log'), 20);
busy(200);
during(null, log, 20);

// Fed without a text, too.
const device = place('watchdog');
system.watchdog(device);
busyUntil(() => readFileSync(device).length >= 2);
system.during('feeding');
busyUntil(() => readFileSync(device).length >= 4);
system.during(null);
busyUntil(() => readFileSync(device).length >= 5);
system.watchdog(null);
const fed = readFileSync(device);
busy(1500);

// The same text on the file that ffi.ts takes for the kernel log.
const kernel = place('kmsg');
system.mount(kernel, '/dev/kmsg', null, ['MS_BIND'], null);
const start = process.hrtime.bigint();
system.during('attaching UBI to mtd3');
busyUntil(() => lines(kernel).length >= 1);
const after = Number((process.hrtime.bigint() - start) / 1_000_000n);

// Nobody ended the last text: this keeps no process from ending.
process.stdout.write(
  JSON.stringify({
    returned,
    thread,
    told,
    silence,
    progress: lines(progress),
    long: lines(long)
      .slice(0, 1)
      .map((line) => [line.slice(0, 45), Buffer.byteLength(line) < 800]),
    watchdog: {
      zeros: fed.subarray(0, -1).every((byte) => byte === 0),
      last: fed.subarray(-1).toString(),
      times: fed.length,
      later: readFileSync(device).length - fed.length,
    },
    kernel: lines(kernel),
    after,
    threads: threads() - before,
  }),
);
