/** Where a start looks for /etc/config/fstab, and what is said of one that is not used. */
import type { Reader } from '../system/port.js';
import type { FactsProblem } from '../text/problem-text.js';
import { FSTAB, fstabRequest, type FstabFile, type FstabRequest } from './fstab.js';
import { fstabsInside } from './mounted-volume.js';
import { noting } from './problems.js';
import { UCI_LIMITS } from './uci.js';

interface FstabLook {
  reader: Reader;
  problems: FactsProblem[];
}

/** The file of the image. */
function imageFstab({ reader, problems }: FstabLook, image: string): FstabFile {
  const attempt = noting(problems);
  const file = `${image}${FSTAB}`;
  const isFile = attempt(false, () => reader.kind(file) === 'file');
  // One byte more than counts, so that a longer file shows as such.
  const bytes = (): Uint8Array => reader.readBytes(file, 0, UCI_LIMITS.bytes + 1);
  return { file, text: isFile ? attempt('', () => Buffer.from(bytes()).toString('utf8')) : null };
}

function* fstabsOf(look: FstabLook, image: string, at: string): Generator<FstabFile> {
  yield* fstabsInside(look.reader, at, look.problems);
  yield imageFstab(look, image);
}

/**
 * An external volume takes the place of an internal one. Where there is none, the image's fstab may
 * ask for one nevertheless, and somebody should know that it is not used.
 */
export function tellUnusedFstab(look: FstabLook, image: string): null {
  const request = fstabRequest([imageFstab(look, image)], look.problems);
  if (request === null) return null;
  const what =
    `the external volume ${request.names[0]} is not used, because the board has no data volume ` +
    'whose place it could take; name it with the setting `volume` instead';
  look.problems.push({ code: 'fstab-line', file: request.file, line: request.line, what });
  return null;
}

export const askedByFstab = (look: FstabLook, image: string, at: string): FstabRequest | null =>
  fstabRequest(fstabsOf(look, image, at), look.problems);
