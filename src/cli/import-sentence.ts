import type { CheckedArchive } from '../layer/archive/import-archive.js';
import { plural } from '../text/units.js';

/** The result of an import, done or planned, as `import --json` prints it. */
export interface ImportResult {
  schema: 'mountroot.import/1';
  file: string;
  upper: string;
  mode: 'merge' | 'replace';
  when: 'never' | 'now' | 'next start';
  counts: CheckedArchive['counts'];
  warnings: string[];
}

type Told = Omit<ImportResult, 'schema' | 'warnings'>;

function contents(counts: Told['counts']): string {
  const { files, directories, symlinks, links, nodes, whiteouts, opaque, bytes } = counts;
  return [
    plural(files, 'file'),
    plural(directories, 'directory', 'directories'),
    ...(symlinks > 0 ? [plural(symlinks, 'symlink')] : []),
    ...(links > 0 ? [plural(links, 'hard link')] : []),
    ...(nodes > 0 ? [plural(nodes, 'node')] : []),
    plural(whiteouts, 'whiteout'),
    ...(opaque > 0 ? [plural(opaque, 'opaque directory', 'opaque directories')] : []),
    plural(bytes, 'byte'),
  ].join(', ');
}

type Tell = (file: string, place: string, what: string) => string;

const SENTENCES: Readonly<Record<Told['when'], Tell>> = {
  never: (file, place, what) => `${file} can be imported, ${place}: ${what}. Nothing was changed.`,
  now: (file, place, what) =>
    `${file} was imported, ${place}: ${what}. ` +
    'Empty the workdir that an overlay had with the old layer before it is mounted with this one.',
  'next start': (file, place, what) =>
    `${file} waits to be imported, ${place}: ${what}. ` +
    'The next start puts it there: reboot to have it done. ' +
    'What is changed until then is lost with the old layer; ' +
    '`mountroot import --cancel` takes the import back.',
};

/** The result of an import for a person. */
export function importSentence({ file, upper, mode, when, counts }: Told): string {
  const place = mode === 'merge' ? `over what is in ${upper}` : `in place of ${upper}`;
  return SENTENCES[when](file, place, contents(counts));
}
