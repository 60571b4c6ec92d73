type EveryTimer = { after(delayMs: number, action: () => void): () => void };

/**
 * Calls `action` again and again, with a pause before each call, until the returned function is called; that resolves when none runs any
 * more. `action` must not reject.
 */
export function every(timer: EveryTimer, pauseMs: number, action: () => Promise<void>): () => Promise<void> {
  let isOn = true;
  let running = Promise.resolve();
  let cancel: () => void = () => {};
  const schedule = (): void => {
    cancel = timer.after(pauseMs, () => {
      running = action().then(() => (isOn ? schedule() : undefined));
    });
  };
  schedule();
  return async () => {
    isOn = false;
    cancel();
    await running;
  };
}
