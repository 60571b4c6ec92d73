import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { StoredCandle } from '#core/candle.ts';
import { StoreError } from '#core/errors.ts';
import { startFaultProxy, sweepCuts } from '../support/fault-proxy.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';
import { MINUTE, truthOf } from './made-venue.ts';
import { startStoreWorld, type StoreWorld } from './store-world.ts';

// Campaign F8, store: the connection to ClickHouse is cut at every byte of an insert and of a query.

const FROM = Date.UTC(2023, 2, 11, 12);
const BTC = symbolOf('BTC/USD');
const SERIES = { exchange: 'kraken', symbol: BTC, timeframe: '1m' } as const;
const DEADLINE_MS = 3000;

let store: StoreWorld;
beforeAll(async () => {
  store = await startStoreWorld();
});
afterAll(() => store.close());

function candleAt(openTimeMs: number): StoredCandle {
  return { openTimeMs, ...truthOf(openTimeMs), quoteVolume: null, tradeCount: null, version: 2n ** 62n + 1n } as unknown as StoredCandle;
}

/** As it comes back: the store drops the zeros at the end of a decimal. */
function lineOf({ openTimeMs, open, high, low, close, volume }: StoredCandle): string {
  return [
    openTimeMs,
    ...[open, high, low, close, volume].map((text) => text.replace(/\.?0+$/, (zeros) => (text.includes('.') ? '' : zeros))),
  ].join(' ');
}

const ofStore = (error: unknown): 'errors' | 'wrong' => (error instanceof StoreError && error.retryable ? 'errors' : 'wrong');

test('F8: an insert that is cut at any byte and repeated blindly stores every candle exactly once', async () => {
  const proxy = await startFaultProxy(store.port);
  onTestFinished(() => proxy.close());
  const direct = store.open(store.port, 20_000);
  onTestFinished(() => direct.close());
  let next = 0;
  const unsure: StoredCandle[] = [];
  const count = { cuts: 0, done: 0, errors: 0, wrong: 0, slow: 0 };
  count.cuts = await sweepCuts(proxy, async () => {
    const group = [{ series: SERIES, candles: [candleAt(FROM + next++ * MINUTE)] }] as const;
    const db = store.open(proxy.port, DEADLINE_MS);
    const startedMs = performance.now();
    const outcome = await db.insertCandles(group).then(() => 'done' as const, ofStore);
    if (performance.now() - startedMs > DEADLINE_MS + 2000) count.slow++;
    count[outcome]++;
    await db.close();
    if (outcome === 'errors') unsure.push(...group[0].candles);
  });
  // What the next ticks do: they cannot know which of them the store has taken.
  await direct.insertCandles([{ series: SERIES, candles: unsure }]);
  const windows = { '1m': { fromMs: 0, untilMs: FROM + 100_000 * MINUTE } };
  const [stored] = await direct.readCandles({ exchange: 'kraken', symbols: [BTC], windows });
  const expected = Array.from({ length: next }, (_, index) => lineOf(candleAt(FROM + index * MINUTE)));
  const got = (stored?.candles ?? []).map(lineOf);
  const lost = expected.filter((line) => !got.includes(line)).length;
  const doubled = got.length - new Set(got).size;
  process.stdout.write(
    `F8 store, inserts: ${count.cuts} cuts, ${lost} lost, ${doubled} duplicates, ${count.wrong} wrong, ${count.slow} hangs, 0 process exits (${count.errors} errors, ${count.done} done)\n`,
  );
  expect(got).toEqual(expected);
  expect(count).toMatchObject({ wrong: 0, slow: 0 });
  expect(count.errors).toBeGreaterThan(500);
});

test('F8: a query that is cut at any byte gives all of its rows or an error that may be tried again', async () => {
  const proxy = await startFaultProxy(store.port);
  onTestFinished(() => proxy.close());
  const direct = store.open(store.port, 20_000);
  onTestFinished(() => direct.close());
  const windows = { '1m': { fromMs: FROM, untilMs: FROM + 3 * MINUTE } };
  const query = { exchange: 'kraken', symbols: [BTC], windows } as const;
  await direct.insertCandles([{ series: SERIES, candles: [0, 1, 2].map((index) => candleAt(FROM + index * MINUTE)) }]);
  const expected = [0, 1, 2].map((index) => lineOf(candleAt(FROM + index * MINUTE)));
  const count = { cuts: 0, right: 0, errors: 0, wrong: 0, slow: 0 };
  count.cuts = await sweepCuts(proxy, async () => {
    const db = store.open(proxy.port, DEADLINE_MS);
    const startedMs = performance.now();
    const outcome = await db
      .readCandles(query)
      .then(
        (found) => (JSON.stringify(found.flatMap(({ candles }) => candles.map(lineOf))) === JSON.stringify(expected) ? 'right' : 'wrong'),
        ofStore,
      );
    if (performance.now() - startedMs > DEADLINE_MS + 2000) count.slow++;
    count[outcome]++;
    await db.close();
  });
  process.stdout.write(
    `F8 store, queries: ${count.cuts} cuts, ${count.wrong} wrong, ${count.slow} hangs, 0 process exits (${count.errors} errors, ${count.right} answered)\n`,
  );
  expect(count).toMatchObject({ wrong: 0, slow: 0 });
  expect(count.errors).toBeGreaterThan(500);
});
