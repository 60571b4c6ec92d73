const END_WITHIN_MS = 4500;

/** Aborts at the first SIGINT or SIGTERM; the second one ends the process at once. */
export function createStopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    stop.abort();
    // Whatever hangs, the process ends in time; the store survives that as it survives kill -9.
    setTimeout(() => {
      process.stderr.write('tidemark: something did not end in time; the process is ended, the store is intact\n');
      // An exit would wait for a statement that the engine is still running.
      process.kill(process.pid, 'SIGKILL');
    }, END_WITHIN_MS).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}

/** Resolves when the signal aborts. A waiting promise alone keeps no process alive: the caller's servers do. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
