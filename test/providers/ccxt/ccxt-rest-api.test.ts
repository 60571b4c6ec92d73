import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CandleRequest } from '#core/ports/exchange-rest-api.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { answeringServer, body, json, type Answer } from './answering-server.ts';
import { handClock } from './hand-clock.ts';
import { restParts } from './rest-parts.ts';

const NOW = Date.UTC(2023, 2, 11, 12, 0, 30);
const HOUR = 3_600_000;
const FROM = Date.UTC(2023, 2, 11, 11, 58);
const [BTC, ETH, SOL] = ['BTC/USD', 'ETH/USD', 'SOL/USD'].map((text) => parseMarketSymbol(text) as MarketSymbol) as [
  MarketSymbol,
  MarketSymbol,
  MarketSymbol,
];

/** What each exchange sends: its list of markets for the asked ids, and one candle. */
const WIRE = {
  binance: {
    ids: { [BTC]: 'BTCUSD', [ETH]: 'ETHUSD', [SOL]: 'SOLUSD' },
    listing: { symbols: [market('BTCUSD'), market('ETHUSD'), market('SOLUSD')] },
    candles: [[FROM, '1', '3', '1', '2', '5', FROM + 59_999, '10', 4, '0', '0', '0']],
    unknown: json({ code: -1121, msg: 'Invalid symbol.' }, 400),
  },
  coinbase: {
    ids: { [BTC]: 'BTC-USD', [ETH]: 'ETH-USD', [SOL]: 'SOL-USD' },
    listing: { products: ['BTC-USD', 'ETH-USD', 'SOL-USD'].map((id) => ({ product_id: id, status: 'online' })) },
    candles: { candles: [{ start: String(FROM / 1000), low: '1', high: '3', open: '1', close: '2', volume: '5' }] },
    unknown: json({ error: 'NOT_FOUND', error_details: 'valid product_id is required', message: 'valid product_id is required' }, 404),
  },
  kraken: {
    ids: { [BTC]: 'XXBTZUSD', [ETH]: 'XETHZUSD', [SOL]: 'SOLUSD' },
    listing: {
      error: [],
      result: {
        XXBTZUSD: { wsname: 'XBT/USD', status: 'online' },
        XETHZUSD: { wsname: 'ETH/USD', status: 'online' },
        SOLUSD: { wsname: 'SOL/USD', status: 'online' },
      },
    },
    candles: { error: [], result: { XXBTZUSD: [[FROM / 1000, '1', '3', '1', '2', '1.5', '5', 4]], last: FROM / 1000 } },
    unknown: json({ error: ['EQuery:Unknown asset pair'] }),
  },
} as const;

const VENUES = Object.keys(WIRE) as (keyof typeof WIRE)[];

function market(symbol: string, status = 'TRADING') {
  return { symbol, status };
}

function isListing(url: string): boolean {
  return /exchangeInfo|AssetPairs|market\/products\?|market\/products$/.test(url);
}

/** The exchange over a server that lists its markets and then answers for candles as the test says. */
async function venue(
  exchange: Exchange,
  candles: Answer,
  listing: Answer = json(WIRE[exchange as keyof typeof WIRE].listing),
  deadlineMs = 5000,
) {
  const clock = handClock(NOW);
  let [listingAnswer, candlesAnswer] = [listing, candles];
  const server = await answeringServer((response, request) =>
    (isListing(request.url ?? '') ? listingAnswer : candlesAnswer)(response, request),
  );
  const api = createCcxtRestApi({ ...restParts(clock), exchange, restUrl: `${server.url}/`, deadlineMs });
  onTestFinished(() => api.close());
  return {
    api,
    clock,
    server,
    list(next: Answer): void {
      listingAnswer = next;
    },
    answer(next: Answer): void {
      candlesAnswer = next;
    },
    fetch: async (change: Partial<CandleRequest> = {}) => {
      await api.loadMarkets([BTC, ETH, SOL]);
      return await api.fetchCandles({ symbol: BTC, timeframe: '1m', fromMs: FROM, limit: 6, ...change });
    },
  };
}

async function failureOf(promise: Promise<unknown>): Promise<ExchangeError> {
  const outcome: unknown = await promise.then(
    () => 'it was answered',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ExchangeError);
  return outcome as ExchangeError;
}

const HTML = body('<html><title>Just a moment...</title></html>', { headers: { 'content-type': 'text/html' } });

