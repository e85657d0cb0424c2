import t from 'tap';
import { lookBack } from '../../../src/facts/pstore.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Reader } from '../../../src/system/port.js';

t.test(
  'pstore gives the crash and the last messages of the previous boot, or nothing',
  async (t) => {
    const machine = (files: Record<string, string>): Reader => ({
      ...dryRun(),
      kind: () => 'directory',
      list: () => Object.keys(files),
      readText: (path) => files[path.slice('/sys/fs/pstore/'.length)]!,
    });
    t.equal(lookBack(machine({})), null);
    const before = lookBack(
      machine({
        'dmesg-ramoops-0': 'Panic#1\n<0>Kernel panic - not syncing: x\n<4>more\n',
        'console-ramoops-0': Array.from({ length: 50 }, (_, line) => `line ${line}\u001b\n`).join(
          '',
        ),
      }),
    );
    t.same(before?.crash, ['<0>Kernel panic - not syncing: x']);
    t.equal(before?.last.length, 20);
    t.equal(before?.last.at(-1), 'line 49');
  },
);
