import type { FactsProblem } from '../text/problem-text.js';
import type { MtdPartition } from './facts.js';

/**
 * Matches `mtd3: 04000000 00040000 "rootfs_data"` (drivers/mtd/mtdcore.c: mtd_proc_show). The name
 * may contain any character, even quotes.
 */
const LINE = /^mtd(\d+): ([0-9a-f]+) ([0-9a-f]+) "(.*)"$/;
const HEADING = /^dev: +size/;

/** Parses /proc/mtd. Leaves out malformed lines and reports them in `problems`. */
export function parseMtd(text: string, problems: FactsProblem[] = []): MtdPartition[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || HEADING.test(line)) return [];
    const [, index, size, eraseBlock, name] = LINE.exec(line) ?? [];
    if (
      index === undefined ||
      size === undefined ||
      eraseBlock === undefined ||
      name === undefined
    ) {
      problems.push({ code: 'bad-line', file: '/proc/mtd', line });
      return [];
    }
    return [
      {
        index: Number(index),
        name,
        size: parseInt(size, 16),
        eraseBlock: parseInt(eraseBlock, 16),
      },
    ];
  });
}
