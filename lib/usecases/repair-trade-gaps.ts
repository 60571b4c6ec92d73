import { ExchangeError } from '#core/errors.ts';
import type { ExchangeRestApi } from '#core/ports/exchange-rest-api.ts';
import type { Logger } from '#core/ports/logger.ts';
import type { Timer } from '#core/ports/timer.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Trade } from '#core/trade.ts';
import type { OpenGap } from '#domain/trades/trade-chain.ts';

export type RepairPorts = {
  readonly api: Pick<ExchangeRestApi, 'exchange' | 'loadMarkets' | 'fetchTrades'>;
  readonly timer: Timer;
  readonly logger: Logger;
  /** Takes fetched trades; says how many of them were missing. */
  readonly onTrades: (trades: readonly Trade[]) => number;
  /** What is missing in a gap now; undefined when nobody waits for it any more. */
  readonly gapOf: (symbol: MarketSymbol, firstId: number) => OpenGap | undefined;
  /** How a gap ended: `exhausted` when the exchange has answered and has no more of it, `failed` when it did not answer. */
  readonly onEnd: (symbol: MarketSymbol, firstId: number, how: 'exhausted' | 'failed') => void;
};

export type RepairSettings = {
  /** Trades of a gap that may still come by themselves, over another socket, get this long. */
  readonly graceMs: number;
  /** Pauses after failures: twice as long each time. */
  readonly firstRetryMs: number;
  readonly maxAttempts: number;
  /** Gaps that wait, at most. */
  readonly maxWaiting: number;
};

const REPAIR_SETTINGS: RepairSettings = { graceMs: 2000, firstRetryMs: 2000, maxAttempts: 8, maxWaiting: 1000 };

type Job = { readonly symbol: MarketSymbol; readonly firstId: number; attempts: number };

export type GapRepair = {
  /** A gap was found. False when there is no room for it: it will not be fetched. */
  add(symbol: MarketSymbol, firstId: number): boolean;
  /** Gaps that wait or are being fetched. */
  waiting(): number;
  /** Nothing more is fetched afterwards, and nothing waits. */
  stop(): void;
};

/** Fetches missing trades from the exchange's REST, one request at a time, the oldest gap first. */
export function createGapRepair(ports: RepairPorts, settings: RepairSettings = REPAIR_SETTINGS): GapRepair {
  const { api, timer, logger } = ports;
  const due: Job[] = [];
  let waiting = 0;
  let isRunning = false;
  let isStopped = false;

  const cancels = new Set<() => void>();

  const after = (delayMs: number, job: Job): void => {
    if (isStopped) return;
    const cancel = timer.after(delayMs, () => {
      cancels.delete(cancel);
      due.push(job);
      if (!isRunning) void run();
    });
    cancels.add(cancel);
  };
  // Once it is stopped nothing is missed any more, or page after page would still be asked for.
  const gapOf: RepairPorts['gapOf'] = (symbol, firstId) => (isStopped ? undefined : ports.gapOf(symbol, firstId));

  const run = async (): Promise<void> => {
    isRunning = true;
    for (let job = due.shift(); job !== undefined && !isStopped; job = due.shift()) {
      // oxlint-disable-next-line no-await-in-loop -- one request at a time is the point
      await attempt(job);
    }
    isRunning = false;
  };

  const attempt = async (job: Job): Promise<void> => {
    job.attempts += 1;
    try {
      await fetchMissing({ ...ports, gapOf }, job);
      finish(job, 'exhausted');
    } catch (error) {
      const isRetryable = error instanceof ExchangeError && error.retryable && job.attempts < settings.maxAttempts;
      logger.warn('missing trades were not fetched', {
        exchange: api.exchange,
        symbol: job.symbol,
        attempt: job.attempts,
        isRetryable,
        error,
      });
      if (isRetryable) after(settings.firstRetryMs * 2 ** (job.attempts - 1), job);
      else finish(job, 'failed');
    }
  };

  const finish = ({ symbol, firstId }: Job, how: 'exhausted' | 'failed'): void => {
    waiting -= 1;
    if (!isStopped) ports.onEnd(symbol, firstId, how);
  };

  return {
    add(symbol, firstId) {
      if (isStopped || waiting >= settings.maxWaiting) return false;
      waiting += 1;
      after(settings.graceMs, { symbol, firstId, attempts: 0 });
      return true;
    },
    waiting: () => waiting,
    stop() {
      isStopped = true;
      // A process that waits for them would not end.
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}

/** Page after page, until nothing is missing or a page brings nothing new. */
async function fetchMissing({ api, onTrades, gapOf }: RepairPorts, { symbol, firstId }: Job): Promise<void> {
  await api.loadMarkets([symbol]);
  let span: { fromMs: number; toMs: number } | null = null;
  for (;;) {
    const gap = gapOf(symbol, firstId);
    const [first] = gap?.missing ?? [];
    const last = gap?.missing.at(-1);
    if (gap === undefined || first === undefined || last === undefined) return;
    span ??= { fromMs: gap.fromMs, toMs: gap.toMs };
    const ids = { firstId: BigInt(first.firstId), lastId: BigInt(last.lastId) };
    // oxlint-disable-next-line no-await-in-loop -- the next page depends on this one
    const page = await api.fetchTrades({ symbol, ...ids, ...span });
    const found = onTrades(page.trades);
    if (found === 0 || !page.hasMore) return;
    span = narrowed(span, gap.missing, page.trades);
  }
}

/** Exchanges that are asked by time cut a page off at one end: what is fetched already bounds what is still missing. */
function narrowed(
  span: { fromMs: number; toMs: number },
  missing: OpenGap['missing'],
  trades: readonly Trade[],
): { fromMs: number; toMs: number } {
  const firstMissing = missing[0]?.firstId ?? 0;
  const lastMissing = missing.at(-1)?.lastId ?? 0;
  const below = trades.filter(({ id }) => Number(id) < firstMissing).map(({ eventTimeMs }) => eventTimeMs);
  const above = trades.filter(({ id }) => Number(id) > lastMissing).map(({ eventTimeMs }) => eventTimeMs);
  return { fromMs: Math.max(span.fromMs, ...below), toMs: Math.min(span.toMs, ...above) };
}
