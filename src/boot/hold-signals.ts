/**
 * Holds signals so that an impatient caller cannot end a verb half-way. If a switch to flash ended
 * after it made the old root read-only and before it left it, the root would stay read-only. Node
 * runs a signal's handler only when no other code runs, so a handler delays the signal until the
 * current plan has ended.
 */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface HeldSignals {
  /** The signal that has arrived; null if none has. */
  told: () => Promise<NodeJS.Signals | null>;
  end: () => void;
}

export function holdSignals(): HeldSignals {
  let told: NodeJS.Signals | null = null;
  const note = (signal: NodeJS.Signals): void => void (told = signal);
  for (const signal of SIGNALS) process.on(signal, note);
  return {
    told: async () => {
      await new Promise(setImmediate);
      return told;
    },
    end: () => {
      for (const signal of SIGNALS) process.off(signal, note);
    },
  };
}
