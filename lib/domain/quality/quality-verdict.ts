/** How far a live trade's event time may lie behind and before the time of its receipt, ms. */
export type TimeSettings = { readonly maxAgeMs: number; readonly maxAheadMs: number };

/** Against the last good trade of the same market. */
export type JumpSettings = { readonly jumpPercent: number };

/** Against the last trades of the same market. */
export type OutlierSettings = {
  /** How many trades are remembered. */
  readonly outlierTrades: number;
  /** How many spreads from the median are too far, and the least that counts as one spread, in hundredths of a percent. */
  readonly outlierSpreads: number;
  readonly outlierFloorBps: number;
};

/** Against the same base and quote at other exchanges. */
export type VenueSettings = {
  readonly venuePercent: number;
  /** How many exchanges must have a fresh price, the judged one among them. */
  readonly venueCount: number;
  readonly venueFreshMs: number;
};

/** When suspicious trades are a new level. */
export type LevelSettings = {
  /** So many in a row within 1 % of each other, or all on one side for so long, ms. */
  readonly levelTrades: number;
  readonly levelMs: number;
  /** How long an exchange stays suspicious that is alone with its level while two others go on trading elsewhere, ms. */
  readonly loneVenueMs: number;
};

export type PriceSettings = JumpSettings & OutlierSettings & VenueSettings & LevelSettings;
export type QualitySettings = TimeSettings & PriceSettings;

/** `refused`: no trade at all, never published. `suspicious`: kept and flagged, and not the latest price. `reason` is empty for a good one. */
export type QualityVerdict = { readonly verdict: 'good' | 'suspicious' | 'refused'; readonly reason: string };

export const GOOD: QualityVerdict = { verdict: 'good', reason: '' };
