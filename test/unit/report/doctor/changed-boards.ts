/** Boards with one change each, for the cases of doctor. */
import type { Live } from '../../../../src/report/doctor/live.js';
import type { Facts } from '../../../../src/facts/facts.js';
import type { Verdict } from '../../../../src/report/doctor/check-rule.js';
import { boardFacts, openedFacts, withFilesystems } from '../../../fixtures/facts.js';
import { cardFacts, healthyLive } from '../../../fixtures/doctor.js';

export const MIB = 1 << 20;
export const without = (...names: string[]): Facts =>
  withFilesystems(boardFacts().kernel.filesystems.filter((name) => !names.includes(name)));
export const withCommandLine = (commandLine: string, facts = boardFacts()): Facts => ({
  ...facts,
  kernel: { ...facts.kernel, commandLine },
});
export const withRelease = (release: string, facts = boardFacts()): Facts => ({
  ...facts,
  kernel: { ...facts.kernel, release },
});
export const withPaths = (paths: Partial<Facts['paths']>, facts = boardFacts()): Facts => ({
  ...facts,
  paths: { ...facts.paths, ...(paths as Facts['paths']) },
});
export const said = (text: string, time = 2): Live =>
  healthyLive({
    log: { value: { fromStart: true, lines: [{ time, text }] } },
    config: null,
    whiteout: null,
  });
export const quiet = (): Live =>
  healthyLive({
    log: { trouble: 'cannot read the kernel log from /dev/kmsg: EPERM' },
    config: null,
    whiteout: null,
  });
export const calling = (line: string): Live =>
  healthyLive({
    preinit: {
      wanted: ['/etc/preinit'],
      found: [{ value: { path: '/etc/preinit', calls: [line] } }],
    },
  });
export const external = (changes: Partial<NonNullable<Facts['external']>> = {}): Facts => ({
  ...openedFacts(),
  external: {
    ...cardFacts().volume,
    wanted: 'LABEL=more',
    at: null,
    readonly: false,
    identity: null,
    upper: 'missing',
    work: 'missing',
    init: false,
    offered: '',
    ...changes,
  },
});

export type Case = [
  check: string,
  verdict: Verdict | 'absent',
  facts: Facts,
  live: Live | null,
  says?: RegExp,
];
