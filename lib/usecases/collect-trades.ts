import type { Exchange } from '#core/exchange.ts';
import type { CacheClient } from '#core/ports/cache-client.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { StreamClient } from '#core/ports/stream-client.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { FeedHealth } from '#core/trade-feed.ts';
import type { TradeGap } from '#core/trade-gap.ts';
import type { TradeLine } from '#core/trade-line.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { DroppedRun } from '#domain/trades/dropped-runs.ts';
import type { QualitySettings } from '#domain/quality/quality-verdict.ts';
import { createTradeQuality } from '#domain/quality/trade-quality.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { withDeadline } from '#std/deadline.ts';
import { every } from '#std/every.ts';
import { createPendingRows, type PendingRows } from '#std/pending-rows.ts';
import type { CollectedExchange } from './collected-exchange.ts';
import { createMarketBook, type MarketBook, type MarketCounts } from './collect-market-book.ts';
import { createDeliveredRows } from './delivered-rows.ts';
import { createTradePublisher, type PublishCounts, type PublishSettings } from './publish-trades.ts';
import { createLatestPriceWriter, type LatestPriceCounts } from './write-latest-prices.ts';

export type CollectPorts = {
  readonly cache: Pick<CacheClient, 'advanceHashes'>;
  readonly stream: Pick<StreamClient, 'putRecords'>;
  readonly db: Pick<
    TimeSeriesDb,
    'insertTradeGaps' | 'readTradeGaps' | 'insertTradeMinutes' | 'readTradeMinutes' | 'insertTradeLines' | 'readTradeLines'
  >;
  /**
   * Asks of everything that the stream has taken until now, whenever the returned function is called, whether it would survive this process.
   * Absent: it would, as soon as it is taken.
   */
  readonly checkpoint?: (() => () => boolean) | undefined;
  /** Brings what the stream holds to where it survives, at the end. Absent: nothing is to do. */
  readonly flush?: (() => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
};

export type CollectSettings = PublishSettings & {
  readonly coalesceMs: number;
  readonly priceTtlSeconds: number;
  /** A gap of more trades is recorded, but not fetched. */
  readonly repairTrades: number;
  /** When stopped, what is held must be out by then. */
  readonly drainMs: number;
  readonly quality: QualitySettings;
};

export type CollectInput = {
  /** Names this collector in its records. */
  readonly task: string;
  readonly exchanges: readonly CollectedExchange[];
  readonly settings: CollectSettings;
};

export type CollectReport = {
  readonly exchanges: Readonly<Partial<Record<Exchange, MarketCounts & { readonly feed: FeedHealth }>>>;
  readonly published: PublishCounts;
  readonly prices: LatestPriceCounts;
  /** Rows of gaps and minutes: written, waiting for the store, given up. */
  readonly rows: { readonly written: number; readonly waiting: number; readonly dropped: number };
  /** Trades that could not be handed to the stream before the end. */
  readonly left: number;
};

export type TradeCollector = {
  /** Collects until `signal` aborts, then hands over what it holds. Never rejects for what exchanges, cache, stream or store do. */
  run(signal: AbortSignal): Promise<CollectReport>;
  report(): CollectReport;
};

const SETTLE_EVERY_MS = 1000;
/** Markets begin together: what begins within it is written at once. */
const LINE_AFTER_MS = 10;
/** A minute is closed so long after its end: exchanges send the last trades a little late. */
const MINUTE_GRACE_MS = 3000;
const MAX_PENDING_ROWS = 20_000;
/** What is asked or written at the start and at the end may take so long: a store that stalls keeps nothing waiting. */
const BEGIN_MS = 5000;
const END_MS = 500;
const FLUSH_MS = 800;
const GOODBYE_MS = 500;
/** How far back the last known trade id is looked up at the start. */
const LOOK_BACK_MS = 6 * 3_600_000;

/**
 * Live trades of several exchanges: each one checked, counted against the line of its market's ids, handed to the stream, and the newest
 * good price to the cache. Missing trades are recorded and fetched; each closed minute is witnessed.
 */
export function createTradeCollector(ports: CollectPorts, { task, exchanges, settings }: CollectInput): TradeCollector {
  const { clock, timer, logger } = ports;
  const quality = createTradeQuality(settings.quality);
  const prices = createLatestPriceWriter(ports, settings);
  const { gaps, minutes, lines, write: writeRows } = createTradeRows(ports);
  const publisher = createTradePublisher({ ...ports, onDropped: (runs) => dropped(books, runs) }, { task, settings });
  const offers = { offered: () => publisher.counts().offered, settled: () => publisher.counts().settled };
  const checkpoint = ports.checkpoint ?? (() => () => true);
  const endedGaps = createDeliveredRows<TradeGap>(offers, checkpoint);
  /** A gap is stored as soon as it is found, and its end when what has filled it is safe. */
  const noteGaps = (rows: readonly TradeGap[]): void => {
    gaps.add(rows.filter(({ state }) => state === 'open'));
    endedGaps.add(rows.filter(({ state }) => state !== 'open'));
  };
  /** Before its first trades are delivered, as far as that is to be had: a crash would leave nothing that says they were expected. */
  let isLineDue = false;
  const noteLine = (line: TradeLine): void => {
    lines.add([line]);
    if (isLineDue) return;
    isLineDue = true;
    timer.after(LINE_AFTER_MS, () => {
      isLineDue = false;
      void writeRows();
    });
  };
  const books = new Map<Exchange, MarketBook>(
    exchanges.map((one) => [
      one.exchange,
      createMarketBook(
        { ...one, clock, timer, logger, quality, publisher, prices, onGaps: noteGaps, onLine: noteLine },
        { repairTrades: settings.repairTrades },
      ),
    ]),
  );
  let left = 0;

  const report = (): CollectReport => ({
    exchanges: Object.fromEntries(
      exchanges.map(({ exchange, feed }) => [exchange, { ...(books.get(exchange)?.counts() ?? NO_COUNTS), feed: feed.health() }]),
    ),
    published: publisher.counts(),
    prices: prices.counts(),
    rows: sumOf(gaps, minutes, lines),
    left,
  });

  const delivered = createDeliveredRows<TradeMinute>(offers, checkpoint);
  const settle = async (): Promise<void> => {
    const nowMs = clock.nowMs();
    for (const book of books.values()) delivered.add(book.takeClosedMinutes(nowMs - MINUTE_GRACE_MS));
    minutes.add(delivered.take());
    gaps.add(endedGaps.take());
    await writeRows();
  };
  const begin = async (): Promise<void> => {
    await Promise.all(exchanges.map((one) => beginWhereItStopped(one, books.get(one.exchange), ports)));
  };

  return {
    report,
    async run(signal) {
      await atMost(ports, BEGIN_MS, 'what earlier runs have left', begin);
      const stopSettling = every(timer, SETTLE_EVERY_MS, settle);
      const following = Promise.all(exchanges.map((one) => follow(one, books.get(one.exchange), signal)));
      // A socket whose exchange does not say goodbye holds nothing that is still to come.
      await Promise.race([following, abortedFor(signal, timer, GOODBYE_MS)]);
      for (const book of books.values()) book.stop();
      const [runs] = await Promise.all([publisher.drain(settings.drainMs), prices.finish()]);
      left = runs.reduce((sum, { count }) => sum + count, 0);
      dropped(books, runs);
      await atMost(ports, END_MS, 'the last gaps of trades', async () => {
        await stopSettling();
        await settle();
      });
      const { flush } = ports;
      if (flush !== undefined) await atMost(ports, FLUSH_MS, 'what the stream holds', flush);
      await atMost(ports, END_MS, 'the last minutes of trades', settle);
      await following;
      return report();
    },
  };
}

const NO_COUNTS: MarketCounts = {
  accepted: 0,
  repeated: 0,
  suspicious: 0,
  refused: 0,
  gaps: 0,
  openGaps: 0,
  missing: 0,
  repaired: 0,
  interruptions: 0,
};

async function follow({ feed, symbols }: CollectedExchange, book: MarketBook | undefined, signal: AbortSignal): Promise<void> {
  for await (const event of feed.events(symbols, signal)) book?.take(event);
}

/** Trades that were received and then given up are missing after all. */
function dropped(books: ReadonlyMap<Exchange, MarketBook>, runs: readonly DroppedRun[]): void {
  for (const run of runs) books.get(run.exchange)?.reopen(run);
}

/**
 * The newest trade that an earlier run has witnessed: what happened since is missing, and so is what that run could not fetch any more.
 * Without it the line of ids begins anew.
 */
async function beginWhereItStopped(
  { exchange, symbols }: CollectedExchange,
  book: MarketBook | undefined,
  { db, clock, logger }: CollectPorts,
): Promise<void> {
  const nowMs = clock.nowMs();
  try {
    const recent = { exchange, symbols, fromMs: nowMs - LOOK_BACK_MS, untilMs: nowMs };
    const newest = new Map<MarketSymbol, TradeMinute>();
    // In order of time: the last one of each market stays.
    for (const minute of await db.readTradeMinutes(recent)) newest.set(minute.symbol, minute);
    for (const minute of newest.values()) book?.beginAfter(minute);
    for (const line of await db.readTradeLines(recent)) book?.beginAfterLine(line);
    for (const gap of await db.readTradeGaps(recent)) if (gap.state === 'open') book?.resume(gap);
  } catch (error) {
    logger.warn('the store does not say where the last run stopped; trades since then are not looked for', { exchange, error });
  }
}

type TradeRows = {
  readonly gaps: PendingRows<TradeGap>;
  readonly minutes: PendingRows<TradeMinute>;
  readonly lines: PendingRows<TradeLine>;
  /** Writes what waits; a store that is away is told once. */
  readonly write: () => Promise<void>;
};

function createTradeRows({ db, logger }: Pick<CollectPorts, 'db' | 'logger'>): TradeRows {
  const keyOf = ({ exchange, symbol }: TradeGap | TradeMinute, id: bigint | number): string => `${exchange} ${symbol} ${id}`;
  const gaps = createPendingRows<TradeGap>(
    MAX_PENDING_ROWS,
    (gap) => keyOf(gap, gap.firstId),
    (rows) => db.insertTradeGaps(rows),
    // The end of a gap waits until what has filled it is safe: meanwhile it may have been opened anew.
    (held, row) => held.updatedAtMs > row.updatedAtMs,
  );
  const minutes = createPendingRows<TradeMinute>(
    MAX_PENDING_ROWS,
    (minute) => keyOf(minute, minute.openTimeMs),
    (rows) => db.insertTradeMinutes(rows),
  );
  const lines = createPendingRows<TradeLine>(
    MAX_PENDING_ROWS,
    ({ exchange, symbol }) => `${exchange} ${symbol}`,
    (rows) => db.insertTradeLines(rows),
  );
  let isFailing = false;
  const write = async (): Promise<void> => {
    // Rows that the store refuses keep back those of their own table only.
    const ends = await Promise.allSettled([lines.write(), gaps.write(), minutes.write()]);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined && !isFailing)
      logger.warn('the store does not take gaps or minutes of trades; they are kept and tried again', { error: failed.reason });
    isFailing = failed !== undefined;
  };
  return { gaps, minutes, lines, write };
}

function sumOf(...buffers: readonly Pick<PendingRows<unknown>, 'counts'>[]): CollectReport['rows'] {
  const sum = { written: 0, waiting: 0, dropped: 0 };
  for (const { written, waiting, dropped: lost } of buffers.map((buffer) => buffer.counts())) {
    sum.written += written;
    sum.waiting += waiting;
    sum.dropped += lost;
  }
  return sum;
}

/** Waits for `work`, but no longer than that; what goes wrong is told, and is not in the way of what comes next. */
async function atMost(
  { timer, logger }: Pick<CollectPorts, 'timer' | 'logger'>,
  deadlineMs: number,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await withDeadline({ timer, deadlineMs, what }, work);
  } catch (error) {
    logger.error('the collector goes on without waiting any longer', { for: what, error });
  }
}

/** Resolves so long after `signal` aborted. */
async function abortedFor(signal: AbortSignal, timer: Timer, delayMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const wait = (): void => void timer.after(delayMs, resolve);
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
}
