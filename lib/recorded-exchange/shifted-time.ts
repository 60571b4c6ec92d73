import type { Outage } from '#core/recording.ts';
import type { RecordedCandles } from './kline-csv.ts';
import type { TapeMessage } from './trade-tape.ts';

// The same recording at another time: everything moves by the same whole number of hours, so that candles stay on their grids.

export function shiftedCandles(candles: RecordedCandles, shiftMs: number): RecordedCandles {
  if (shiftMs === 0) return candles;
  return {
    openTimesMs: candles.openTimesMs.map((timeMs) => timeMs + shiftMs),
    priceDecimals: candles.priceDecimals,
    candle(index) {
      const candle = candles.candle(index);
      return { ...candle, openTimeMs: candle.openTimeMs + shiftMs };
    },
  };
}

export function shiftedOutages(outages: readonly Outage[], shiftMs: number): readonly Outage[] {
  return outages.map((outage) => ({ ...outage, fromMs: outage.fromMs + shiftMs, toMs: outage.toMs + shiftMs }));
}

/** Trades of a table, whose times are numbers alone. */
export function shiftedMessages(messages: readonly TapeMessage[], shiftMs: number): readonly TapeMessage[] {
  if (shiftMs === 0) return messages;
  return messages.map(({ timeMs, trades }) => ({
    timeMs: timeMs + shiftMs,
    trades: trades.map((trade) => ({ ...trade, timeMs: trade.timeMs + shiftMs })),
  }));
}
