import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { ExchangeError } from '#core/errors.ts';
import type { CandlePage } from '#core/ports/exchange-rest-api.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { restParts } from '../providers/ccxt/rest-parts.ts';
import { startFaultProxy, sweepCuts } from '../support/fault-proxy.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';
import { madeVenue, MINUTE, truthOf } from './made-venue.ts';

// Campaign F8, exchange: the connection is cut at every byte of the smallest real conversation, a request for two candles.

const FROM = Date.UTC(2023, 2, 11, 12);
const BTC = symbolOf('BTC/USD');
const DEADLINE_MS = 2000;
const directory = mkdtempSync(join(tmpdir(), 'tidemark-f8-'));
afterAll(() => rmSync(directory, { recursive: true }));

function isTrue({ candles, refused }: CandlePage): boolean {
  const expected = [FROM, FROM + MINUTE].map((openTimeMs) => ({ openTimeMs, ...truthOf(openTimeMs) }));
  const got = candles.map(({ openTimeMs, open, high, low, close, volume }) => ({ openTimeMs, open, high, low, close, volume }));
  return refused.length === 0 && JSON.stringify(got) === JSON.stringify(expected);
}

test(
  'F8: an exchange’s connection that is cut at any byte gives the right candles or an error that may be tried again',
  { timeout: 120_000 },
  async () => {
    const count = { cuts: 0, right: 0, errors: 0, wrong: 0, slow: 0 };
    const sweep = async (exchange: 'binance' | 'coinbase' | 'kraken'): Promise<void> => {
      const clock = handClock(FROM + 2 * MINUTE + 3000);
      const recorded = await startRecordedExchange({ recording: madeVenue(directory, exchange, FROM, 2), clock });
      const proxy = await startFaultProxy(Number(new URL(recorded.urls[exchange] ?? '').port));
      onTestFinished(async () => {
        await proxy.close();
        await recorded.close();
      });
      const api = createCcxtRestApi({ ...restParts(clock), exchange, restUrl: `http://127.0.0.1:${proxy.port}`, deadlineMs: DEADLINE_MS });
      await api.loadMarkets([BTC]);
      const ask = (): Promise<CandlePage> => {
        // Each conversation has a connection of its own.
        proxy.resetAll();
        return api.fetchCandles({ symbol: BTC, timeframe: '1m', fromMs: FROM, limit: 2 });
      };
      const cuts = await sweepCuts(proxy, async () => {
        // A minute each, or the exchange's allowance of a minute would be used up.
        clock.moveTo(clock.nowMs() + MINUTE);
        const startedMs = performance.now();
        const outcome = await ask().then(
          (page) => (isTrue(page) ? 'right' : 'wrong'),
          (error: unknown) => (error instanceof ExchangeError && error.retryable ? 'errors' : 'wrong'),
        );
        count[outcome]++;
        if (performance.now() - startedMs > 3 * DEADLINE_MS) count.slow++;
      });
      count.cuts += cuts;
      proxy.set({ kind: 'none' });
      clock.moveTo(clock.nowMs() + MINUTE);
      expect(isTrue(await ask())).toBe(true);
      await api.close();
    };
    await Promise.all([sweep('binance'), sweep('coinbase'), sweep('kraken')]);
    process.stdout.write(
      `F8 exchange: ${count.cuts} cuts, ${count.wrong} wrong, ${count.slow} hangs, 0 process exits (${count.errors} errors, ${count.right} whole conversations answered)\n`,
    );
    expect(count).toEqual({ cuts: count.errors, right: 3, errors: count.errors, wrong: 0, slow: 0 });
  },
);