describe.each(VENUES)('%s', (exchange) => {
  const wire = WIRE[exchange];

  test('serves the exact candle that was sent', async () => {
    const { fetch } = await venue(exchange, json(wire.candles));
    const figures =
      exchange === 'coinbase'
        ? { quoteVolume: null, tradeCount: null }
        : { quoteVolume: exchange === 'binance' ? '10' : null, tradeCount: 4 };
    expect(await fetch()).toEqual({
      candles: [{ openTimeMs: FROM, open: '1', high: '3', low: '1', close: '2', volume: '5', ...figures }],
      refused: [],
    });
  });

  test.each<[string, Answer, string, boolean]>([
    ['a page with status 200', HTML, 'BAD_PAYLOAD', true],
    ['an empty body', body(''), 'BAD_PAYLOAD', true],
    ['JSON that breaks off', body('[[1678', { headers: { 'content-type': 'application/json' } }), 'BAD_PAYLOAD', true],
    ['another object', json({ candle: [] }), 'BAD_PAYLOAD', true],
    [
      'rows of nothing',
      json(
        exchange === 'binance'
          ? [[], [null], []]
          : exchange === 'coinbase'
            ? { candles: [{}, null, {}] }
            : { error: [], result: { XXBTZUSD: [[], null, []] } },
      ),
      'BAD_PAYLOAD',
      true,
    ],
    ['too many requests', json({}, 429, { 'retry-after': '17' }), 'RATE_LIMITED', true],
    ['a ban', json({}, 418), 'BANNED', false],
    ['a firewall', body('<html>', { status: 403 }), 'BANNED', false],
    ['a blocked region', json({ code: 0, msg: 'Service unavailable from a restricted location' }, 451), 'GEO_BLOCKED', false],
    ['an inner error', body('oops', { status: 500 }), 'UNREACHABLE', true],
    ['maintenance', HTML_503(), 'UNREACHABLE', true],
    ['a redirect', body('', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }), 'REFUSED', false],
    ['an unknown symbol', wire.unknown, 'BAD_SYMBOL', false],
  ])('tells by its code that it was answered with %s, after as many requests as that allows', async (_what, answer, code, retryable) => {
    const { fetch, server } = await venue(exchange, answer);
    const error = await failureOf(fetch());
    expect(error).toMatchObject({ code, retryable, exchange });
    expect(error.message).toContain(exchange);
    // A list of markets; and three attempts where another one may help, one where it cannot or would do harm.
    expect(server.requests).toHaveLength(retryable && code !== 'RATE_LIMITED' ? 4 : 2);
  });

  test('passes on for how long to wait', async () => {
    const { fetch } = await venue(exchange, json({}, 429, { 'retry-after': '17' }));
    expect(await failureOf(fetch())).toMatchObject({ retryAfterMs: 17_000, status: 429 });
  });

  test('gives up a body that stalls', async () => {
    const stall: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[');
    };
    const { fetch } = await venue(exchange, stall, json(wire.listing), 200);
    expect(await failureOf(fetch())).toMatchObject({ code: 'TIMEOUT', retryable: true });
  });

  test.each<[string, Answer, string]>([
    ['a page', HTML, 'BAD_PAYLOAD'],
    ['something that is no list', json({ error: [], status: 'ok' }), 'BAD_PAYLOAD'],
    ['an inner error', json({}, 503), 'UNREACHABLE'],
  ])('does not take %s for a list without markets, and recovers at the next call', async (_what, answer, code) => {
    const { api, list } = await venue(exchange, json(wire.candles), answer);
    expect(await failureOf(api.loadMarkets([BTC]))).toMatchObject({ code });
    list(json(wire.listing));
    expect(await api.loadMarkets([BTC])).toEqual({ listed: [BTC], unavailable: [] });
    await expect(api.fetchCandles({ symbol: BTC, timeframe: '1m', fromMs: FROM, limit: 6 })).resolves.toMatchObject({
      candles: [{ openTimeMs: FROM }],
    });
  });

  test('asks for its markets again only after six hours', async () => {
    const { api, clock, server } = await venue(exchange, json(wire.candles));
    const askedAfter = async (timeMs: number): Promise<number> => {
      clock.moveTo(timeMs);
      await api.loadMarkets([BTC, ETH]);
      return server.requests.length;
    };
    expect(await askedAfter(NOW)).toBe(1);
    expect(await askedAfter(NOW + 6 * HOUR - 1)).toBe(1);
    expect(await askedAfter(NOW + 6 * HOUR)).toBe(2);
  });

  test('asks at once when other symbols are wanted', async () => {
    const { api, server } = await venue(exchange, json(wire.candles));
    await api.loadMarkets([BTC]);
    expect(await api.loadMarkets([BTC, SOL])).toMatchObject({ listed: [BTC, SOL] });
    expect(server.requests).toHaveLength(2);
  });

  test('does not use the network for no symbols', async () => {
    const { api, server } = await venue(exchange, json(wire.candles));
    expect(await api.loadMarkets([])).toEqual({ listed: [], unavailable: [] });
    expect(server.requests).toEqual([]);
  });

  test('says who we are', async () => {
    const { fetch, server } = await venue(exchange, json(wire.candles));
    await fetch();
    expect(server.headers()['user-agent']).toBe('tidemark/0.1 (market data)');
  });

  test('knows the time of the exchange from its newest answer', async () => {
    const { api, fetch, answer } = await venue(exchange, json(wire.candles, 200, { date: 'Sat, 11 Mar 2023 12:00:27 GMT' }));
    await fetch();
    expect(api.serverTimeMs()).toBe(Date.UTC(2023, 2, 11, 12, 0, 27));
    answer(json(wire.candles, 200, { date: 'Sat, 11 Mar 2023 12:00:28 GMT' }));
    await fetch();
    expect(api.serverTimeMs()).toBe(Date.UTC(2023, 2, 11, 12, 0, 28));
  });
});

