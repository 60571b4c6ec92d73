import { describe, expect, test } from 'vitest';
import { ExchangeError } from '#core/errors.ts';
import type { Trade } from '#core/trade.ts';
import { createGapRepair } from '#usecases/repair-trade-gaps.ts';
import { keepingLogger } from '../lambdas/queue-event.ts';
import { handTimer } from '../std/hand-timer.ts';
import { decimal, START, symbolOf } from './fake-exchange.ts';

const BTC = symbolOf('BTC/USD');
const SETTINGS = { graceMs: 2000, firstRetryMs: 2000, maxAttempts: 8, maxWaiting: 2 };

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Gaps of 10 trades, of which each request fetches one. `answer` is awaited before. */
function world(answer: () => Promise<void>) {
  const timer = handTimer();
  const ends: string[] = [];
  let requests = 0;
  let fetched = 0;
  const repair = createGapRepair(
    {
      api: {
        exchange: 'kraken',
        loadMarkets: async (symbols) => ({ listed: symbols, unavailable: [] }),
        async fetchTrades() {
          requests += 1;
          await answer();
          const trade: Trade = {
            exchange: 'kraken',
            symbol: BTC,
            id: String(fetched + 1),
            price: decimal(1),
            size: decimal(1),
            side: 'buy',
            eventTimeMs: START,
            receivedAtMs: START,
          };
          return { trades: [trade], refused: [], hasMore: true };
        },
      },
      timer,
      logger: keepingLogger(),
      onTrades: (trades) => {
        fetched += trades.length;
        return trades.length;
      },
      gapOf: () => ({ firstId: 1, lastId: 10, fromMs: START, toMs: START, missing: [{ firstId: fetched + 1, lastId: 10 }] }),
      onEnd: (_symbol, firstId, how) => void ends.push(`${firstId} ${how}`),
    },
    SETTINGS,
  );
  return { timer, repair, ends, requests: () => requests };
}

const unavailable = async (): Promise<never> => {
  throw new ExchangeError('the exchange is away', { code: 'UNREACHABLE', exchange: 'kraken', retryable: true });
};

describe('the repair of gaps, once it is stopped', () => {
  test('leaves no timer behind that would keep the process alive: of gaps that wait, and of attempts to come', async () => {
    const { timer, repair } = world(unavailable);
    expect([repair.add(BTC, 1), repair.add(BTC, 100), repair.add(BTC, 200)]).toEqual([true, true, false]);
    timer.advance(2000);
    await settle();
    expect(timer.pending()).toBe(2);
    repair.stop();
    expect(timer.pending()).toBe(0);
    expect(repair.add(BTC, 300)).toBe(false);
  });

  test('asks for no further page after the one under way, nor for it again when it fails, and tells nothing', async () => {
    for (const fails of [false, true]) {
      const answered = Promise.withResolvers<void>();
      const { timer, repair, requests, ends } = world(async () => await answered.promise);
      repair.add(BTC, 1);
      timer.advance(2000);
      await settle();
      repair.stop();
      if (fails) answered.reject(new ExchangeError('too late', { code: 'TIMEOUT', exchange: 'kraken', retryable: true }));
      else answered.resolve();
      await settle();
      expect([requests(), timer.pending(), ends]).toEqual([1, 0, []]);
    }
  });
});
