/**
 * The parts of the agent that the warm-up must share with it, as the same instances. The warm-up is
 * bundled separately, so that its model kernel does not stay in the heap.
 */
import { parseState } from '../facts/gather.js';
import { reader } from '../system/files.js';
import { exitNow } from '../system/ffi.js';
import { SystemError } from '../system/system-error.js';
import { dlopen, openOver } from './late.js';
import { resume } from './resume.js';
import { checkAgent, rememberNode } from './same-program.js';

export const core = {
  checkAgent,
  dlopen,
  exitNow,
  openOver,
  parseState,
  reader,
  rememberNode,
  resume,
  SystemError,
};
export type Core = typeof core;
