const BOUND_MS = 20_000;

export type LatencySummary = { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number };

export type LatencyHistogram = {
  /** Whole milliseconds; below 0 counts as 0, above 20 s as 20 s. */
  note(latencyMs: number): void;
  /** What was noted since the last time; NaN for percentiles of nothing. */
  take(): LatencySummary;
};

export function createLatencyHistogram(): LatencyHistogram {
  const counts = new Uint32Array(BOUND_MS + 1);
  return {
    note(latencyMs) {
      counts[Math.min(BOUND_MS, Math.max(0, Math.round(latencyMs)))]! += 1;
    },
    take() {
      const count = counts.reduce((sum, one) => sum + one, 0);
      const summary = { count, p50: quantile(counts, count, 0.5), p99: quantile(counts, count, 0.99), max: quantile(counts, count, 1) };
      counts.fill(0);
      return summary;
    },
  };
}

function quantile(counts: Uint32Array, count: number, share: number): number {
  if (count === 0) return Number.NaN;
  let seen = 0;
  return counts.findIndex((one) => (seen += one) >= count * share);
}
