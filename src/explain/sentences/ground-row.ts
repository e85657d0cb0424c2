/** The source of knowledge. `rule`: every kernel does so. `unknown`: no source shows it. */
export type EvidenceSource =
  'cmdline' | 'config' | 'log' | 'device-tree' | 'facts' | 'rule' | 'unknown';

/**
 * The evidence for a decision. `seen`: a log or the machine shows the outcome. `concluded`: the
 * outcome follows from the input. `unknown`: no source shows it, and the usual case is assumed.
 */
export interface Evidence {
  kind: 'seen' | 'concluded' | 'unknown';
  from: EvidenceSource;
}

/** One reason for a decision: its evidence, and its sentence, which is made from its data. */
export interface GroundRow<Data> extends Evidence {
  say: (data: Data) => string;
}

type Say<Data> = (data: Data) => string;

/** For rows of reasons: the source shows the outcome itself. */
export const seenIn = <Data>(from: EvidenceSource, say: Say<Data>): GroundRow<Data> => ({
  kind: 'seen',
  from,
  say,
});
/** For rows of reasons: the outcome follows from the source. */
export const concludedFrom = <Data>(from: EvidenceSource, say: Say<Data>): GroundRow<Data> => ({
  kind: 'concluded',
  from,
  say,
});
/** For rows of reasons: no source shows it. */
export const nothingSays = <Data>(say: Say<Data>): GroundRow<Data> => ({
  kind: 'unknown',
  from: 'unknown',
  say,
});

export const hexadecimal = (address: number): string => `0x${address.toString(16)}`;
