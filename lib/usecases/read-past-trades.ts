import type { ExchangeRestApi, TradePage } from '#core/ports/exchange-rest-api.ts';
import type { TimeWindow } from '#core/ports/time-series-db.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import { floorToGrid } from '#domain/candles/grid.ts';
import { skippedIds } from '#domain/trades/past-candles.ts';

/** The trade before the first wanted candle proves that none of its own is missing. In a quiet market it is long ago. */
const LEAD_MS = 15 * 60_000;
const LONG_LEAD_MS = 24 * 3_600_000;

/** Highest id that a store can hold. */
const LAST_ID = 2n ** 63n - 1n;

/** Skipped ids of one reading that are asked for once more; an exchange that leaves out more is not believed anyway. */
const MAX_ASKED_AGAIN = 20;

export type PastTradesInput = TimeWindow & {
  readonly symbol: MarketSymbol;
  readonly timeframeMs: number;
  /** The last trade before the window where it is known. */
  readonly before: Trade | null;
  /** Counts up, also when a request fails. */
  readonly counts: { requests: number; refused: number };
  readonly signal?: AbortSignal;
};

export type PastTrades = {
  /** Ascending by id, each once; from a trade before the window on where there is one. */
  readonly trades: readonly Trade[];
  /** They reach to the end of the window, or there are no more. */
  readonly isWhole: boolean;
};

type Api = Pick<ExchangeRestApi, 'fetchTrades'>;

/**
 * Pages of trades from the start of the window on, until at least one candle of the timeframe is whole, or all of the window; ids that are skipped
 * are asked for once more. Null when it was stopped. Rejects with `ExchangeError`.
 */
export async function readPastTrades(api: Api, input: PastTradesInput): Promise<PastTrades | null> {
  const { fromMs, timeframeMs, before, signal } = input;
  const trades: Trade[] = before === null ? [] : [before];
  const isEnough = (): boolean => floorToGrid(trades.at(-1)?.eventTimeMs ?? 0, timeframeMs) > fromMs;
  let next = await firstPage(api, input);
  while (next !== null) {
    for (const trade of next.page.trades) trades.push(trade);
    // A full page of one millisecond: what else there is of it cannot be asked for, and shows as skipped ids.
    const sinceMs = next.page.trades.at(-1)?.eventTimeMs ?? next.sinceMs + 1;
    const isWhole = !next.page.hasMore || sinceMs >= input.untilMs;
    if (isWhole || isEnough()) return withSkipped(api, input, { trades, isWhole });
    const firstId = trades.length === 0 ? 0n : BigInt(trades.at(-1)?.id ?? 0) + 1n;
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    next = signal?.aborted === true ? null : { page: await ask(api, input, { firstId, lastId: LAST_ID, sinceMs }), sinceMs };
  }
  return null;
}

type NextPage = { readonly page: TradePage; readonly sinceMs: number };

/** From the trade on that is known to come before; else far enough back to find one. */
async function firstPage(api: Api, input: PastTradesInput): Promise<NextPage | null> {
  const { fromMs, before, signal } = input;
  if (signal?.aborted === true) return null;
  if (before !== null) {
    const ids = { firstId: BigInt(before.id) + 1n, lastId: LAST_ID };
    return { page: await ask(api, input, { ...ids, sinceMs: fromMs }), sinceMs: fromMs };
  }
  const sinceMs = fromMs - LEAD_MS;
  const page = await ask(api, input, { firstId: 0n, lastId: LAST_ID, sinceMs });
  if ((page.trades[0]?.eventTimeMs ?? fromMs) < fromMs) return { page, sinceMs };
  const longAgoMs = fromMs - LONG_LEAD_MS;
  return { page: await ask(api, input, { firstId: 0n, lastId: LAST_ID, sinceMs: longAgoMs }), sinceMs: longAgoMs };
}

async function withSkipped(api: Api, input: PastTradesInput, { trades, isWhole }: PastTrades): Promise<PastTrades> {
  const all = [...trades];
  for (const { firstId, lastId, fromMs, toMs } of skippedIds(trades).slice(0, MAX_ASKED_AGAIN)) {
    // oxlint-disable-next-line no-await-in-loop -- seldom more than one
    const page = await ask(api, { ...input, untilMs: toMs }, { firstId, lastId, sinceMs: fromMs });
    all.push(...page.trades);
  }
  return { trades: all.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)), isWhole };
}

async function ask(
  api: Api,
  { symbol, untilMs, counts }: PastTradesInput,
  { firstId, lastId, sinceMs }: { readonly firstId: bigint; readonly lastId: bigint; readonly sinceMs: number },
): Promise<TradePage> {
  counts.requests += 1;
  const page = await api.fetchTrades({ symbol, firstId, lastId, fromMs: sinceMs, toMs: untilMs });
  counts.refused += page.refused.length;
  return page;
}
