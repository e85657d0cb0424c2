import { printable } from '../../text/printable.js';
import { archiveSentence, type ArchiveProblem } from './archive-problem.js';

interface ArchivePlace {
  /** The archive. */
  file?: string;
  /** The name of the entry, as it stands in the archive. */
  entry?: Uint8Array;
}

/** An archive that cannot be used, or a layer that cannot be put into one. */
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

  /** The same error, where more is known about its place. */
  at(place: ArchivePlace): ArchiveError {
    return new ArchiveError(this.problem, { ...place, ...this.place });
  }
}

export function refuseArchive(problem: ArchiveProblem): never {
  throw new ArchiveError(problem);
}
