import { compareDecimals, fromScaled, toScaled, type Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { TradeMinute } from '#core/trade-minute.ts';

const MINUTE_MS = 60_000;

/** The parts of a trade that a minute is made of; `id` as a number up to 2^53. */
type WitnessedTrade = { readonly id: number; readonly price: Decimal; readonly size: Decimal; readonly eventTimeMs: number };

/**
 * Makes minutes of one market's trades, in whatever order they come. The trades of a minute are those with an event time in it; the ids
 * say whether all were seen.
 */
export type MinuteWitness = {
  /** A new trade (never the same twice). False when its minute is too old to be held. */
  add(trade: WitnessedTrade, isSynthetic: boolean): boolean;
  /** `id` is the highest that was there before the first `add`: the first minute is complete only if its ids follow. */
  beginAfter(id: number): void;
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
};

/** Holds the newest `maxMinutes` minutes, so that late trades still find theirs. */
export function createMinuteWitness(exchange: Exchange, symbol: MarketSymbol, maxMinutes: number): MinuteWitness {
  const held = new Map<number, Held>();
  /** Highest id before the oldest minute that is held; null when nothing is known of it. */
  let before: number | null = null;
  let forgottenUntilMs = Number.NEGATIVE_INFINITY;

  const forgetOldest = (): void => {
    const oldest = held.get(Math.min(...held.keys()));
    if (oldest === undefined) return;
    before = oldest.lastId;
    forgottenUntilMs = oldest.openTimeMs + MINUTE_MS;
    held.delete(oldest.openTimeMs);
  };

  return {
    add(trade, isSynthetic) {
      const openTimeMs = trade.eventTimeMs - (trade.eventTimeMs % MINUTE_MS);
      if (openTimeMs < forgottenUntilMs) return false;
      const minute = held.get(openTimeMs);
      if (minute !== undefined) include(minute, trade, isSynthetic);
      else {
        held.set(openTimeMs, newMinute(openTimeMs, trade, isSynthetic));
        if (held.size > maxMinutes) forgetOldest();
      }
      return true;
    },
    beginAfter(id) {
      if (held.size === 0) before = id;
    },
    takeClosed(closedBeforeMs, updatedAtMs) {
      const closed: TradeMinute[] = [];
      let previousId = before;
      for (const minute of [...held.values()].sort((a, b) => a.openTimeMs - b.openTimeMs)) {
        if (minute.openTimeMs + MINUTE_MS > closedBeforeMs) break;
        const isComplete = previousId !== null && minute.firstId === previousId + 1 && minute.lastId - previousId === minute.count;
        if (minute.isChanged) closed.push(minuteOf(exchange, symbol, minute, isComplete, updatedAtMs));
        minute.isChanged = false;
        previousId = minute.lastId;
      }
      return closed;
    },
  };
}

function newMinute(openTimeMs: number, { id, price, size }: WitnessedTrade, isSynthetic: boolean): Held {
  const prices = { open: price, high: price, low: price, close: price };
  return { openTimeMs, firstId: id, lastId: id, count: 1, ...prices, volume: toScaled(size), isSynthetic, isChanged: true };
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

function minuteOf(exchange: Exchange, symbol: MarketSymbol, minute: Held, isComplete: boolean, updatedAtMs: number): TradeMinute {
  const { openTimeMs, open, high, low, close, isSynthetic } = minute;
  return {
    exchange,
    symbol,
    openTimeMs,
    firstId: BigInt(minute.firstId),
    lastId: BigInt(minute.lastId),
    tradeCount: minute.count,
    open,
    high,
    low,
    close,
    volume: fromScaled(minute.volume),
    isComplete,
    isSynthetic,
    updatedAtMs,
  };
}
