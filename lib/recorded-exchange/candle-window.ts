import type { Candle } from '#core/candle.ts';
import { ConfigError } from '#core/errors.ts';
import type { Outage } from '#core/recording.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { flatCandle, formingCandle, rolledUpCandle } from './forming-candle.ts';
import type { RecordedCandles } from './kline-csv.ts';

/** Ten years of minutes. A file with two far-away rows would otherwise ask for a grid without end. */
const MAX_SLOTS = 5_300_000;

/** What a venue does with a candle in which nothing traded. */
export type EmptyCandles = 'filled' | 'absent';

type WindowQuery = {
  readonly nowMs: number;
  /** First and last open time wanted, both inclusive, UTC ms; they need not be on the grid. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Candles that are not served do not count. */
  readonly limit: number;
  /** Which end of the range survives the limit. */
  readonly keep: 'oldest' | 'newest';
};

/**
 * The candles of one series as its venue serves them at a moment: only what had begun by then, the open candle in its form of
 * that moment. Nothing exists outside the first and last recorded row, nor inside an outage.
 */
export type CandleWindow = {
  readonly priceDecimals: number;
  /** Oldest first, each in the text of the venue's protocol. */
  texts(query: WindowQuery): string[];
  /** The candle that is open now, in the venue's text; undefined when there is none. */
  openText(nowMs: number): string | undefined;
  /** Open time of the newest closed candle that is served; undefined when there is none yet. */
  lastClosedMs(nowMs: number): number | undefined;
  /** Every served candle of the time, not as text; undefined where this series does not cover the whole of [fromMs, untilMs). */
  candlesWithin(fromMs: number, untilMs: number, nowMs: number): Candle[] | undefined;
};

export type WindowSource = {
  readonly series: Series;
  readonly candles: RecordedCandles;
  readonly outages: readonly Outage[];
  readonly empty: EmptyCandles;
  /** The same market's 1m candles: a longer open candle is rolled up from them where they were recorded. */
  readonly minutes: CandleWindow | undefined;
  /** Text of a candle on the wire. */
  readonly text: (candle: Candle) => string;
};

