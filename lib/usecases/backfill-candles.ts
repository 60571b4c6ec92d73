import type { CandleGap } from '#core/candle-gap.ts';
import { ConfigError } from '#core/errors.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import { seriesKey } from '#core/series.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { Watermark } from '#core/watermark.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { settledRows } from '#domain/candles/silent-runs.ts';
import { movedMark } from './backfill-ledger.ts';
import { backfillPage, explainHorizon } from './backfill-pages.ts';
import { createRun, type BackfillRun } from './backfill-run.ts';
import type { BackfillInput, BackfillPorts, BackfillReport } from './backfill-types.ts';
import { closedUntil } from './sync-series.ts';

/** Of the report's reading: so many candles at once. */
const READ_CANDLES = 20_000;

/**
 * Brings a past window of one series into the store: page by page from the oldest on, asking only for what is neither stored nor explained.
 * What the exchange answers twice without, with candles on both sides, is explained in the ledger of gaps. A run that ends early, by a
 * failure or a signal, has kept what it fetched: the next one goes on. Throws `ConfigError` for a market that the exchange does not trade and
 * for candles that are not closed yet; rejects with `ExchangeError` when the exchange's markets cannot be had, and with `StoreError`.
 */
export async function backfillCandles(ports: BackfillPorts, input: BackfillInput): Promise<BackfillReport> {
  const { db, clock } = ports;
  const { series, fromMs, untilMs, signal } = input;
  await refuseUnlisted(ports, input);
  refuseOpen(ports, input);
  const run = createRun(ports, input, await markOf(ports, input), await gapsOf(ports, input));
  while (run.nextMs < untilMs && run.failure === null && signal?.aborted !== true) {
    // oxlint-disable-next-line no-await-in-loop -- pages are fetched in order, so that a run that ends early leaves no hole behind it
    await backfillPage(ports, input, run);
    const done = (run.nextMs - fromMs) / run.timeframeMs;
    ports.onProgress?.({ done, total: (untilMs - fromMs) / run.timeframeMs, requests: run.requests, stored: run.stored });
  }
  await explainHorizon(ports, input, run);
  const present = await presentCandles(ports, input, run.timeframeMs);
  await settleGaps(ports, input, run, present);
  const { covered, explained } = await coveredCandles(ports, input, run.timeframeMs, present);
  // Read again: a sync beside this run has moved it on, and of two watermarks the further one wins.
  const mark = await markOf(ports, input);
  const moved = movedMark(input, mark, (timeMs) => covered[(timeMs - fromMs) / run.timeframeMs] === 1, clock.nowMs());
  if (moved !== null) await db.insertWatermarks([moved]);
  const firstMissing = covered.indexOf(0);
  const { requests, stored, fromTrades, changed, alreadyThere, refused, failure } = run;
  return {
    series,
    candles: covered.length,
    requests,
    stored,
    fromTrades: fromTrades.size,
    changed,
    alreadyThere,
    refused,
    present: countOf(present),
    explained,
    missing: covered.length - countOf(covered),
    firstMissingMs: firstMissing < 0 ? null : fromMs + firstMissing * run.timeframeMs,
    failure,
    isStopped: run.nextMs < untilMs && failure === null,
  };
}

async function refuseUnlisted({ api }: BackfillPorts, { series }: BackfillInput): Promise<void> {
  const { symbol, exchange, timeframe } = series;
  const { listed, unavailable } = await api.loadMarkets([symbol]);
  if (!api.timeframes.includes(timeframe))
    throw new ConfigError(
      `--timeframe "${timeframe}" is not served by ${exchange}, expected one of ${api.timeframes.join(', ')}; correct it`,
    );
  if (listed.includes(symbol)) return;
  const reason = unavailable.find((one) => one.symbol === symbol)?.reason ?? 'not listed';
  throw new ConfigError(`--symbol "${symbol}" is not traded at ${exchange} (${reason}), expected a market of it; correct it`);
}

function refuseOpen({ api, clock }: BackfillPorts, { series, untilMs, settings }: BackfillInput): void {
  const closedMs = floorToGrid(closedUntil({ api, clock }, { tickMs: clock.nowMs(), settings }), TIMEFRAME_MS[series.timeframe]);
  if (untilMs > closedMs)
    throw new ConfigError(
      `--to "${new Date(untilMs).toISOString()}" is after the newest closed candle, expected at most ${new Date(closedMs).toISOString()}; correct it`,
    );
}

