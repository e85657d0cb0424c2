/**
 * `walks.cjs copy FROM TO` and `walks.cjs clear TREE`: the walks of `done` and `reset`, which have
 * no verb of their own, for the benchmark.
 */
import { system } from '../../src/system/ffi.js';
import { clearTree } from '../../src/tree/clear-tree.js';
import { copyTree } from '../../src/tree/copy-tree.js';

const [what, from, to] = process.argv.slice(2) as [string, string, string];
if (what === 'clear') clearTree(system, from, []);
else if (copyTree(system, from, to).refused.length > 0) process.exitCode = 1;
