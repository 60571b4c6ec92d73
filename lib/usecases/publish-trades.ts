import type { Exchange } from '#core/exchange.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { StreamClient, StreamRecord } from '#core/ports/stream-client.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { bucketOf } from '#domain/trades/bucket.ts';
import { droppedRuns, type DroppedRun } from '#domain/trades/dropped-runs.ts';
import { tradeRecordText } from '#domain/trades/trade-record.ts';
import { createFifo } from '#std/fifo.ts';
import { compressZstd } from '#std/zstd.ts';

export type PublishSettings = {
  /** Trades wait this long for others of their bucket. */
  readonly flushMs: number;
  /** Trades of one record, at most; so many of one bucket go out at once. */
  readonly recordTrades: number;
  /** Trades held, those under way included; beyond, the oldest that wait are dropped. */
  readonly bufferTrades: number;
};

export type PublishPorts = {
  readonly stream: Pick<StreamClient, 'putRecords'>;
  readonly timer: Timer;
  readonly logger: Logger;
  /** Told at once, so that the gap can be recorded. */
  readonly onDropped: (runs: readonly DroppedRun[]) => void;
};

export type PublishCounts = {
  readonly offered: number;
  readonly published: number;
  readonly records: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly failedPuts: number;
  /** Held now: waiting or under way. */
  readonly held: number;
  /** Of those offered, in their order: how many at the front are delivered or dropped. */
  readonly settled: number;
};

export type TradePublisher = {
  /** Takes trades in the order in which they came. Never waits and never throws. */
  offer(trades: readonly CheckedTrade[]): void;
  counts(): PublishCounts;
  /**
   * Publishes what is held without waiting for more, for at most so long; then nothing is taken any more. Resolves to what was left: the
   * stream may have some of it all the same, where its answer did not come.
   */
  drain(deadlineMs: number): Promise<readonly DroppedRun[]>;
};

/** Records are small and many: the fast level takes the least time for the fewest bytes there. */
const LEVEL = 1;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
/** Dropping is told in portions, or each further trade would be a gap of its own. */
const DROP_SHARE = 0.01;

/**
 * Sends trades to the stream: gathered by bucket, compressed, one call at a time, so that the trades of a market stay in order whatever is
 * retried. What the stream does not take is kept and tried again until the buffer is full.
 */
export function createTradePublisher(
  { stream, timer, logger, onDropped }: PublishPorts,
  { task, settings }: { readonly task: string; readonly settings: PublishSettings },
): TradePublisher {
  const buffer = createTradeBuffer(settings);
  const encode = createEncoder(task, settings.recordTrades);
  const put = createPatientPut({ stream, timer, onFailure });
  const counted = { offered: 0, published: 0, records: 0, bytes: 0, dropped: 0, failedPuts: 0 };
  let isSending = false;
  let isDraining = false;
  let isClosed = false;
  let cancelFlush: (() => void) | null = null;
  let whenIdle: (() => void) | null = null;

  function onFailure(error: unknown): void {
    counted.failedPuts++;
    logger.warn('the stream did not take the trades; they are kept and tried again', { error, held: buffer.held() });
  }

  const sendBatch = async (): Promise<void> => {
    const trades = buffer.nextBatch();
    const records = encode(trades);
    if (!(await put.untilTaken(records))) return;
    buffer.delivered();
    counted.published += trades.length;
    counted.records += records.length;
    for (const { data } of records) counted.bytes += data.length;
  };

  const send = async (): Promise<void> => {
    isSending = true;
    cancelFlush?.();
    cancelFlush = null;
    do {
      // oxlint-disable-next-line no-await-in-loop -- one call at a time keeps the order
      await sendBatch();
    } while (!isClosed && buffer.waiting() > 0 && (isDraining || buffer.isDue()));
    isSending = false;
    if (buffer.held() === 0) whenIdle?.();
    else if (!isClosed) schedule();
  };

  const schedule = (): void => {
    cancelFlush ??= timer.after(settings.flushMs, () => {
      cancelFlush = null;
      if (!isSending) void send();
    });
  };

  const drop = (trades: readonly CheckedTrade[]): void => {
    counted.dropped += trades.length;
    if (trades.length > 0) onDropped(droppedRuns(trades));
  };

  return {
    offer(trades) {
      counted.offered += trades.length;
      if (isClosed) {
        drop(trades);
        return;
      }
      drop(buffer.add(trades));
      if (isSending || buffer.waiting() === 0) return;
      if (isDraining || buffer.isDue()) void send();
      else schedule();
    },
    counts: () => ({ ...counted, held: buffer.held(), settled: buffer.settled() }),
    async drain(deadlineMs) {
      isDraining = true;
      if (buffer.held() > 0) {
        await new Promise<void>((resolve) => {
          const cancel = timer.after(deadlineMs, resolve);
          whenIdle = () => {
            cancel();
            resolve();
          };
          put.hurry();
          if (!isSending) void send();
        });
      }
      isClosed = true;
      cancelFlush?.();
      put.giveUp();
      return droppedRuns(buffer.takeAll());
    },
  };
}

