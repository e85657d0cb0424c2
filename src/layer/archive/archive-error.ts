import { printable } from '../../text/printable.js';
import { archiveSentence, type ArchiveProblem } from './archive-problem.js';

interface ArchivePlace {
  /** The archive. */
  file?: string;
  /** The name of the entry in the archive. */
  entry?: Uint8Array;
}

/** An unusable archive, or a layer that no archive can hold. */
export class ArchiveError extends Error {
  override name = 'ArchiveError';

  constructor(
    readonly problem: ArchiveProblem,
    private readonly place: ArchivePlace = {},
  ) {
    const { file, entry } = place;
    super(
      (file === undefined ? '' : `${printable(file)} `) +
        archiveSentence(problem) +
        (entry === undefined ? '' : ` (at ${printable(entry)})`),
    );
  }

  /** Adds the place to an error. */
  at(place: ArchivePlace): ArchiveError {
    return new ArchiveError(this.problem, { ...place, ...this.place });
  }
}

export function refuseArchive(problem: ArchiveProblem): never {
  throw new ArchiveError(problem);
}
