/** Our folder in /tmp, which holds what verbs of this boot leave for each other. */
import * as fs from 'node:fs';
import { reader } from '../system/files.js';
import { asideName } from '../system/aside.js';
import { foreignIn } from '../system/trust.js';

/** Others may be quick, but each attempt needs the luck of one moment between two calls. */
const MOST_ATTEMPTS = 100;

/** Makes our folder unless it is there. Everybody may read it: a login shows the notice in it. */
function make(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Makes sure that a folder is there and is ours: only root can have made it, and what is in it. One
 * that somebody else made is renamed, and `complain` is told so; nothing in it is read.
 * @throws where others can exchange the folder itself.
 */
export function ownFolder(folder: string, complain: (message: string) => void): void {
  for (let attempt = 1; ; attempt++) {
    make(folder);
    const trouble =
      foreignIn(reader, folder) ??
      (reader.kind(folder) === 'directory'
        ? null
        : { at: folder, why: `${folder} is no directory` });
    if (trouble === null) return;
    // Where anybody may exchange the folder itself, ours would not stay.
    if (trouble.at !== folder || attempt > MOST_ATTEMPTS)
      throw new Error(`${folder} cannot be kept from others`);
    const aside = asideName(folder, reader);
    fs.renameSync(folder, aside);
    complain(`${trouble.why}, so nothing in it is believed; it is ${aside} now`);
  }
}