function HTML_503(): Answer {
  return body('<html>maintenance</html>', { status: 503, headers: { 'content-type': 'text/html', 'retry-after': 'later' } });
}

describe('a symbol that is halted', () => {
  test.each<[Exchange, unknown]>([
    ['binance', { symbols: [market('BTCUSD'), market('ETHUSD', 'BREAK')] }],
    [
      'coinbase',
      {
        products: [
          { product_id: 'BTC-USD', status: 'online' },
          { product_id: 'ETH-USD', status: 'delisted' },
        ],
      },
    ],
    [
      'kraken',
      { error: [], result: { XXBTZUSD: { wsname: 'XBT/USD', status: 'online' }, XETHZUSD: { wsname: 'ETH/USD', status: 'cancel_only' } } },
    ],
  ])('at %s is reported with the word of the exchange, and asked for again after ten minutes', async (exchange, halted) => {
    const { api, clock, list, server } = await venue(exchange, json({}), json(halted));
    expect(await api.loadMarkets([BTC, ETH])).toEqual({
      listed: [BTC],
      unavailable: [{ symbol: ETH, reason: expect.stringMatching(/^its status is (BREAK|delisted|cancel_only)$/) }],
    });
    list(json(WIRE[exchange as keyof typeof WIRE].listing));
    clock.moveTo(NOW + HOUR / 6 - 1);
    expect(await api.loadMarkets([BTC, ETH])).toMatchObject({ listed: [BTC] });
    clock.moveTo(NOW + HOUR / 6);
    expect(await api.loadMarkets([BTC, ETH])).toEqual({ listed: [BTC, ETH], unavailable: [] });
    expect(server.requests).toHaveLength(2);
  });
});

describe('binance', () => {
  test('finds the one unknown symbol among three', async () => {
    const unknown = 'ETHUSD';
    const listing: Answer = (response, request) => {
      const asked = JSON.parse(new URL(request.url ?? '', 'http://x').searchParams.get('symbols') ?? '[]') as string[];
      const answer = asked.includes(unknown) ? WIRE.binance.unknown : json({ symbols: asked.map((symbol) => market(symbol)) });
      answer(response, request);
    };
    const { api, server } = await venue('binance', json([]), listing);
    expect(await api.loadMarkets([BTC, ETH, SOL])).toEqual({
      listed: [BTC, SOL],
      unavailable: [{ symbol: ETH, reason: 'the exchange does not list it' }],
    });
    expect(server.requests).toHaveLength(4);
  });

  test('gives up the search for an unknown symbol when the exchange fails in between', async () => {
    const answers: Answer[] = [WIRE.binance.unknown, json({ symbols: [market('BTCUSD')] }), json({}, 503)];
    const { api } = await venue('binance', json([]), (response, request) => (answers.shift() ?? json({}, 503))(response, request));
    expect(await failureOf(api.loadMarkets([BTC, ETH, SOL]))).toMatchObject({ code: 'UNREACHABLE' });
  });

  test('asks spot only, so that blocked derivatives do no harm', async () => {
    const { fetch, server } = await venue('binance', json(WIRE.binance.candles));
    await fetch();
    expect(server.requests.map((url) => url.split('?')[0])).toEqual(['/api/v3/exchangeInfo', '/api/v3/klines']);
  });

  test('spaces all calls 40 ms apart by the clock, Binance.US 100 ms', async () => {
    for (const [exchange, spacing] of [
      ['binance', 40],
      ['binanceus', 100],
    ] as const) {
      const { api, clock } = await venue(exchange, json(WIRE.binance.candles), json(WIRE.binance.listing));
      await api.loadMarkets([BTC, ETH]);
      await api.fetchCandles({ symbol: BTC, timeframe: '1m', fromMs: FROM, limit: 6 });
      await api.fetchCandles({ symbol: ETH, timeframe: '1m', fromMs: FROM, limit: 6 });
      expect([exchange, clock.waits]).toEqual([exchange, [spacing, spacing]]);
    }
  });
});

