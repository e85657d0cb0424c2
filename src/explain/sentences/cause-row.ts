/** A probable cause of a failed boot, and its cure. */
export interface CauseRow<Data> {
  cause: (data: Data) => string;
  todo: (data: Data) => readonly string[];
}

/** Gives a row the type of its data. */
export const cause = <Data = unknown>(
  say: (data: Data) => string,
  todo: readonly string[] | ((data: Data) => readonly string[]),
): CauseRow<Data> => ({
  cause: say,
  todo: typeof todo === 'function' ? todo : () => todo,
});
