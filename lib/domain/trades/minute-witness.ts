import { compareDecimals, fromScaled, toScaled, type Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { TradeMinute } from '#core/trade-minute.ts';

const MINUTE_MS = 60_000;

/** The parts of a trade that a minute is made of; `id` as a number up to 2^53. */
type WitnessedTrade = { readonly id: number; readonly price: Decimal; readonly size: Decimal; readonly eventTimeMs: number };

/**
 * Makes minutes of one market's trades, in whatever order they come. The trades of a minute are those with an event time in it; the ids
 * say whether all were seen. A minute is complete when its ids follow those before it without a hole, and the next trade, in a later
 * minute, follows them: before that one is there nobody can say that nothing was lost at the end.
 */
export type MinuteWitness = {
  /** A new trade (never the same twice). False when its minute is too old to be held. */
  add(trade: WitnessedTrade, isSynthetic: boolean): boolean;
  /** Trades up to this one were there before the first `add` and were not seen: its minute is known in part only. */
  beginAfter(id: number, eventTimeMs: number): void;
  /** An earlier run has told this minute and nothing newer. A trade that still comes of it is not counted again, but ends its completeness. */
  beginAfterMinute(minute: TradeMinute): void;
  /** Minutes that ended before `closedBeforeMs` and are new or have changed since the last call, oldest first. */
  takeClosed(closedBeforeMs: number, updatedAtMs: number): readonly TradeMinute[];
};

type Held = {
  readonly openTimeMs: number;
  firstId: number;
  lastId: number;
  count: number;
  open: Decimal;
  high: Decimal;
  low: Decimal;
  close: Decimal;
  volume: bigint;
  isSynthetic: boolean;
  isChanged: boolean;
  wasComplete: boolean;
};

type Row = Omit<TradeMinute, 'updatedAtMs'>;

/** Holds the newest `maxMinutes` minutes, so that late trades still find theirs. */
export function createMinuteWitness(exchange: Exchange, symbol: MarketSymbol, maxMinutes: number): MinuteWitness {
  const held = new Map<number, Held>();
  /** Highest id before the oldest minute that is held; null when nothing is known of it. */
  let before: number | null = null;
  /** Minutes that open earlier were joined halfway. */
  let wholeFromMs = Number.NEGATIVE_INFINITY;
  let forgottenUntilMs = Number.NEGATIVE_INFINITY;
  let told: TradeMinute | null = null;
  /** Rows of minutes that are not held any more. */
  let leaving: Row[] = [];

  const rowOf = (minute: Held, previousId: number | null, next: Held | undefined): Row | null => {
    const follows = previousId !== null && minute.firstId === previousId + 1 && minute.lastId - previousId === minute.count;
    const isComplete = follows && minute.openTimeMs >= wholeFromMs && next?.firstId === minute.lastId + 1;
    const isNews = minute.isChanged || isComplete !== minute.wasComplete;
    minute.isChanged = false;
    minute.wasComplete = isComplete;
    return isNews ? { exchange, symbol, ...figuresOf(minute), isComplete } : null;
  };
  const forgetOldest = (): void => {
    const [oldest, next] = [...held.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
    if (oldest === undefined) return;
    const row = rowOf(oldest, before, next);
    if (row !== null) leaving.push(row);
    before = oldest.lastId;
    forgottenUntilMs = oldest.openTimeMs + MINUTE_MS;
    held.delete(oldest.openTimeMs);
  };
  const addForgotten = (id: number, openTimeMs: number): void => {
    if (before !== null && id === before + 1) before = id;
    if (told?.isComplete !== true || told.openTimeMs !== openTimeMs) return;
    told = { ...told, isComplete: false };
    leaving.push(told);
  };

  return {
    add(trade, isSynthetic) {
      const openTimeMs = trade.eventTimeMs - (trade.eventTimeMs % MINUTE_MS);
      if (openTimeMs < forgottenUntilMs) {
        addForgotten(trade.id, openTimeMs);
        return false;
      }
      const minute = held.get(openTimeMs);
      if (minute !== undefined) include(minute, trade, isSynthetic);
      else {
        held.set(openTimeMs, newMinute(openTimeMs, trade, isSynthetic));
        if (held.size > maxMinutes) forgetOldest();
      }
      return true;
    },
    beginAfter(id, eventTimeMs) {
      if (held.size > 0) return;
      before = id;
      wholeFromMs = eventTimeMs - (eventTimeMs % MINUTE_MS) + MINUTE_MS;
    },
    beginAfterMinute(minute) {
      if (held.size > 0) return;
      before = Number(minute.lastId);
      forgottenUntilMs = minute.openTimeMs + MINUTE_MS;
      told = minute;
    },
    takeClosed(closedBeforeMs, updatedAtMs) {
      const closed: Row[] = leaving;
      leaving = [];
      let previousId = before;
      const minutes = [...held.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
      for (const [index, minute] of minutes.entries()) {
        if (minute.openTimeMs + MINUTE_MS > closedBeforeMs) break;
        const row = rowOf(minute, previousId, minutes[index + 1]);
        if (row !== null) closed.push(row);
        previousId = minute.lastId;
      }
      return closed.map((row) => ({ ...row, updatedAtMs }));
    },
  };
}

function newMinute(openTimeMs: number, { id, price, size }: WitnessedTrade, isSynthetic: boolean): Held {
  const prices = { open: price, high: price, low: price, close: price };
  return {
    openTimeMs,
    firstId: id,
    lastId: id,
    count: 1,
    ...prices,
    volume: toScaled(size),
    isSynthetic,
    isChanged: true,
    wasComplete: false,
  };
}

function include(minute: Held, { id, price, size }: WitnessedTrade, isSynthetic: boolean): void {
  if (id < minute.firstId) {
    minute.firstId = id;
    minute.open = price;
  }
  if (id > minute.lastId) {
    minute.lastId = id;
    minute.close = price;
  }
  if (compareDecimals(price, minute.high) > 0) minute.high = price;
  if (compareDecimals(price, minute.low) < 0) minute.low = price;
  minute.volume += toScaled(size);
  minute.count += 1;
  minute.isSynthetic ||= isSynthetic;
  minute.isChanged = true;
}

function figuresOf(minute: Held): Omit<Row, 'exchange' | 'symbol' | 'isComplete'> {
  const { openTimeMs, open, high, low, close, isSynthetic } = minute;
  return {
    openTimeMs,
    firstId: BigInt(minute.firstId),
    lastId: BigInt(minute.lastId),
    tradeCount: minute.count,
    open,
    high,
    low,
    close,
    volume: fromScaled(minute.volume),
    isSynthetic,
  };
}
