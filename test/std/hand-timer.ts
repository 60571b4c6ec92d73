/** A timer that a test moves by hand. */
export function handTimer() {
  let nowMs = 0;
  const waiting = new Map<symbol, { readonly dueMs: number; readonly action: () => void }>();
  return {
    monotonicMs: () => nowMs,
    after(delayMs: number, action: () => void): () => void {
      const id = Symbol('timer');
      waiting.set(id, { dueMs: nowMs + delayMs, action });
      return () => {
        waiting.delete(id);
      };
    },
    advance(ms: number): void {
      nowMs += ms;
      const due = [...waiting].filter(([, { dueMs }]) => dueMs <= nowMs).sort(([, a], [, b]) => a.dueMs - b.dueMs);
      for (const [id, { action }] of due) {
        waiting.delete(id);
        action();
      }
    },
    pending: () => waiting.size,
  };
}
