import type { FileFinding } from '#core/file-finding.ts';
import { isSameFigure, type CandleColumns } from './candle-columns.ts';
import { findingsOf, type Fault } from './finding-runs.ts';

export type TradeWitness = {
  /** Minutes made of the trades beside the candles. */
  readonly minutes: CandleColumns;
  /** Event times of the first and the last trade, UTC ms: of the minutes between them all trades are there, but for ids that are missing. */
  readonly fromMs: number;
  readonly toMs: number;
};

export type WitnessedCandles = { readonly compared: number; readonly equal: number; readonly findings: readonly FileFinding[] };

const MINUTE_MS = 60_000;
const VOLUME_NOISE = 1e-6;

/**
 * Whether the one-minute candles of a file are what the trades beside it say, in both directions: a candle without trades and trades without a
 * candle are faults too. A minute at an end of the trades counts where it agrees, and is no fault where it does not.
 */
export function auditFileTrades(candles: CandleColumns, { minutes, fromMs, toMs }: TradeWitness): WitnessedCandles {
  const [firstMs, lastMs] = [candles.openTimesMs[0] ?? 0, candles.openTimesMs.at(-1) ?? 0];
  const made = new Map(Array.from(minutes.openTimesMs, (timeMs, i) => [timeMs, i]));
  const faults: Fault[] = [];
  let compared = 0;
  let equal = 0;
  candles.openTimesMs.forEach((timeMs, i) => {
    const at = made.get(timeMs);
    made.delete(timeMs);
    const isWhole = timeMs >= fromMs && timeMs + MINUTE_MS <= toMs;
    const wrong = at === undefined ? withoutTrades(candles, i) : differences(candles, i, minutes, at);
    if (wrong === null || (wrong !== '' && !isWhole)) return;
    compared += 1;
    if (wrong === '') equal += 1;
    else faults.push({ timeMs, message: wrong });
  });
  const unmade = [...made].filter(([timeMs]) => timeMs >= firstMs && timeMs <= lastMs);
  for (const [timeMs, at] of unmade) faults.push({ timeMs, message: `no candle, and ${minutes.trades[at]} trades` });
  faults.sort((a, b) => a.timeMs - b.timeMs);
  return { compared, equal, findings: findingsOf('trades', faults, MINUTE_MS) };
}

/** What is wrong; null for a row without a trade of a minute without one, which is right. */
function withoutTrades({ volume }: CandleColumns, i: number): string | null {
  return volume[i] === 0 ? null : `volume ${volume[i]}, and no trade`;
}

function differences(candles: CandleColumns, i: number, minutes: CandleColumns, at: number): string {
  const prices = (['open', 'high', 'low', 'close'] as const).filter((field) => !isSameFigure(candles[field][i]!, minutes[field][at]!));
  const isVolumeEqual = Math.abs(candles.volume[i]! - minutes.volume[at]!) <= VOLUME_NOISE;
  return [...prices, ...(isVolumeEqual ? [] : (['volume'] as const))]
    .map((field) => `${field} ${candles[field][i]}, its ${minutes.trades[at]} trades say ${minutes[field][at]}`)
    .join('; ');
}
