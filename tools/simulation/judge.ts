import type { Candle } from '#core/candle.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { SyncReport } from '#usecases/sync-candles.ts';
import { candleVersion } from '#domain/candles/version.ts';
import type { FaultCounter } from './fault-counter.ts';
import type { Situation } from './faults.ts';
import { HABITS } from './simulated-exchange.ts';
import type { Written } from './simulated-store.ts';
import type { Truth } from './simulated-truth.ts';
import type { Venue } from './workload.ts';

export const REVISED_FROM = candleVersion({ finality: 'revised', sourceRank: 0, fetchedAtMs: 0, sequence: 0 });

export type Violation = { readonly invariant: string; readonly what: string };

/** Watches what sync asks and writes while it does, and knows what it has written. Times are true ones. */
export type Judge = ReturnType<typeof createJudge>;

/** A row of the ledger that grows is written whenever it has grown by so many candles. */
const LEDGER_LAG_CANDLES = 15;

/** Requests for one series in a tick, beside those that a catch-up of several pages needs. */
const MOST_REQUESTS = 3;

export type JudgeParts = {
  readonly truth: Truth;
  readonly situations: FaultCounter;
  readonly nowMs: () => number;
};

export function createJudge({ truth, situations, nowMs }: JudgeParts) {
  const violations: Violation[] = [];
  const held = new Map<string, Set<number>>();
  const marks = new Map<string, number>();
  const rereadMarks = new Map<string, number>();
  const begins = new Map<string, number>();
  const refused = new Set<string>();
  const notListed = new Set<string>();
  const explained = new Set<string>();
  const unlisted = new Set<string>();
  const counts = { openAsClosed: 0 };
  const came = (situation: Situation): void => situations.count(situation);
  const violate = (invariant: string, what: string): void => {
    if (violations.length < 100) violations.push({ invariant, what });
  };
  const timesOf = (key: string): Set<number> => {
    const times = held.get(key) ?? new Set<number>();
    held.set(key, times);
    return times;
  };

  const checkWritten = (series: Series, candle: Candle): void => {
    const key = seriesKey(series);
    if (candle.openTimeMs + TIMEFRAME_MS[series.timeframe] > nowMs()) {
      counts.openAsClosed += 1;
      violate('no open candle is stored', `${key} ${candle.openTimeMs} at ${nowMs()}`);
    } else if (!truth(series).wasServed(candle)) {
      violate('what is stored was served like that', `${key} ${candle.openTimeMs}: ${candle.volume}`);
    }
  };

  const noteTaken = (series: Series, { openTimeMs, version }: Candle & { readonly version: bigint }): void => {
    const key = seriesKey(series);
    const times = timesOf(key);
    const isBehind = openTimeMs < (marks.get(key) ?? 0);
    if (isBehind && !times.has(openTimeMs)) came('a candle came after the watermark had passed it');
    if (isBehind && version >= REVISED_FROM) came('a correction came behind the watermark');
    if (refused.delete(`${key} ${openTimeMs}`)) came('a refused row came as a candle later');
    times.add(openTimeMs);
  };

  const noteGaps = (gaps: Extract<Written, readonly ['insertCandleGaps', unknown]>[1]): void => {
    for (const { series, fromMs, untilMs, reason, state } of gaps) {
      const stepMs = TIMEFRAME_MS[series.timeframe];
      for (let timeMs = fromMs; state === 'explained' && timeMs < untilMs; timeMs += stepMs)
        explained.add(`${seriesKey(series)} ${timeMs}`);
      const name = `${seriesKey(series)} ${fromMs}`;
      situations.count(`gap: ${reason}`);
      if (reason === 'not_listed' && state === 'open') {
        notListed.add(name);
        // Of two processes the slower one may write the row as it was a while ago.
        for (let timeMs = fromMs; timeMs < untilMs - LEDGER_LAG_CANDLES * stepMs; timeMs += stepMs)
          unlisted.add(`${seriesKey(series)} ${timeMs}`);
      }
      if (!(reason === 'not_listed' && state === 'open') && notListed.delete(name)) came('a market came back to the list');
    }
  };

  return {
    violations,
    violate,
    came,
    /** As the store has them, by series. */
    marks,
    rereadMarks,
    /** Where each series has begun at the latest: of two first backfills at once the later one may begin later. */
    begins,
    openAsClosed: () => counts.openAsClosed,
    isStored: (series: Series, openTimeMs: number): boolean => held.get(seriesKey(series))?.has(openTimeMs) ?? false,
    /** Whether the ledger has ever explained it: a slower process may have opened its gap again. */
    wasExplained: (series: Series, openTimeMs: number): boolean => explained.has(`${seriesKey(series)} ${openTimeMs}`),
    /** Whether the ledger has ever said that the market was not listed then. */
    wasUnlisted: (series: Series, openTimeMs: number): boolean => unlisted.has(`${seriesKey(series)} ${openTimeMs}`),
    isKnown: (series: Series): boolean => held.has(seriesKey(series)),
    onRefused: (series: Series, openTimeMs: number): void => void refused.add(`${seriesKey(series)} ${openTimeMs}`),
    onWrite([method, rows]: Written): void {
      if (method === 'insertCandles') for (const { series, candles } of rows) for (const candle of candles) checkWritten(series, candle);
      if (method !== 'insertCandleGaps') return;
      for (const { series, fromMs, untilMs } of rows)
        if (fromMs >= untilMs) violate('a row of the ledger has a beginning and an end', `${seriesKey(series)} ${fromMs} to ${untilMs}`);
    },
    onTaken([method, rows]: Written): void {
      if (method === 'insertCandleGaps') noteGaps(rows);
      if (method === 'insertWatermarks')
        for (const { series, fromMs } of rows) begins.set(seriesKey(series), Math.max(begins.get(seriesKey(series)) ?? 0, fromMs));
      if (method === 'insertCandles') for (const { series, candles } of rows) for (const candle of candles) noteTaken(series, candle);
    },
    /** The figures of a tick agree with each other, and with what it asked. */
    checkReport({ series, exchange, tickMs }: SyncReport, requests: ReadonlyMap<string, number>): void {
      for (const one of series) {
        const key = seriesKey(one.series);
        if (one.fetched !== one.stored + one.changed + one.unchanged + one.stillOpen)
          violate('the figures of a report add up', `${key}: ${one.fetched} fetched`);
        const asked = requests.get(key) ?? 0;
        if (asked !== one.requests) violate('a report tells every request', `${key}: ${one.requests} told, ${asked} made`);
        const stepMs = TIMEFRAME_MS[one.series.timeframe];
        const behind = (tickMs - (marks.get(key) ?? tickMs)) / stepMs;
        const pages = Math.ceil((behind + 2) / HABITS[exchange as Venue].page);
        const most = Math.max(MOST_REQUESTS, pages + MOST_REQUESTS - 1);
        if (asked > most) violate('a series asks three times a tick, and for the pages that it is behind', `${key}: ${asked} at ${tickMs}`);
        if (asked === MOST_REQUESTS) came('a series needed all its requests of a tick');
      }
    },
  };
}
