/** The three forms of a report. Each is written entry by entry, and keeps no entries. */
import {
  addedEntry,
  type AddedFile,
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
import { printableJson } from '../../text/printable.js';

export type Format = 'table' | 'ndjson' | 'json';

export interface DiffReport {
  begin(about: About): string;
  entry(entry: DiffEntry): string;
  /** The same as their entries, one after the other. */
  added(files: readonly AddedFile[]): string;
  problem(problem: DiffProblem): string;
  end(totals: Totals, biggest: Biggest | null): string;
}

const line = (value: object): string => `${printableJson(value)}\n`;

/** One JSON value, written piece by piece; the problems come behind the entries. */
function json(): DiffReport {
  let first = true;
  const problems: DiffProblem[] = [];
  const value = (entry: DiffEntry): string => {
    const before = first ? '\n' : ',\n';
    first = false;
    return before + printableJson(entryData(entry));
  };
  return {
    begin: (about) => `${printableJson(aboutData(about)).slice(0, -1)},"entries":[`,
    entry: value,
    added: (files) => files.map((file) => value(addedEntry(file))).join(''),
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

export function report(format: Format): DiffReport {
  if (format === 'json') return json();
  if (format === 'ndjson')
    return {
      begin: (about) => line({ type: 'begin', ...aboutData(about) }),
      entry: (entry) => line({ type: 'entry', ...entryData(entry) }),
      added: (files) =>
        files.map((file) => line({ type: 'entry', ...entryData(addedEntry(file)) })).join(''),
      problem: (problem) => line({ type: 'problem', ...diffProblemData(problem) }),
      end: (totals, biggest) => line({ type: 'end', ...totalsData(totals, biggest) }),
    };
  return {
    begin: renderHead,
    entry: (entry) => `${renderEntry(entry)}\n`,
    added: renderAdded,
    problem: (problem) => `${renderProblem(problem)}\n`,
    end: renderTotals,
  };
}