async function markOf({ db }: BackfillPorts, { series }: BackfillInput): Promise<Watermark | null> {
  return (await db.readWatermarks(series.exchange)).find((one) => seriesKey(one.series) === seriesKey(series)) ?? null;
}

async function gapsOf({ db }: BackfillPorts, { series, fromMs, untilMs }: BackfillInput): Promise<readonly CandleGap[]> {
  const { exchange, symbol, timeframe } = series;
  const rows = await db.readCandleGaps({ exchange, symbols: [symbol], fromMs, untilMs, states: ['open', 'explained'] });
  return rows.filter((gap) => gap.series.timeframe === timeframe);
}

/** Closes or shortens the rows that were there before, by what the store holds now: also after a run that was killed. */
async function settleGaps(ports: BackfillPorts, input: BackfillInput, run: BackfillRun, present: Uint8Array): Promise<void> {
  const { timeframeMs } = run;
  const { fromMs, untilMs } = input;
  const rows: CandleGap[] = [];
  for (const gap of run.gaps) {
    const stored = new Set<number>();
    for (let timeMs = Math.max(fromMs, gap.fromMs); timeMs < Math.min(untilMs, gap.untilMs); timeMs += timeframeMs)
      if (present[(timeMs - fromMs) / timeframeMs] === 1) stored.add(timeMs);
    const outside = [
      { fromMs: gap.fromMs, untilMs: Math.min(gap.untilMs, fromMs) },
      { fromMs: Math.max(gap.fromMs, untilMs), untilMs: gap.untilMs },
    ];
    for (const part of outside.filter((one) => one.fromMs < one.untilMs)) {
      // oxlint-disable-next-line no-await-in-loop -- only the gaps at the two ends of the window reach out of it
      for (const timeMs of await timesIn(ports, input, part)) stored.add(timeMs);
    }
    rows.push(
      ...settledRows({
        gap,
        stored,
        newer: run.explained,
        timeframeMs,
        nowMs: ports.clock.nowMs(),
        by: run.fromTrades.has(gap.fromMs) ? 'trades' : 'backfill',
      }),
    );
  }
  if (rows.length > 0) await ports.db.insertCandleGaps(rows);
}

async function timesIn({ db }: BackfillPorts, { series }: BackfillInput, { fromMs, untilMs }: TimeWindow): Promise<readonly number[]> {
  const { exchange, symbol, timeframe } = series;
  const found = await db.readCandles({ exchange, symbols: [symbol], windows: { [timeframe]: { fromMs, untilMs } } });
  return found.flatMap(({ candles }) => candles.map(({ openTimeMs }) => openTimeMs));
}

/** 1 for each candle of the window that is there: by the store, and not by what this run believes to have written. */
async function presentCandles(ports: BackfillPorts, input: BackfillInput, timeframeMs: number): Promise<Uint8Array> {
  const { fromMs, untilMs } = input;
  const present = new Uint8Array((untilMs - fromMs) / timeframeMs);
  for (let startMs = fromMs; startMs < untilMs; startMs += READ_CANDLES * timeframeMs) {
    const window = { fromMs: startMs, untilMs: Math.min(untilMs, startMs + READ_CANDLES * timeframeMs) };
    // oxlint-disable-next-line no-await-in-loop -- a window of years does not fit into one answer
    for (const timeMs of await timesIn(ports, input, window)) present[(timeMs - fromMs) / timeframeMs] = 1;
  }
  return present;
}

type Covered = { readonly covered: Uint8Array; readonly explained: BackfillReport['explained'] };

/** 1 for each candle of the window that is there, or explained in the ledger. */
async function coveredCandles(ports: BackfillPorts, input: BackfillInput, timeframeMs: number, present: Uint8Array): Promise<Covered> {
  const { fromMs, untilMs } = input;
  const covered = present.slice();
  const explained: Partial<Record<CandleGap['reason'], number>> = {};
  for (const gap of (await gapsOf(ports, input)).filter(({ state }) => state === 'explained')) {
    for (let timeMs = Math.max(fromMs, gap.fromMs); timeMs < Math.min(untilMs, gap.untilMs); timeMs += timeframeMs) {
      const index = (timeMs - fromMs) / timeframeMs;
      if (covered[index] === 1) continue;
      covered[index] = 1;
      explained[gap.reason] = (explained[gap.reason] ?? 0) + 1;
    }
  }
  return { covered, explained };
}

function countOf(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}
