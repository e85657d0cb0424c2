import { Parser } from 'tap-parser';

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts the tests in a TAP stream of several files: a file's subtests are its tests, and a file
 * that has none, or that broke before it could say so, is one test itself.
 */
export function countTests(tap: string): Count {
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  const take = ({ ok, skip }: { ok: boolean; skip?: boolean | string }): void =>
    void (skip ? count.skipped++ : ok ? count.passed++ : count.failed++);
  const stream = new Parser();
  let inFile = 0;
  let failedInFile = 0;
  stream.on('child', (file: Parser) => {
    inFile = failedInFile = 0;
    file.on('assert', (result) => {
      inFile++;
      if (!result.ok) failedInFile++;
      take(result);
    });
  });
  stream.on('assert', (result) => {
    // A file can fail although its tests passed: it timed out, or died after the last one.
    if (inFile === 0 || (!result.ok && failedInFile === 0)) take(result);
    inFile = failedInFile = 0;
  });
  stream.end(tap);
  return count;
}
