import { Parser, type Result } from 'tap-parser';

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts the tests in a TAP stream of several files. The subtests of a file are its tests. A file
 * without subtests, or one that broke before its first subtest ended, counts as one test.
 */
export function countTests(tap: string): Count {
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  const take = ({ ok, skip }: Result): void => {
    if (skip) count.skipped++;
    else if (ok) count.passed++;
    else count.failed++;
  };
  const stream = new Parser();
  let inFile = 0;
  let failedInFile = 0;
  stream.on('child', (file: Parser) => {
    inFile = failedInFile = 0;
    file.on('assert', (result: Result) => {
      inFile++;
      if (!result.ok) failedInFile++;
      take(result);
    });
  });
  stream.on('assert', (result: Result) => {
    // A file can fail although its tests passed: it timed out, or died after its last test.
    if (inFile === 0 || (!result.ok && failedInFile === 0)) take(result);
    inFile = failedInFile = 0;
  });
  stream.end(tap);
  return count;
}

export interface FileTime {
  file: string;
  seconds: number;
}

/** The files of a TAP stream with the time that each took. */
export const fileTimes = (tap: string): FileTime[] =>
  [...tap.matchAll(/^(?:not )?ok \d+ - (.+?) # time=([\d.]+)ms/gm)].map(([, file, time]) => ({
    file: file!,
    seconds: Number(time) / 1000,
  }));
