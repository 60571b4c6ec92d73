import type { Decimal } from '#core/decimal.ts';

/** One trade of a tape. `id` counts up by one within a market; `timeText` is the venue's own text of the time where one was recorded. */
export type TapeTrade = {
  readonly id: number;
  readonly timeMs: number;
  readonly timeText?: string | undefined;
  readonly price: Decimal;
  readonly size: Decimal;
  /** The taker's. */
  readonly side: 'buy' | 'sell';
};

/** The trades of one WebSocket message in the order in which they stood there, and its text where the venue can send it again as it was. */
export type TapeMessage = { readonly timeMs: number; readonly trades: readonly TapeTrade[]; readonly text?: string | undefined };

/** All trades of one market, as far as they have happened by some time. */
export type TradeTape = {
  /** Made up from candles, because no trades were recorded. */
  readonly isSynthetic: boolean;
  /** Messages sent after `afterMs` and up to `untilMs`, in order of time. */
  messages(afterMs: number, untilMs: number): readonly TapeMessage[];
  /** Ascending by id: at most `limit` trades from `firstId` on that had happened by `nowMs`. */
  fromId(firstId: number, limit: number, nowMs: number): readonly TapeTrade[];
  /** Ascending by id: trades of [fromMs, untilMs], at most `limit` of them, the oldest or the newest. */
  within(fromMs: number, untilMs: number, limit: number, keep: 'oldest' | 'newest'): readonly TapeTrade[];
};

/**
 * A tape of recorded messages. Their trades need not be in order of ids. `earlier` are trades that happened before the first message
 * and are not sent, but can be asked for. Of two trades with one id the sent one counts.
 */
export function createRecordedTape(messages: readonly TapeMessage[], earlier: readonly TapeTrade[] = []): TradeTape {
  const sent = [...messages].sort((a, b) => a.timeMs - b.timeMs);
  const byId = new Map(earlier.map((trade) => [trade.id, { trade, sentMs: trade.timeMs }]));
  for (const { timeMs, trades: sentTrades } of sent) for (const trade of sentTrades) byId.set(trade.id, { trade, sentMs: timeMs });
  const trades = [...byId.values()];
  trades.sort((a, b) => a.trade.id - b.trade.id);
  return {
    isSynthetic: false,
    messages(afterMs, untilMs) {
      const start = firstIndex(sent.length, (index) => (sent[index]?.timeMs ?? 0) > afterMs);
      const end = firstIndex(sent.length, (index) => (sent[index]?.timeMs ?? 0) > untilMs);
      return sent.slice(start, end);
    },
    fromId(firstId, limit, nowMs) {
      const start = firstIndex(trades.length, (index) => (trades[index]?.trade.id ?? 0) >= firstId);
      const found: TapeTrade[] = [];
      for (let index = start; index < trades.length && found.length < limit; index += 1) {
        const entry = trades[index];
        if (entry !== undefined && entry.sentMs <= nowMs) found.push(entry.trade);
      }
      return found;
    },
    within(fromMs, untilMs, limit, keep) {
      const found = trades.filter(({ trade, sentMs }) => trade.timeMs >= fromMs && sentMs <= untilMs).map(({ trade }) => trade);
      return keep === 'oldest' ? found.slice(0, limit) : found.slice(Math.max(0, found.length - limit));
    },
  };
}

/** The lowest index for which `isReached` holds, where it holds for all behind it; `length` when there is none. */
export function firstIndex(length: number, isReached: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