describe('coinbase', () => {
  test('leaves out minutes without trades, and does not mind the order of rows', async () => {
    const row = (minute: number) => ({ start: String(FROM / 1000 + minute * 60), low: '1', high: '3', open: '1', close: '2', volume: '5' });
    const { fetch } = await venue('coinbase', json({ candles: [row(4), row(1)] }));
    expect((await fetch()).candles.map(({ openTimeMs }) => (openTimeMs - FROM) / 60_000)).toEqual([1, 4]);
  });

  test('is asked for both ends inclusive in seconds, never for more than 300 candles', async () => {
    const { api, fetch, server } = await venue('coinbase', json(WIRE.coinbase.candles));
    await fetch({ timeframe: '5m', fromMs: FROM, limit: 3 });
    const query = new URL(server.requests[1] ?? '', 'http://x').searchParams;
    expect(Object.fromEntries(query)).toEqual({
      granularity: 'FIVE_MINUTE',
      start: String(FROM / 1000),
      end: String(FROM / 1000 + 600),
      limit: '3',
    });
    expect(api.maxCandlesPerRequest).toBe(300);
  });
});

describe('kraken', () => {
  test.each<[string, string, boolean]>([
    ['EAPI:Rate limit exceeded', 'RATE_LIMITED', true],
    ['EGeneral:Too many requests', 'RATE_LIMITED', true],
    ['EService: Throttled: 1678536000', 'RATE_LIMITED', true],
    ['EService:Unavailable', 'UNREACHABLE', true],
    ['EService:Busy', 'UNREACHABLE', true],
    ['EQuery:Unknown asset pair', 'BAD_SYMBOL', false],
    ['EGeneral:Internal error', 'UNREACHABLE', true],
    ['EWhat:Never seen', 'REFUSED', true],
  ])('says %j inside status 200', async (text, code, retryable) => {
    const { fetch } = await venue('kraken', json({ error: [text] }));
    expect(await failureOf(fetch())).toMatchObject({ code, retryable });
  });

  test('may answer under the other name of the pair', async () => {
    const { fetch } = await venue('kraken', json({ error: [], result: { XBTUSD: WIRE.kraken.candles.result.XXBTZUSD, last: 1 } }));
    expect((await fetch()).candles).toHaveLength(1);
  });

  test('is not believed under two other names', async () => {
    const rows = WIRE.kraken.candles.result.XXBTZUSD;
    const { fetch } = await venue('kraken', json({ error: [], result: { XBTUSD: rows, XETHZUSD: rows, last: 1 } }));
    expect(await failureOf(fetch())).toMatchObject({ code: 'BAD_PAYLOAD' });
  });

  test('is asked with the second before the first wanted candle, because its since is exclusive', async () => {
    const { fetch, server } = await venue('kraken', json(WIRE.kraken.candles));
    await fetch();
    expect(Object.fromEntries(new URL(server.requests[1] ?? '', 'http://x').searchParams)).toEqual({
      pair: 'XXBTZUSD',
      interval: '1',
      since: String(FROM / 1000 - 1),
    });
  });

  test('spaces calls for one pair a second apart by the clock, and lets pairs go side by side', async () => {
    const { api, clock, answer } = await venue('kraken', json(WIRE.kraken.candles));
    await api.loadMarkets([BTC, ETH]);
    await api.fetchCandles({ symbol: BTC, timeframe: '1m', fromMs: FROM, limit: 6 });
    answer(json({ error: [], result: { XETHZUSD: [], last: 1 } }));
    await api.fetchCandles({ symbol: ETH, timeframe: '1m', fromMs: FROM, limit: 6 });
    expect(clock.waits).toEqual([]);
    answer(json(WIRE.kraken.candles));
    await api.fetchCandles({ symbol: BTC, timeframe: '5m', fromMs: FROM - 180_000, limit: 6 });
    expect(clock.waits).toEqual([1000]);
  });
});

test('a process that has fetched and closed ends by itself', async () => {
  const server = await answeringServer(json(WIRE.binance.listing));
  const script = `
    const { createCcxtRestApi } = await import('./lib/providers/ccxt/ccxt-rest-api.ts');
    const { restParts } = await import('./test/providers/ccxt/rest-parts.ts');
    const parts = restParts({ nowMs: () => Date.now(), sleepUntil: async () => {} });
    const api = createCcxtRestApi({ ...parts, exchange: 'binance', restUrl: '${server.url}', deadlineMs: 60_000 });
    const { listed } = await api.loadMarkets(['BTC/USD']);
    await api.close();
    console.log(JSON.stringify(listed));
  `;
  const root = join(import.meta.dirname, '../../..');
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root, timeout: 15_000 });
  expect(stdout).toBe('["BTC/USD"]\n');
});
