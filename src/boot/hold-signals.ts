/**
 * Keeps a verb from being ended half-way by whoever loses patience: a switch to flash that is cut
 * off between making the old root read-only and leaving it leaves one that takes no writes. Node
 * runs a signal's handler only when nothing else runs, so one that is there keeps the signal until
 * the plan at work has ended.
 */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface HeldSignals {
  /** The signal that has come by now; null while none has. */
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
