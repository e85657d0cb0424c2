const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const cleanups = new Set<() => void>();

function cleanAll(): void {
  const all = [...cleanups];
  cleanups.clear();
  unlisten();
  for (const cleanup of all) cleanup();
}

/**
 * Cleans, then sends the signal again: it goes to the other listeners, or ends the process if there
 * are none. We cannot leave the ending to other listeners, because tsx and signal-exit end the
 * process only when they are the only ones.
 */
function onSignal(signal: NodeJS.Signals): void {
  cleanAll();
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on('exit', cleanAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function unlisten(): void {
  process.removeListener('exit', cleanAll);
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

/**
 * Calls `cleanup` when this process ends or a signal ends it, unless the returned function was
 * called before. `cleanup` must be synchronous: the event loop has ended then. There are no
 * listeners while there is nothing to clean.
 */
export function cleanBeforeEnd(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen();
  cleanups.add(cleanup);
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) unlisten();
  };
}
