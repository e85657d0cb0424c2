/** What a board does while everything that it writes is recorded. */
import type { Machine } from '../../../scripts/emulator/machine.js';
import { ALL_WRITTEN, FOLDER, writers } from './writers.js';

export interface Scene {
  name: string;
  /**
   * Done in the boot before, which is not recorded. Without it the data volume is as the factory
   * leaves it.
   */
  prepare?: (machine: Machine) => Promise<unknown>;
  /** Done after the start and `done`, and recorded. */
  during?: (machine: Machine) => Promise<unknown>;
  /** Done as soon as init is ready, while `done` runs. */
  early?: (machine: Machine) => Promise<unknown>;
  /**
   * The line of the console after which only the new settings may be found. `before`: the order was
   * given before the recording. null: either may be found.
   */
  acknowledged: RegExp | 'before' | null;
  /** Programs write meanwhile: only what was acknowledged counts. */
  writes?: true;
  /** The data chip is marked to be erased before. */
  marked?: true;
  /** The volumes for which it is worth while. */
  only?: readonly string[];
}

/** Settings of a user: new files, a changed and a removed file of the image, a link, a folder. */
const settings = (machine: Machine, word: string): Promise<string> =>
  machine.output(
    `echo ${word} >/etc/kept && echo ${word} >/etc/gone && echo ${word} >>/etc/profile && rm -f ` +
      `/etc/os-release && ln -sf kept /etc/link && mkdir -p /etc/${word}.d && echo ${word} ` +
      `>/etc/${word}.d/inner && dd if=/dev/zero bs=4k count=3 2>/dev/null | tr '\\0' x ` +
      '>/etc/large && sync',
  );

export const SCENES: readonly Scene[] = [
  { name: 'first start', acknowledged: null },
  {
    name: 'start and done',
    prepare: (machine) => settings(machine, 'old'),
    acknowledged: null,
  },
  {
    // As many journals are kept as may be, so the oldest goes.
    name: 'journal',
    prepare: async (machine) => {
      await settings(machine, 'old');
      await machine.output(
        'cd /overlay/.mountroot/boots && set -- * && cp $1 /tmp/journal && rm $1 && ' +
          'for i in 1 2 3 4 5 6 7 8; do cp /tmp/journal 0000000$i-0000000$i.ndjson; done && sync',
      );
    },
    acknowledged: null,
  },
  {
    name: 'programs write',
    prepare: (machine) => settings(machine, 'old'),
    during: async (machine) => {
      await machine.run(writers(1));
      await machine.waitFor(ALL_WRITTEN, 300_000);
    },
    acknowledged: null,
    writes: true,
  },
  {
    // The volume is so full that blocks are collected and erased meanwhile.
    name: 'blocks are reused',
    prepare: async (machine) => {
      await settings(machine, 'old');
      await machine.output(
        `mkdir -p ${FOLDER} && i=0; while [ $(df -k /overlay | awk 'END { print $4 }') -gt 2400 ` +
          ']; do i=$((i + 1)); head -c 100000 /dev/urandom >/root/fill-$i && sync || break; ' +
          'done; sync',
      );
    },
    during: async (machine) => {
      await machine.run(
        writers(
          1,
          'i=0; while [ $i -lt 12 ]; do i=$((i + 1)); head -c 150000 /dev/urandom ' +
            `>${FOLDER}/churn; sync; done;`,
        ),
      );
      await machine.waitFor(ALL_WRITTEN, 600_000);
    },
    acknowledged: null,
    writes: true,
    only: ['jffs2', 'ubifs'],
  },
  {
    name: 'order to reset',
    prepare: (machine) => settings(machine, 'old'),
    during: (machine) =>
      machine.output(
        'mountroot reset --yes --keep /etc/kept && echo "is ordered" >/dev/console && sleep 1',
      ),
    acknowledged: /^is ordered/,
  },
  {
    name: 'reset',
    prepare: async (machine) => {
      await settings(machine, 'old');
      await machine.output('mountroot reset --yes --keep /etc/kept');
    },
    acknowledged: 'before',
  },
  {
    name: 'order to import',
    prepare: (machine) => settings(machine, 'old'),
    during: async (machine) => {
      await importLayer(machine);
      await machine.output('echo "is ordered" >/dev/console && sleep 1');
    },
    acknowledged: /^is ordered/,
  },
  {
    name: 'import',
    prepare: async (machine) => {
      await settings(machine, 'old');
      await importLayer(machine);
    },
    acknowledged: 'before',
  },
  {
    name: 'switch to flash',
    marked: true,
    only: ['jffs2'],
    early: (machine) => settings(machine, 'early'),
    acknowledged: /step \d+\/\d+ upper-synced: done/,
  },
];

/** Imports an archive of other settings. */
async function importLayer(machine: Machine): Promise<void> {
  await machine.output(
    'mkdir -p /tmp/layer/etc/new.d && cd /tmp/layer && echo new >etc/kept && echo new ' +
      '>etc/new.d/inner && echo new >etc/hostname && : >etc/.wh.passwd && tar -cf /tmp/layer.tar ' +
      'etc && mountroot import /tmp/layer.tar',
  );
}
