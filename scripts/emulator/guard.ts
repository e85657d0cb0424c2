const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const cleanups = new Set<() => void>();

function cleanAll(): void {
  const all = [...cleanups];
  cleanups.clear();
  unlisten();
  for (const cleanup of all) cleanup();
}

/**
 * The signal comes a second time, to whoever listens without us: with nobody left it ends the
 * process as it would have done. Whether others listen says nothing about whether they end the
 * process: tsx and signal-exit do it only when they find themselves alone.
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
 * Calls a function when this process ends, or is ended by a signal, before the returned function
 * was called. It must do its work at once: there is no event loop any more to wait with. Nobody
 * listens while there is nothing to clean.
 */
export function cleanBeforeEnd(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen();
  cleanups.add(cleanup);
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) unlisten();
  };
}
