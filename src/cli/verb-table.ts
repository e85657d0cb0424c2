/**
 * Every verb, in the order of `--help`. A new verb is one file in verbs/ and one line here;
 * everything else about verbs is derived from this table.
 */
import type { VerbTable } from './verb-row.js';
import { bootVerbs } from './verbs/boot-verbs.js';
import { bundleVerb } from './verbs/bundle-verb.js';
import { commitVerb } from './verbs/commit-verb.js';
import { completionVerb } from './verbs/completion-verb.js';
import { diffVerb } from './verbs/diff-verb.js';
import { disableVerb } from './verbs/disable-verb.js';
import { doctorVerb } from './verbs/doctor-verb.js';
import { enableVerb } from './verbs/enable-verb.js';
import { explainVerb } from './verbs/explain-verb.js';
import { exportVerb } from './verbs/export-verb.js';
import { factsVerb } from './verbs/facts-verb.js';
import { importVerb } from './verbs/import-verb.js';
import { journalVerb } from './verbs/journal-verb.js';
import { maintainVerb } from './verbs/maintain-verb.js';
import { planVerb } from './verbs/plan-verb.js';
import { ramdiskVerbs } from './verbs/ramdisk-verbs.js';
import { remoteVerb } from './verbs/remote-verb.js';
import { resetVerb } from './verbs/reset-verb.js';
import { sshShellVerb } from './verbs/ssh-shell-verb.js';
import { statusVerb } from './verbs/status-verb.js';
import { switchRootVerb } from './verbs/switch-root-verb.js';
import { timelineVerb } from './verbs/timeline-verb.js';

export const VERB_TABLE: VerbTable = [
  ...bootVerbs,
  explainVerb,
  statusVerb,
  doctorVerb,
  completionVerb,
  journalVerb,
  timelineVerb,
  diffVerb,
  ramdiskVerbs,
  exportVerb,
  importVerb,
  bundleVerb,
  remoteVerb,
  sshShellVerb,
  planVerb,
  switchRootVerb,
  resetVerb,
  enableVerb,
  disableVerb,
  maintainVerb,
  commitVerb,
  factsVerb,
];
