import type { StoredCandle } from '#core/candle.ts';
import type { Exchange } from '#core/exchange.ts';
import type { FaultRule } from '#core/fault-plan.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { RecordingManifest } from '#core/recording.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { createMemoryTimeSeriesDb } from '#providers/memory/memory-time-series-db.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { syncCandles, type SyncReport } from '#usecases/sync-candles.ts';
import { createSyncMemory } from '#usecases/sync-memory.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { restParts } from '../providers/ccxt/rest-parts.ts';
import { planOf } from '../recorded-exchange/fault-rules.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';
import { MINUTE, truthOf } from './made-venue.ts';

const SYMBOL = symbolOf('BTC/USD');
/** A twentieth of what the exchanges allow, so that a catch-up of two hours has three pages. */
const PAGE_CANDLES = 50;
const HISTORY = 20;
export const DEADLINE_MS = 8000;

export type CaseOptions = {
  readonly recording: RecordingManifest;
  readonly exchange: Exchange;
  /** Begins at the first tick; the window of time is set here. */
  readonly rule: FaultRule;
  /** How many ticks the fault lasts. */
  readonly ticks: number;
  /** The first tick: the store knows the minutes before its outage, two hours ago. */
  readonly firstTickMs: number;
  readonly deadlineMs: number;
};

export type CaseResult = {
  readonly injected: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly wrong: number;
  readonly openAsClosed: number;
  /** Ticks after the fault (and the pause that it earned) that were needed until nothing was missing; 0 when nothing was. */
  readonly recoveryTicks: number;
  /** More than three requests for a page of a series in a tick. */
  readonly pagesOverAsked: number;
  /** Requests in a tick at whose beginning the exchange was to be left alone. */
  readonly askedInPause: number;
};

/** The real client and the real sync against one fault: two hours to catch up, then tick after tick, until well after the fault. */
export async function runFaultCase({ recording, exchange, rule, ticks, firstTickMs, deadlineMs }: CaseOptions): Promise<CaseResult> {
  const clock = handClock(firstTickMs + 3000);
  const parts = restParts(clock);
  const timer = createSystemTimer();
  const untilMs = firstTickMs + ticks * MINUTE;
  const timed: FaultRule = { ...rule, fromMs: firstTickMs, untilMs };
  const server = await startRecordedExchange({ recording, clock, faults: { plan: planOf(timed), timer } });
  const client = (ofMs: number) => createCcxtRestApi({ ...parts, exchange, restUrl: server.urls[exchange], deadlineMs: ofMs });
  const api = client(deadlineMs);
  // After the fault another process, with the deadline of production: a scaled one would measure how busy this machine is.
  const next = client(DEADLINE_MS);
  const db = createMemoryTimeSeriesDb();
  const firstMs = firstTickMs - 140 * MINUTE;
  await seed(db, exchange, firstMs);
  const check = { openAsClosed: 0, pagesOverAsked: 0, askedInPause: 0, recoveryTicks: 0 };
  try {
    // The list of markets is known before the fault, from the process before, as it is in life.
    await next.loadMarkets([SYMBOL]);
    await api.loadMarkets([SYMBOL]);
    const memory = createSyncMemory();
    let tickMs = firstTickMs;
    for (let tick = 0; tick < ticks + 4; tick++, tickMs += MINUTE) {
      const isOver = tick >= ticks;
      const pausedUntilMs = await pausedUntil(parts, server.urls[exchange] ?? '', exchange);
      // The bans that a fault has earned last for hours; nothing happens in them.
      if (isOver && pausedUntilMs > tickMs + 3000) tickMs = Math.ceil((pausedUntilMs - 3000) / MINUTE) * MINUTE;
      clock.moveTo(Math.max(clock.nowMs(), tickMs + 3000));
      // Of what was over when the tick before it ran: the newest minute is this tick's own work.
      if (isOver && missingOf(await storedCandles(db, exchange), firstMs, tickMs - MINUTE) > 0) check.recoveryTicks = tick - ticks + 1;
      const isPaused = pausedUntilMs > clock.nowMs();
      const before = server.requests()[exchange]?.all ?? 0;
      const report = await syncCandles(
        { api: { ...(isOver ? next : api), maxCandlesPerRequest: PAGE_CANDLES }, db, clock },
        {
          symbols: [SYMBOL],
          timeframes: ['1m'],
          tickMs,
          settings: { backfillLimit: 300, latestCandles: 5, recheckCandles: 300, rereadAfterHours: [], closeGraceMs: 2000, concurrency: 4 },
          memory,
        },
      );
      const asked = (server.requests()[exchange]?.all ?? 0) - before;
      if (isPaused) check.askedInPause += asked;
      check.pagesOverAsked += overAsked(report, asked);
      const stored = await storedCandles(db, exchange);
      check.openAsClosed += stored.filter(({ openTimeMs }) => openTimeMs + MINUTE > tickMs).length;
    }
    const stored = await storedCandles(db, exchange);
    return {
      ...check,
      injected: Object.values(server.injected()).reduce((sum, count) => sum + count, 0),
      lost: missingOf(stored, firstMs, tickMs - MINUTE),
      duplicates: stored.length - new Set(stored.map(({ openTimeMs }) => openTimeMs)).size,
      wrong: stored.filter((candle) => !isTrue(candle)).length,
    };
  } finally {
    await api.close();
    await next.close();
    await server.close();
  }
}

async function seed(db: TimeSeriesDb, exchange: Exchange, firstMs: number): Promise<void> {
  const candles = Array.from({ length: HISTORY }, (_, index) => {
    const openTimeMs = firstMs + index * MINUTE;
    return { openTimeMs, ...truthOf(openTimeMs), quoteVolume: null, tradeCount: null, version: 1n } as unknown as StoredCandle;
  });
  await db.insertCandles([{ series: { exchange, symbol: SYMBOL, timeframe: '1m' }, candles }]);
}

async function pausedUntil({ cache }: ReturnType<typeof restParts>, url: string, exchange: Exchange): Promise<number> {
  const fields = await cache.readHash(`pause:${exchange}@${new URL(url).host}`);
  return Number(fields?.['event_time'] ?? 0);
}

async function storedCandles(db: TimeSeriesDb, exchange: Exchange): Promise<readonly StoredCandle[]> {
  const windows = { '1m': { fromMs: 0, untilMs: Number.POSITIVE_INFINITY } };
  return (await db.readCandles({ exchange, symbols: [SYMBOL], windows })).flatMap(({ candles }) => candles);
}

function missingOf(stored: readonly StoredCandle[], firstMs: number, tickMs: number): number {
  const there = new Set(stored.map(({ openTimeMs }) => openTimeMs));
  let missing = 0;
  for (let timeMs = firstMs; timeMs < tickMs; timeMs += MINUTE) if (!there.has(timeMs)) missing++;
  return missing;
}

function isTrue(candle: StoredCandle): boolean {
  const truth = truthOf(candle.openTimeMs);
  return (Object.keys(truth) as (keyof typeof truth)[]).every((field) => candle[field] === truth[field]);
}

function overAsked({ series }: SyncReport, asked: number): number {
  const pages = series.reduce((sum, { requests }) => sum + requests, 0);
  // And one for the list of markets, where that is asked for again.
  return asked > pages * 3 + 1 ? 1 : 0;
}
