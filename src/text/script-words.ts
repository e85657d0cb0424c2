/** The end of the script that ran first, as in the journal. */
interface ScriptOutcome {
  result: 'made' | 'refused' | 'failed' | 'cut off';
  /** The reason why the script did not make the root; null if it did, or gave none. */
  why: string | null;
  /** The differences between its root and the root that the agent would have made. */
  differences?: readonly string[];
}

const ENDED = { refused: 'refused', failed: 'failed', 'cut off': 'was cut off' } as const;

/** Who made the root and why; continues a sentence such as `took 63 ms, …`. */
export function scriptWords({ result, why, differences = [] }: ScriptOutcome): string {
  if (result !== 'made')
    return (
      `by the agent, because the script that went first ${ENDED[result]}` +
      (why === null ? '' : `: ${why}`)
    );
  const [first, ...others] = differences;
  if (first === undefined) return 'by the script, and verified';
  const more = others.length > 0 ? `; and ${others.length} more` : '';
  return `by the script, and not as start would have made it: ${first}${more}`;
}
