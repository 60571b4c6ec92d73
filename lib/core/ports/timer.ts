/** Monotonic time of this machine, for deadlines and durations. Virtual only in a simulation. */
export interface Timer {
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, action: () => void): () => void;
}
