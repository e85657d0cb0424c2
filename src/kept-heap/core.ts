/**
 * What of the agent the warm-up needs the very instances of. It is bundled by itself, so that the
 * model kernel it brings does not stay in the heap.
 */
import { openJournal } from '../execute/journal.js';
import { reader } from '../system/files.js';
import { SystemError } from '../system/system-error.js';
import { dlopen, openOver, resume } from './resume.js';

export const core = { dlopen, openJournal, openOver, reader, resume, SystemError };
export type Core = typeof core;
