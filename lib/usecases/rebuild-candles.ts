import type { Candle } from '#core/candle.ts';
import type { Exchange } from '#core/exchange.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { TIMEFRAME_MS, type Timeframe } from '#core/timeframe.ts';
import { candlesOfTrades, rollUpCandles } from '#domain/trades/candles-of-trades.ts';
import { readArchive, type ArchiveProblem } from './read-archive.ts';

// Hosts see use cases, not the domain.
export { candleDifferences, type CandleDifference } from '#domain/trades/candles-of-trades.ts';

export type RebuildInput = {
  readonly exchange: Exchange;
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe;
  /** Open times from `fromMs` (inclusive) to `untilMs` (exclusive), UTC ms, both on the timeframe's grid. */
  readonly fromMs: number;
  readonly untilMs: number;
};

export type RebuildReport = {
  /** Oldest first; none where there was no trade. */
  readonly candles: readonly Candle[];
  readonly trades: number;
  readonly duplicates: number;
  readonly problems: readonly ArchiveProblem[];
};

/** Makes candles of one market from its archived trades: minutes from trades, longer ones by roll-up. Writes nothing. */
export async function rebuildCandles(
  ports: { readonly storage: Pick<StorageClient, 'getObject' | 'listObjects'> },
  { exchange, symbol, timeframe, fromMs, untilMs }: RebuildInput,
): Promise<RebuildReport> {
  const problems: ArchiveProblem[] = [];
  const minutes: Candle[] = [];
  let trades = 0;
  let duplicates = 0;
  const query = { exchange, symbols: [symbol], fromMs, untilMs };
  for await (const hour of readArchive(ports, query, (problem) => void problems.push(problem))) {
    trades += hour.trades.length;
    duplicates += hour.duplicates;
    const ofHour = candlesOfTrades(
      hour.trades.map(({ trade }) => trade),
      TIMEFRAME_MS['1m'],
    );
    minutes.push(...ofHour);
  }
  const candles = timeframe === '1m' ? minutes : rollUpCandles(minutes, TIMEFRAME_MS[timeframe]);
  return { candles, trades, duplicates, problems };
}
