import type { CandleGap } from '#core/candle-gap.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';

/** A text beyond this is cut: evidence is for a person. */
const MAX_CHARACTERS = 300;

/**
 * What proves that the exchange no longer has the candles of a window, and what the ledger said of them before: that they are lost does not
 * change why they were missing. `reachableFromMs`: the first open time that it still has, UTC ms.
 */
export function lostEvidence(window: TimeWindow, reachableFromMs: number, before: readonly CandleGap[]): string {
  const formerly = before
    .filter(({ fromMs, untilMs, reason }) => fromMs < window.untilMs && window.fromMs < untilMs && reason !== 'retention_lost')
    .map(({ reason, evidence }) => `${reason} (${evidence})`);
  const kept = [...new Set(formerly)].join(', ').slice(0, MAX_CHARACTERS);
  const lost = `the exchange keeps nothing before ${new Date(reachableFromMs).toISOString()}`;
  return kept === '' ? lost : `${lost}; before that: ${kept}`;
}
