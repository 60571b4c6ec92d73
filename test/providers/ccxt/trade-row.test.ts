import { afterEach, describe, expect, test } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import type { TradePage, TradeRequest } from '#core/ports/exchange-rest-api.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { tradePageOf } from '#providers/ccxt/trade-row.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { symbolOf } from '../../usecases/fake-exchange.ts';
import { restParts } from './rest-parts.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

/** REST of a recorded exchange at a time of its recording. Pauses between calls pass at once. */
async function restAt(recording: string, exchange: Exchange, nowText: string) {
  const clock = { nowMs: () => Date.parse(nowText), sleepUntil: async () => {} };
  const server = await startRecordedExchange({ recording: loadRecordingManifest(`recordings/trades/${recording}`), clock });
  const api = createCcxtRestApi({ ...restParts(clock), exchange, restUrl: server.urls[exchange], deadlineMs: 5000 });
  open.push(server, api);
  return async (symbol: string, firstId: bigint, lastId: bigint, from: string, to: string): Promise<TradePage> => {
    await api.loadMarkets([symbolOf(symbol)]);
    return await api.fetchTrades({ symbol: symbolOf(symbol), firstId, lastId, fromMs: Date.parse(from), toMs: Date.parse(to) });
  };
}

const idsOf = ({ trades }: TradePage): bigint[] => trades.map(({ id }) => BigInt(id));
const upTo = (firstId: bigint, count: number): bigint[] => Array.from({ length: count }, (_, index) => firstId + BigInt(index));

describe('past trades over REST', () => {
  test('of Binance are asked for by id, without a key, and say which side took', async () => {
    const fetchTrades = await restAt('binance-2024-08-08', 'binance', '2024-08-09T00:00:00Z');
    const page = await fetchTrades('BTC/USDT', 3_735_683_259n, 3_735_683_262n, '2024-08-08T23:54:15Z', '2024-08-08T23:54:16Z');
    expect(idsOf(page)).toEqual(upTo(3_735_683_259n, 4));
    expect(page.trades[0]).toMatchObject({
      exchange: 'binance',
      symbol: 'BTC/USDT',
      price: '61837.63',
      size: '0.02',
      side: 'sell',
      eventTimeMs: 1_723_161_255_342,
    });
  });

  test('of Binance come a thousand a page, and a full page says that there may be more', async () => {
    const fetchTrades = await restAt('binance-2024-08-08', 'binance', '2024-08-09T00:00:00Z');
    const page = await fetchTrades('BTC/USDT', 3_735_683_259n, 3_735_688_000n, '2024-08-08T23:54:15Z', '2024-08-08T23:59:00Z');
    expect([page.trades.length, page.hasMore, idsOf(page)[999]]).toEqual([1000, true, 3_735_684_258n]);
  });

  test('of Coinbase are asked for by time, and have the side of the taker, which is not the one that Coinbase names', async () => {
    const fetchTrades = await restAt('coinbase-2026-08-09', 'coinbase', '2026-08-09T21:07:00Z');
    const page = await fetchTrades('BTC/USD', 1_068_572_091n, 1_068_572_094n, '2026-08-09T21:05:48Z', '2026-08-09T21:05:56Z');
    expect(idsOf(page)).toEqual(upTo(1_068_572_091n, 4));
    expect(page.trades[0]).toMatchObject({ price: '65083.67', size: '0.01034361', side: 'buy' });
    expect(page.hasMore).toBe(false);
  });

  test('of Kraken are asked for by time, the first of its millisecond included', async () => {
    const fetchTrades = await restAt('kraken-2023-11', 'kraken', '2023-11-18T00:00:00Z');
    const page = await fetchTrades('BTC/USDT', 5_504_897n, 5_504_899n, '2023-11-17T00:00:06.662Z', '2023-11-17T00:00:41Z');
    expect(idsOf(page)).toEqual(upTo(5_504_897n, 3));
    expect(page.trades[0]).toMatchObject({ price: '36160.9', size: '0.00039906', side: 'buy', eventTimeMs: 1_700_179_206_662 });
    expect(page.hasMore).toBe(true);
  });

  test('that the exchange does not have are not in the page, and that is no failure', async () => {
    const fetchTrades = await restAt('kraken-2023-11', 'kraken', '2023-11-18T00:00:00Z');
    const page = await fetchTrades('BTC/USDT', 5_505_896n, 5_505_896n, '2023-11-17T03:00:00Z', '2023-11-17T05:00:00Z');
    expect(page).toMatchObject({ trades: [], refused: [] });
  });
});

describe('a page of trades', () => {
  const request: TradeRequest = { symbol: symbolOf('BTC/USD'), firstId: 1n, lastId: 20n, fromMs: 0, toMs: 1 };
  const context = { exchange: 'kraken', request, receivedAtMs: 1_700_000_000_500, maxRows: 1000 } as const;
  const good = (id: unknown) => ({ id, price: '10.50', size: '0.10', side: 'buy' as const, timeMs: 1_700_000_000_000.9 });
  const pageOf = (rows: readonly unknown[]) => tradePageOf(rows, context, (row) => row as ReturnType<typeof good> | null);

  test('is put in order, each id once, and only what was asked for', () => {
    const page = pageOf([good(12), good('3'), good(3), good(21), good(0)]);
    expect(page?.trades.map(({ id }) => id)).toEqual(['3', '12']);
    expect(page?.trades[0]).toEqual({
      exchange: 'kraken',
      symbol: 'BTC/USD',
      id: '3',
      price: '10.5',
      size: '0.1',
      side: 'buy',
      eventTimeMs: 1_700_000_000_000,
      receivedAtMs: 1_700_000_000_500,
    });
  });

  test.each([
    ['no row', null],
    ['an id with a fraction', good(1.5)],
    ['no id', good(undefined)],
    ['a price of 0', { ...good(2), price: '0' }],
    ['a negative size', { ...good(2), size: '-1' }],
    ['a price that is no number', { ...good(2), price: 'NaN' }],
    ['no side', { ...good(2), side: undefined }],
    ['seconds for milliseconds', { ...good(2), timeMs: 1_700_000_000 }],
    ['no time', { ...good(2), timeMs: Number.NaN }],
  ])('refuses a row with %s and keeps the others', (_what, row) => {
    const rest = Array.from({ length: 12 }, (_, index) => good(index + 3));
    const page = pageOf([row, ...rest]);
    expect([page?.trades.length, page?.refused.length]).toEqual([12, 1]);
  });

  test('is not believed when more than a tenth of it is bad', () => {
    expect(pageOf([good(1), good(2), null, null])).toBeNull();
  });
});