/** Slots are the steps of the series' grid: slot 0 is the first recorded row, the last slot the last one. */
export function createCandleWindow(source: WindowSource): CandleWindow {
  const { candles, empty, minutes, text } = source;
  const timeframeMs = TIMEFRAME_MS[source.series.timeframe];
  const firstMs = candles.openTimesMs[0] ?? 0;
  const lastMs = candles.openTimesMs.at(-1) ?? firstMs;
  const rowOfSlot = rowsBySlot(source.series, candles, timeframeMs);
  const slots = rowOfSlot.length;
  const outages = outagesOf(source);
  const closedTexts: (string | undefined)[] = [];

  const openTimeOf = (slot: number): number => firstMs + slot * timeframeMs;
  const slotAt = (timeMs: number): number => Math.floor((timeMs - firstMs) / timeframeMs);
  const isDown = (fromMs: number, toMs: number): boolean => outages.some((one) => one.fromMs <= fromMs && toMs <= one.toMs);
  const rowAtOrBefore = (slot: number): number => rowOfSlot[slot] ?? 0;
  const isRecorded = (slot: number): boolean => candles.openTimesMs[rowAtOrBefore(slot)] === openTimeOf(slot);

  function emptyAt(slot: number, priceSlot: number): Candle | undefined {
    if (empty === 'absent') return undefined;
    const row = candles.candle(rowAtOrBefore(priceSlot));
    return flatCandle(openTimeOf(slot), row.close, row);
  }

  function closedAt(slot: number): Candle | undefined {
    if (isDown(openTimeOf(slot), openTimeOf(slot + 1))) return undefined;
    return isRecorded(slot) ? candles.candle(rowAtOrBefore(slot)) : emptyAt(slot, slot);
  }

  function openAt(slot: number, nowMs: number): Candle | undefined {
    const openMs = openTimeOf(slot);
    if (slot < 0 || slot >= slots || isDown(openMs, Math.max(nowMs, openMs + 1))) return undefined;
    const parts = minutes?.candlesWithin(openMs, openMs + timeframeMs, nowMs);
    const traded = parts === undefined ? shareAt(slot, nowMs - openMs) : rolledUpCandle(openMs, parts);
    if (traded !== undefined) return traded;
    if (slot > 0 || empty === 'absent') return emptyAt(slot, slot - 1);
    // Before the first row there is no close to repeat; its own open is the only price of that time.
    const first = candles.candle(0);
    return flatCandle(openMs, first.open, first);
  }

  function shareAt(slot: number, elapsedMs: number): Candle | undefined {
    return isRecorded(slot) ? formingCandle(candles.candle(rowAtOrBefore(slot)), elapsedMs, timeframeMs) : undefined;
  }

  function closedText(slot: number): string | undefined {
    const known = closedTexts[slot];
    if (known !== undefined) return known;
    const candle = closedAt(slot);
    if (candle === undefined) return undefined;
    const made = text(candle);
    closedTexts[slot] = made;
    return made;
  }

  function openText(nowMs: number): string | undefined {
    const candle = openAt(slotAt(nowMs), nowMs);
    return candle === undefined ? undefined : text(candle);
  }

  return {
    priceDecimals: candles.priceDecimals,
    openText,
    texts({ nowMs, fromMs, toMs, limit, keep }) {
      const open = slotAt(nowMs);
      const low = Math.max(0, Math.ceil((fromMs - firstMs) / timeframeMs));
      const high = Math.min(slots - 1, open, slotAt(toMs));
      const textOf = (slot: number): string | undefined => (slot === open ? openText(nowMs) : closedText(slot));
      return keep === 'oldest' ? collected(low, high, 1, limit, textOf) : collected(high, low, -1, limit, textOf).reverse();
    },
    lastClosedMs(nowMs) {
      const newest = Math.min(slots - 1, slotAt(nowMs) - 1);
      for (let slot = newest; slot >= 0; slot -= 1) if (closedText(slot) !== undefined) return openTimeOf(slot);
      return undefined;
    },
    candlesWithin(fromMs, untilMs, nowMs) {
      if (fromMs < firstMs || untilMs > lastMs + timeframeMs) return undefined;
      const open = slotAt(nowMs);
      const within: Candle[] = [];
      for (let slot = slotAt(fromMs); slot <= open && openTimeOf(slot) < untilMs; slot += 1) {
        const candle = slot === open ? openAt(slot, nowMs) : closedAt(slot);
        if (candle !== undefined) within.push(candle);
      }
      return within;
    },
  };
}

function collected(from: number, to: number, step: 1 | -1, limit: number, textOf: (slot: number) => string | undefined): string[] {
  const texts: string[] = [];
  for (let slot = from; (to - slot) * step >= 0 && texts.length < limit; slot += step) {
    const text = textOf(slot);
    if (text !== undefined) texts.push(text);
  }
  return texts;
}

function outagesOf({ series, outages }: WindowSource): readonly Outage[] {
  return outages.filter((one) => one.exchange === series.exchange && (one.symbols === 'all' || one.symbols.includes(series.symbol)));
}

/** For each slot the newest recorded row at or before it. */
function rowsBySlot(series: Series, { openTimesMs }: RecordedCandles, timeframeMs: number): Int32Array {
  const firstMs = openTimesMs[0] ?? 0;
  const slots = ((openTimesMs.at(-1) ?? 0) - firstMs) / timeframeMs + 1;
  if (slots > MAX_SLOTS) {
    throw new ConfigError(
      `recording of ${seriesKey(series)} spans "${slots}" candles; at most ${MAX_SLOTS} are served; cut it into shorter folders`,
    );
  }
  const rows = new Int32Array(slots);
  openTimesMs.forEach((timeMs, row) => {
    const next = openTimesMs[row + 1] ?? timeMs + timeframeMs;
    rows.fill(row, (timeMs - firstMs) / timeframeMs, (next - firstMs) / timeframeMs);
  });
  return rows;
}
