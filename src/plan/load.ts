/** The step that loads the module of a file system, where the kernel has it as one. */
import type { Facts } from '../facts/facts.js';
import { isLoadable } from '../facts/kernel-sources.js';
import type { Step } from '../steps/step.js';
import { warn } from './steps.js';

/** Only a warning: if it fails, mount(2) lets the kernel try the same, and says how that ended. */
export const loadSteps = (facts: Facts, type: string): Step[] =>
  isLoadable(facts, type)
    ? [
        warn(`load-${type}`, `${type} is a module, and is not loaded yet.`, {
          kind: 'load-module',
          program: facts.modules!.loader,
          module: type,
        }),
      ]
    : [];
