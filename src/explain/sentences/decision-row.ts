/** The answer if nothing shows it. */
export const NOT_KNOWN = 'not known';

/** One decision of the kernel's: the question, and its answer made from the decision's data. */
export interface DecisionRow<Data> {
  question: string | ((data: Data) => string);
  answer: (data: Data) => string;
  /** The words after the reason's sentence. */
  also?: (data: Data) => string;
}

/** Gives a row the type of its data. */
export const decision = <Data extends { verdict: string }>(
  row: DecisionRow<Data>,
): DecisionRow<Data> => row;
