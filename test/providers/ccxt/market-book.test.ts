import { describe, expect, test } from 'vitest';
import { ExchangeError, SinkError, type ExchangeErrorCode } from '#core/errors.ts';
import { createMarketBook, type MarketBookOptions } from '#providers/ccxt/market-book.ts';
import { symbolOf } from '../../usecases/fake-exchange.ts';
import { handClock } from './hand-clock.ts';
import { restParts } from './rest-parts.ts';

const NOW = Date.UTC(2023, 2, 11, 12);
const [MINUTE, HOUR] = [60_000, 3_600_000];
const [BTC, ETH] = [symbolOf('BTC/USD'), symbolOf('ETH/USD')];
const LISTING = { markets: [BTC, ETH].map((symbol) => ({ symbol, id: `id of ${symbol}` })), unavailable: [] };

function world() {
  const clock = handClock(NOW);
  const parts = restParts(clock);
  let failing: ExchangeErrorCode | null = null;
  let asked = 0;
  const book = (change: Partial<MarketBookOptions> = {}) =>
    createMarketBook({
      exchange: 'kraken',
      ...parts,
      async list() {
        asked++;
        if (failing !== null) throw new ExchangeError(`failed with ${failing}`, { code: failing, exchange: 'kraken', retryable: true });
        return LISTING;
      },
      ...change,
    });
  return { clock, parts, book, asked: () => asked, fail: (code: ExchangeErrorCode | null) => void (failing = code) };
}

describe('a list of markets that cannot be loaded', () => {
  test('is replaced by the last good one, which says how old it is', async () => {
    const { clock, book, fail } = world();
    const markets = book();
    expect(await markets.load([BTC, ETH])).toEqual({ listed: [BTC, ETH], unavailable: [] });
    clock.moveTo(NOW + 7 * HOUR);
    fail('UNREACHABLE');
    expect(await markets.load([BTC, ETH])).toEqual({ listed: [BTC, ETH], unavailable: [], loadedAtMs: NOW });
    expect(markets.idOf(BTC)).toBe('id of BTC/USD');
  });

  test('is asked for at every tick until it comes', async () => {
    const { clock, book, fail, asked } = world();
    const markets = book();
    await markets.load([BTC, ETH]);
    fail('BAD_PAYLOAD');
    for (const minutes of [360, 361, 362]) {
      clock.moveTo(NOW + minutes * MINUTE);
      await markets.load([BTC, ETH]);
    }
    fail(null);
    expect(await markets.load([BTC, ETH])).not.toHaveProperty('loadedAtMs');
    expect(asked()).toBe(5);
  });

  test('is not replaced by one of 24 hours', async () => {
    const { clock, book, fail } = world();
    const markets = book();
    await markets.load([BTC, ETH]);
    fail('UNREACHABLE');
    clock.moveTo(NOW + 24 * HOUR - 1);
    await expect(markets.load([BTC, ETH])).resolves.toMatchObject({ loadedAtMs: NOW });
    clock.moveTo(NOW + 24 * HOUR);
    await expect(markets.load([BTC, ETH])).rejects.toThrow('failed with UNREACHABLE');
  });

  test('is replaced in a process that has just begun, by that of the one before', async () => {
    const { book, fail } = world();
    await book().load([BTC, ETH]);
    fail('TIMEOUT');
    const next = book();
    expect(await next.load([BTC, ETH])).toMatchObject({ listed: [BTC, ETH], loadedAtMs: NOW });
    expect(next.idOf(ETH)).toBe('id of ETH/USD');
  });

  test('is not replaced by a list of other symbols', async () => {
    const { book, fail } = world();
    await book().load([BTC]);
    fail('TIMEOUT');
    await expect(book().load([BTC, ETH])).rejects.toThrow('failed with TIMEOUT');
  });

  test.each(['RATE_LIMITED', 'BANNED', 'GEO_BLOCKED'] as const)(
    'because of %s is not replaced: nothing else would be answered',
    async (code) => {
      const { clock, book, fail } = world();
      const markets = book();
      await markets.load([BTC, ETH]);
      clock.moveTo(NOW + 7 * HOUR);
      fail(code);
      await expect(markets.load([BTC, ETH])).rejects.toMatchObject({ code });
    },
  );

  test.each<[string, Record<string, string>]>([
    ['no list', { loaded_at: String(NOW) }],
    ['text that is no JSON', { loaded_at: String(NOW), listing: '{"markets":' }],
    ['another shape', { loaded_at: String(NOW), listing: '{"markets":[{"symbol":"BTC/USD"}],"unavailable":[]}' }],
    ['symbols that nobody asked for', { loaded_at: String(NOW), listing: '{"markets":[{"symbol":"DOGE/USD","id":"x"}],"unavailable":[]}' }],
    ['no time', { loaded_at: 'lately', listing: JSON.stringify(LISTING) }],
  ])('is not replaced by a record with %s', async (_what, fields) => {
    const { parts, book, fail } = world();
    await parts.cache.writeHashes([{ key: 'markets:kraken', fields: { asked: 'BTC/USD,ETH/USD', ...fields } }], 60);
    fail('UNREACHABLE');
    await expect(book().load([BTC, ETH])).rejects.toThrow('failed with UNREACHABLE');
  });
});

describe('a symbol that the exchange lists and does not know', () => {
  test('is left out with the reason for ten minutes, and then asked for again', async () => {
    const { clock, book, asked } = world();
    const markets = book();
    await markets.load([BTC, ETH]);
    markets.quarantine(ETH, 'Invalid symbol.');
    clock.moveTo(NOW + 10 * MINUTE - 1);
    expect(await markets.load([BTC, ETH])).toEqual({ listed: [BTC], unavailable: [{ symbol: ETH, reason: 'Invalid symbol.' }] });
    expect(asked()).toBe(1);
    clock.moveTo(NOW + 10 * MINUTE);
    expect(await markets.load([BTC, ETH])).toEqual({ listed: [BTC, ETH], unavailable: [] });
    expect(asked()).toBe(2);
  });
});

test('a cache that is away is reported, and costs only what the next process would know', async () => {
  const { parts, book, fail } = world();
  const away = () => Promise.reject(new SinkError('the cache is away', { code: 'CACHE', retryable: true }));
  const markets = book({ cache: { advanceHashes: away, readHash: away, writeHashes: away } });
  await markets.load([BTC, ETH]);
  fail('UNREACHABLE');
  await expect(markets.load([BTC])).rejects.toThrow('failed with UNREACHABLE');
  expect(parts.lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'the list of markets cannot be kept in the cache',
    'the last good list of markets cannot be read',
  ]);
});
