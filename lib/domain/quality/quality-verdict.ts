export type QualitySettings = {
  /** How far a live trade's event time may lie behind and before the time of its receipt, ms. */
  readonly maxAgeMs: number;
  readonly maxAheadMs: number;
};

/** `refused`: no trade at all, never published. `suspicious`: kept and flagged, and not the latest price. `reason` is empty for a good one. */
export type QualityVerdict = { readonly verdict: 'good' | 'suspicious' | 'refused'; readonly reason: string };
