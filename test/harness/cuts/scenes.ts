/** What a board does while everything that it writes is recorded. */
import { crc32 } from 'node:zlib';
import type { Machine } from '../../../scripts/emulator/machine.js';
import type { RecordedLine } from './recording.js';

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
}

/** Where the programs of the scene put their files. */
const FOLDER = '/root/cuts';
const WRITERS = 3;
const FILES_EACH = 8;

/** The content of a writer's file, as the shell program below makes it. */
const content = (name: string): string => `${name}-`.repeat(60 * (1 + (Number(name.slice(1)) % 5)));

/**
 * A program that writes files, each under another name first, and says on the console which are
 * synced.
 */
const writer = (who: string): string =>
  `(i=1; while [ $i -le ${FILES_EACH} ]; do n=${who}$i; c=; k=$((60 * (1 + i % 5))); ` +
  `while [ $k -gt 0 ]; do c=$c$n-; k=$((k - 1)); done; printf %s "$c" >${FOLDER}/next-${who} && ` +
  `sync && mv ${FOLDER}/next-${who} ${FOLDER}/$n && sync && echo "synced $n" >/dev/console; ` +
  'i=$((i + 1)); done)';

const writers = (): string =>
  `mkdir -p ${FOLDER}; ` +
  Array.from({ length: WRITERS }, (_, at) => `${writer('abc'[at]!)} &`).join(' ') +
  ' wait; echo "all is written" >/dev/console';

/** The line of a listing for a file of a writer. */
function listed(name: string): string {
  const text = content(name);
  const crc = crc32(Buffer.from(text)).toString(16).padStart(8, '0');
  return `100644 0:0 size=${text.length} crc=${crc}`;
}

/** The files that were acknowledged as synced, and when. */
export const acknowledgedFiles = (
  lines: readonly RecordedLine[],
): { path: string; what: string; from: number }[] =>
  lines.flatMap(({ text, at }) => {
    const name = /^synced ([abc]\d+)$/.exec(text)?.[1];
    return name === undefined
      ? []
      : [{ path: `/upper${FOLDER}/${name}`, what: listed(name), from: at }];
  });

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
    name: 'programs write',
    prepare: (machine) => settings(machine, 'old'),
    during: async (machine) => {
      await machine.run(`(${writers()}) </dev/null >/dev/null 2>&1 &`);
      await machine.waitFor(/all is written/, 300_000);
    },
    acknowledged: null,
    writes: true,
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