/** Trades that wait, and those under way, which stay counted until they are delivered. */
function createTradeBuffer({ bufferTrades, recordTrades }: PublishSettings) {
  const fifo = createFifo<CheckedTrade>();
  const bucket = rememberedBuckets();
  const perBucket = new Map<string, number>();
  // Never more at once, so that there is always something that may be dropped.
  const batchTrades = Math.max(1, Math.floor(bufferTrades / 4));
  let underWay: readonly CheckedTrade[] = [];
  let takenCount = 0;
  let deliveredCount = 0;
  let fullBuckets = 0;

  const taken = (count: number): readonly CheckedTrade[] => {
    const trades = fifo.take(count);
    takenCount += trades.length;
    if (underWay.length === 0) deliveredCount = takenCount;
    for (const trade of trades) {
      const key = bucket(trade);
      const before = perBucket.get(key) ?? 0;
      perBucket.set(key, before - 1);
      if (before === recordTrades) fullBuckets--;
    }
    return trades;
  };
  return {
    /** Returns what had to be dropped for them: the oldest. */
    add(trades: readonly CheckedTrade[]): readonly CheckedTrade[] {
      for (const trade of trades) {
        const key = bucket(trade);
        const count = (perBucket.get(key) ?? 0) + 1;
        perBucket.set(key, count);
        if (count === recordTrades) fullBuckets++;
        fifo.push(trade);
      }
      const excess = fifo.size() + underWay.length - bufferTrades;
      return excess <= 0 ? [] : taken(Math.max(excess, Math.floor(bufferTrades * DROP_SHARE)));
    },
    nextBatch(): readonly CheckedTrade[] {
      const before = takenCount;
      underWay = taken(batchTrades);
      deliveredCount = before;
      return underWay;
    },
    delivered() {
      underWay = [];
      deliveredCount = takenCount;
    },
    settled: () => deliveredCount,
    takeAll: () => [...underWay, ...taken(fifo.size())],
    waiting: () => fifo.size(),
    held: () => fifo.size() + underWay.length,
    /** Some bucket fills a record, or all of them together fill a batch. */
    isDue: () => fullBuckets > 0 || fifo.size() >= batchTrades,
  };
}

/** Records of one bucket each, in the order of the trades. */
function createEncoder(task: string, recordTrades: number): (trades: readonly CheckedTrade[]) => readonly StreamRecord[] {
  const bucket = rememberedBuckets();
  let sequence = 0;
  return (trades) => {
    const records: StreamRecord[] = [];
    for (const [partitionKey, group] of Map.groupBy(trades, bucket)) {
      for (let from = 0; from < group.length; from += recordTrades) {
        const text = tradeRecordText({ task, sequence: sequence++ }, group.slice(from, from + recordTrades));
        records.push({ partitionKey, data: compressZstd(text, LEVEL) });
      }
    }
    return records;
  };
}

/** Puts records until the stream takes them, with longer and longer pauses. */
function createPatientPut({
  stream,
  timer,
  onFailure,
}: Pick<PublishPorts, 'stream' | 'timer'> & { readonly onFailure: (error: unknown) => void }) {
  let isHurried = false;
  let isGivenUp = false;
  let wake: (() => void) | null = null;

  const pause = async (delayMs: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const cancel = timer.after(delayMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
    wake = null;
  };
  return {
    /** False when it was given up before. */
    async untilTaken(records: readonly StreamRecord[]): Promise<boolean> {
      for (let delayMs = FIRST_RETRY_MS; !isGivenUp; delayMs = Math.min(delayMs * 2, LAST_RETRY_MS)) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- one call at a time keeps the order
          await stream.putRecords(records);
          return true;
        } catch (error) {
          onFailure(error);
          // oxlint-disable-next-line no-await-in-loop -- a stream that is away is asked less and less often
          if (!isGivenUp) await pause(isHurried ? FIRST_RETRY_MS : delayMs);
        }
      }
      return false;
    },
    /** Ends a pause, and makes further ones short. */
    hurry() {
      isHurried = true;
      wake?.();
    },
    giveUp() {
      isGivenUp = true;
      wake?.();
    },
  };
}

/** The bucket of a trade, computed once a market. */
function rememberedBuckets(): (trade: CheckedTrade) => string {
  const remembered = new Map<Exchange, Map<MarketSymbol, string>>();
  return ({ trade: { exchange, symbol } }) => {
    const ofExchange = remembered.get(exchange) ?? new Map<MarketSymbol, string>();
    if (ofExchange.size === 0) remembered.set(exchange, ofExchange);
    const known = ofExchange.get(symbol);
    if (known !== undefined) return known;
    const bucket = bucketOf(exchange, symbol);
    ofExchange.set(symbol, bucket);
    return bucket;
  };
}
