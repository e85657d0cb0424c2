/** The three forms of a report. Each is written entry by entry, and keeps no entries. */
import {
  addedEntries,
  type Biggest,
  type DiffEntry,
  type DiffProblem,
  type Totals,
} from './diff-entry.js';
import {
  aboutData,
  entryData,
  diffProblemData,
  renderAdded,
  renderEntry,
  renderHead,
  renderProblem,
  renderTotals,
  totalsData,
  type About,
} from './diff-text.js';
import type { LoneFiles } from '../../system/tree-pairs.js';
import { printableJson } from '../../text/printable.js';

export type Format = 'table' | 'ndjson' | 'json';

export interface DiffReport {
  begin(about: About): string;
  entry(entry: DiffEntry): string;
  /** The same as their entries, one after the other. */
  added(files: LoneFiles): string;
  problem(problem: DiffProblem): string;
  end(totals: Totals, biggest: Biggest | null): string;
}

const line = (value: object): string => `${printableJson(value)}\n`;

/** Files as their entries, for a form that has nothing shorter for them. */
const oneByOne =
  (entry: DiffReport['entry']): DiffReport['added'] =>
  (files) =>
    addedEntries(files).map(entry).join('');

/** One JSON value, written piece by piece; the problems come behind the entries. */
function json(): DiffReport {
  let first = true;
  const problems: DiffProblem[] = [];
  const entry = (found: DiffEntry): string => {
    const before = first ? '\n' : ',\n';
    first = false;
    return before + printableJson(entryData(found));
  };
  return {
    begin: (about) => `${printableJson(aboutData(about)).slice(0, -1)},"entries":[`,
    entry,
    added: oneByOne(entry),
    // The totals have their number. A list of all could be as long as the tree.
    problem: (problem) => {
      if (problems.length < 100) problems.push(problem);
      return '';
    },
    end: (totals, biggest) =>
      `\n],"problems":${printableJson(problems.map(diffProblemData))},` +
      `"totals":${printableJson(totalsData(totals, biggest))}}\n`,
  };
}

/** A JSON value in a line for each. */
function lines(): DiffReport {
  const entry = (found: DiffEntry): string => line({ type: 'entry', ...entryData(found) });
  return {
    begin: (about) => line({ type: 'begin', ...aboutData(about) }),
    entry,
    added: oneByOne(entry),
    problem: (problem) => line({ type: 'problem', ...diffProblemData(problem) }),
    end: (totals, biggest) => line({ type: 'end', ...totalsData(totals, biggest) }),
  };
}

export function report(format: Format): DiffReport {
  if (format === 'json') return json();
  if (format === 'ndjson') return lines();
  return {
    begin: renderHead,
    entry: (entry) => `${renderEntry(entry)}\n`,
    added: renderAdded,
    problem: (problem) => `${renderProblem(problem)}\n`,
    end: renderTotals,
  };
}
