/** Programs that write at the same time, and report what they have synced. */
import { crc32 } from 'node:zlib';
import type { RecordedLine } from './recording.js';

/** Where the programs put their files, and where that is on the data volume. */
export const FOLDER = '/root/cuts';
const PLACE = `/upper${FOLDER}`;
const WRITERS = ['a', 'b', 'c'] as const;
const FILES_EACH = 8;
const WORDS = 60;

/** The content of a writer's file in a round, as the shell program below makes it. */
const content = (name: string, round: number): string =>
  `${name}.${round}-`.repeat(WORDS * (1 + (Number(name.slice(1)) % 5)));

/**
 * A program that writes files, each under another name first, and says on the console which are
 * synced. It begins with a new file: after a cut in a rename, jffs2 has one file under both names,
 * and whoever writes to the old name would change the file with the new one.
 */
const writer = (who: string, round: number): string =>
  `(i=1; while [ $i -le ${FILES_EACH} ]; do n=${who}$i; c=; k=$((${WORDS} * (1 + i % 5))); ` +
  `while [ $k -gt 0 ]; do c=$c$n.${round}-; k=$((k - 1)); done; ` +
  `rm -f ${FOLDER}/next-${who}; ` +
  `printf %s "$c" >${FOLDER}/next-${who} && sync && mv ${FOLDER}/next-${who} ${FOLDER}/$n && ` +
  `sync && echo "synced $n.${round}" >/dev/console; i=$((i + 1)); done)`;

/** The last line of the programs. */
export const ALL_WRITTEN = /all is written/;

/** A shell command that starts all writers, which replace the files of the round before. */
export const writers = (round: number, first = ''): string =>
  `(${first} mkdir -p ${FOLDER}; ${WRITERS.map((who) => `${writer(who, round)} &`).join(' ')} ` +
  'wait; echo "all is written" >/dev/console) </dev/null >/dev/null 2>&1 &';

/** A file of a writer, as a listing of the data volume has it. */
export interface Written {
  path: string;
  what: string;
  /** So many entries of the log were made when it was reported as synced. */
  from: number;
}

function written(name: string, round: number, from: number): Written {
  const text = content(name, round);
  const crc = crc32(Buffer.from(text)).toString(16).padStart(8, '0');
  return { path: `${PLACE}/${name}`, what: `100644 0:0 size=${text.length} crc=${crc}`, from };
}

/** The files of a round, in the order in which each writer makes them. */
export const filesOf = (round: number): Written[] =>
  WRITERS.flatMap((who) =>
    Array.from({ length: FILES_EACH }, (_, at) => written(`${who}${at + 1}`, round, Infinity)),
  );

/** The files that were reported as synced. */
export const acknowledgedFiles = (lines: readonly RecordedLine[]): Written[] =>
  lines.flatMap(({ text, at }) => {
    const [, name, round] = /^synced ([abc]\d+)\.(\d+)$/.exec(text) ?? [];
    return name === undefined ? [] : [written(name, Number(round), at)];
  });
