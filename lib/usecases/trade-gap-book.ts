import type { Exchange } from '#core/exchange.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { TradeGap, TradeGapCause } from '#core/trade-gap.ts';
import { missingCount, type ChainGap, type TradeChain } from '#domain/trades/trade-chain.ts';

export type TradeGapCounts = {
  readonly gaps: number;
  /** Gaps that are still waited for. */
  readonly openGaps: number;
  /** Trades that were found missing, and how many of them came after all. */
  readonly missing: number;
  readonly repaired: number;
};

/** What is missing of one market. */
export type MarketGaps = {
  readonly symbol: MarketSymbol;
  readonly chain: TradeChain;
  /** Rows of the gaps that are waited for, by first id. */
  readonly rows: Map<number, TradeGap>;
  /** Open gaps of an earlier run that end with the gap that covers them. */
  inherited: TradeGap[];
  /** Why the next gap will be there; null while the feed is up. */
  cause: TradeGapCause | null;
};

export type TradeGapBookPorts = {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rows for the store: each gap once when it is found and once when it ends. */
  readonly onGaps: (gaps: readonly TradeGap[]) => void;
};

export type TradeGapBook = {
  /** Records the gaps that the market's line of ids has found. */
  note(market: MarketGaps): void;
  /** Ends gaps of which nothing is missing any more. */
  settleFilled(market: MarketGaps, by: 'rest' | 'stream'): void;
  /** Ends a gap; `otherwise` is its state when none of it came. */
  end(market: MarketGaps, firstId: number, by: 'rest' | 'stream', otherwise: 'lost' | 'open'): void;
  counts(): TradeGapCounts;
};

/** Writes down what is missing and how it ended. `wants` is asked whether a gap is to be fetched; one that is not stays open. */
export function createTradeGapBook(
  { exchange, clock, logger, onGaps }: TradeGapBookPorts,
  wants: (symbol: MarketSymbol, firstId: number, count: number) => boolean,
): TradeGapBook {
  const counted = { gaps: 0, openGaps: 0, missing: 0, repaired: 0 };

  const end = (market: MarketGaps, firstId: number, by: 'rest' | 'stream', otherwise: 'lost' | 'open'): void => {
    const row = market.rows.get(firstId);
    const gap = market.chain.gaps().find((one) => one.firstId === firstId);
    if (row === undefined || gap === undefined) return;
    const size = gap.lastId - gap.firstId + 1;
    const repairedCount = size - missingCount(gap);
    const state = repairedCount === size ? 'repaired' : otherwise === 'open' || repairedCount === 0 ? otherwise : 'partly repaired';
    counted.repaired += repairedCount;
    onGaps([{ ...row, state, repairedCount, repairedBy: repairedCount > 0 ? by : '', updatedAtMs: clock.nowMs() }]);
    logger.info('a gap of trades has ended', { exchange, symbol: market.symbol, firstId, state, repairedCount, of: size });
    endInherited(market, row, state);
    counted.openGaps -= 1;
    market.rows.delete(firstId);
    market.chain.forget(firstId);
  };

  /** Gaps of an earlier run that lie within one that has ended as a whole. */
  const endInherited = (market: MarketGaps, { firstId, lastId }: TradeGap, state: TradeGap['state']): void => {
    if (state !== 'repaired' && state !== 'lost') return;
    const within = (one: TradeGap): boolean => one.firstId >= firstId && one.lastId <= lastId;
    for (const one of market.inherited.filter(within)) {
      // The row of the same first id is the gap itself.
      if (one.firstId === firstId) continue;
      const repairedCount = state === 'repaired' ? Number(one.lastId - one.firstId) + 1 : 0;
      onGaps([{ ...one, state, repairedCount, repairedBy: repairedCount > 0 ? 'rest' : '', updatedAtMs: clock.nowMs() }]);
    }
    market.inherited = market.inherited.filter((one) => !within(one));
  };
  /** The line of ids holds so many gaps; what fell out of it is not waited for. */
  const forgetEvicted = ({ rows, chain }: MarketGaps): void => {
    const waiting = new Set(chain.gaps().map(({ firstId }) => firstId));
    for (const firstId of rows.keys()) {
      if (waiting.has(firstId)) continue;
      rows.delete(firstId);
      counted.openGaps -= 1;
    }
  };

  return {
    end,
    note(market) {
      const { symbol, chain, rows } = market;
      for (const gap of chain.takeNew()) {
        const count = gap.lastId - gap.firstId + 1;
        const row = openRow(exchange, market, gap, clock.nowMs());
        counted.gaps += 1;
        counted.missing += count;
        rows.set(gap.firstId, row);
        onGaps([row]);
        logger.info('trades are missing', { exchange, symbol, firstId: gap.firstId, lastId: gap.lastId, cause: row.cause });
        if (wants(symbol, gap.firstId, count)) {
          counted.openGaps += 1;
          continue;
        }
        chain.forget(gap.firstId);
        rows.delete(gap.firstId);
      }
      forgetEvicted(market);
      market.cause = null;
    },
    settleFilled(market, by) {
      for (const gap of market.chain.gaps()) if (gap.missing.length === 0) end(market, gap.firstId, by, 'open');
    },
    counts: () => counted,
  };
}

function openRow(exchange: Exchange, { symbol, cause }: MarketGaps, gap: ChainGap, nowMs: number): TradeGap {
  return {
    exchange,
    symbol,
    firstId: BigInt(gap.firstId),
    lastId: BigInt(gap.lastId),
    fromMs: gap.fromMs,
    toMs: gap.toMs,
    cause: cause ?? 'unexplained',
    state: 'open',
    repairedCount: 0,
    repairedBy: '',
    detectedAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}
