/**
 * The entry of the heap of reports. Those that take long run from the agent's own file (see
 * `keepsFile` in src/cli/verb-row.ts).
 */
import { keep } from './keep.js';
import { reportsCore } from './reports-core.js';

keep(reportsCore, reportsCore.resume, 'warm-up-reports.js');
