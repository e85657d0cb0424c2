/**
 * The problems while facts are gathered, and a sentence for each. A problem is a code and data; its
 * type follows from the rows of this table.
 */

interface ProblemSentence {
  /** The fault. */
  is: string;
  /** The value that is used instead. */
  holds?: string;
}

interface ProblemRow<Data> {
  /** Whether a setting is wrong, or something could not be read. */
  about: 'settings' | 'reading';
  says: (data: Data) => ProblemSentence;
  cure: (data: Data) => string;
}

const CORRECT = 'correct it; docs/configuration.md lists the settings and their values';
const LOOK = 'see whether what it names is there';

const aboutSettings = <Data>(says: (data: Data) => ProblemSentence): ProblemRow<Data> => ({
  about: 'settings',
  says,
  cure: () => CORRECT,
});

const aboutFstab = <Data>(says: (data: Data) => ProblemSentence): ProblemRow<Data> => ({
  about: 'settings',
  says,
  cure: () => 'correct it, with `uci` or by hand, or set `extroot` in /etc/mountroot.json instead',
});

const aboutReading = <Data>(
  is: (data: Data) => string,
  cure: (data: Data) => string = () => LOOK,
): ProblemRow<Data> => ({ about: 'reading', says: (data) => ({ is: is(data) }), cure });

const ROWS = {
  'unknown-setting': aboutSettings(
    ({ from, setting, known }: { from: string; setting: string; known: readonly string[] }) => ({
      is: `${from} has a setting ${JSON.stringify(setting)} that there is not`,
      holds: `known are ${known.join(', ')}`,
    }),
  ),
  /** `value` and `holds` are JSON, `value` perhaps cut off. */
  'bad-setting': aboutSettings(
    (data: { from: string; setting: string; value: string; expected: string; holds: string }) => ({
      is: `${data.from} sets ${data.setting} to ${data.value}, which is not ${data.expected}`,
      holds: `${data.holds} holds`,
    }),
  ),
  'settings-no-object': aboutSettings(({ file, list }: { file: string; list: boolean }) => ({
    is: `${file} is ${list ? 'a list' : 'no object'} and should be an object of settings`,
    holds: 'none of it holds',
  })),
  'settings-no-json': aboutSettings(({ file, why }: { file: string; why: string }) => ({
    is: `${file} is not JSON (${why})`,
    holds: 'none of it holds',
  })),
  /** `why` completes "FILE …": it names the limit. */
  'settings-refused': aboutSettings(({ file, why }: { file: string; why: string }) => ({
    is: `${file} ${why}`,
    holds: 'none of it holds',
  })),
  /** A line of /etc/config/fstab that is not heeded; the rest of the file is. */
  'fstab-line': aboutFstab(
    ({ file, line, what }: { file: string; line: number; what: string }) => ({
      is: `${file}, line ${line}: ${what}`,
      holds: 'the rest of the file holds',
    }),
  ),
  /** `why` begins with the number of the line. */
  'fstab-broken': aboutFstab(({ file, why }: { file: string; why: string }) => ({
    is: `${file} cannot be used (${why})`,
    holds: 'the next file that may ask for an external volume holds',
  })),
  'bad-line': aboutReading(
    ({ file, line }: { file: string; line: string }) =>
      `${file} has a line that is not understood and was left out: ${JSON.stringify(line)}`,
  ),
  'not-understood': aboutReading(
    ({ file, why }: { file: string; why: string }) => `${file} is not understood: ${why}`,
  ),
  /** `text` is the error's message, `errno` its name; null if the error is not the kernel's. */
  'not-read': aboutReading(
    ({ text }: { text: string; errno: string | null }) => text,
    ({ errno }) =>
      errno === 'EACCES' || errno === 'EPERM' ? 'run `mountroot doctor` as root' : LOOK,
  ),
  /** A fault of the agent itself. `part` is what it could not do; `text` the error's message. */
  fault: aboutReading(
    ({ part, text }: { part: string; text: string }) =>
      `the agent failed in a way it does not know while ${part}: ${text}`,
    () => 'report it, with the archive that `mountroot bundle` makes',
  ),
  /** A file in /tmp that somebody other than root may have made; `why` is a clause. */
  'not-ours': aboutReading(
    ({ path, why }: { path: string; why: string }) => `${path} is not believed, because ${why}`,
    () => 'see who made it; the next verb that root runs moves our folder aside and makes its own',
  ),
  /** A sentence of a facts file that has no codes, or one with a code that is not known here. */
  other: aboutReading(({ text }: { text: string }) => text),
};

type ProblemCode = keyof typeof ROWS;
type ProblemData<Code extends ProblemCode> = Parameters<(typeof ROWS)[Code]['says']>[0];

/** Something that could not be read or understood while facts were gathered. */
export type FactsProblem = {
  [Code in ProblemCode]: { code: Code } & ProblemData<Code>;
}[ProblemCode];

// The code chooses the row that takes this problem's data; TypeScript sees only the union of rows.
const rowOf = ({ code }: FactsProblem): ProblemRow<FactsProblem> =>
  ROWS[code] as unknown as ProblemRow<FactsProblem>;

export const isAboutSettings = (problem: FactsProblem): boolean =>
  rowOf(problem).about === 'settings';

export const problemParts = (problem: FactsProblem): ProblemSentence =>
  rowOf(problem).says(problem);

export const problemCure = (problem: FactsProblem): string => rowOf(problem).cure(problem);

/** The problem as one sentence. */
export function problemSentence(problem: FactsProblem): string {
  const { is, holds } = problemParts(problem);
  return holds === undefined ? is : `${is}; ${holds}`;
}
