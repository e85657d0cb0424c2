/** From where something is known. `rule`: every kernel does so; `unknown`: nothing says. */
export type EvidenceSource =
  'cmdline' | 'config' | 'log' | 'device-tree' | 'facts' | 'rule' | 'unknown';

/**
 * What a decision rests on. `seen`: a log or the machine shows the outcome; `concluded`: it follows
 * from what is given; `unknown`: nothing says, and the usual is assumed.
 */
export interface Evidence {
  kind: 'seen' | 'concluded' | 'unknown';
  from: EvidenceSource;
}

/** One reason for a decision: what it rests on, and its sentence, made from its data. */
export interface GroundRow<Data> extends Evidence {
  say: (data: Data) => string;
}

type Say<Data> = (data: Data) => string;

/** For rows of reasons: the outcome itself was seen there. */
export const seenIn = <Data>(from: EvidenceSource, say: Say<Data>): GroundRow<Data> => ({
  kind: 'seen',
  from,
  say,
});
/** For rows of reasons: the outcome follows from what stands there. */
export const concludedFrom = <Data>(from: EvidenceSource, say: Say<Data>): GroundRow<Data> => ({
  kind: 'concluded',
  from,
  say,
});
/** For rows of reasons: nothing says it. */
export const nothingSays = <Data>(say: Say<Data>): GroundRow<Data> => ({
  kind: 'unknown',
  from: 'unknown',
  say,
});

export const hexadecimal = (address: number): string => `0x${address.toString(16)}`;
