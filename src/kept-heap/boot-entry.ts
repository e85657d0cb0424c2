/**
 * The entry of the heap of a boot. It contains the boot's verbs only; other verbs are handed to the
 * agent's own file.
 */
import { core } from './core.js';
import { keep } from './keep.js';

keep(core, core.resume, 'warm-up.js');
