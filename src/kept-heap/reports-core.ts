/**
 * The parts of the agent that the warm-up of reports must share with it, as the same instances. The
 * warm-up is bundled separately, so that the facts in it do not stay in the heap.
 */
import { stdout } from '../cli/stdout.js';
import { stderr } from '../log/stderr.js';
import { forgetTree } from '../system/tree-library.js';
import { resumeReports as resume } from './resume-reports.js';
import { checkAgent, rememberNode } from './same-program.js';

export const reportsCore = { checkAgent, forgetTree, rememberNode, resume, stderr, stdout };
export type ReportsCore = typeof reportsCore;
