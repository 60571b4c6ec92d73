import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import type { FaultRule } from '#core/fault-plan.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';
import { faultRule, planOf } from './fault-rules.ts';
import { folderOf, HEADER, replay, type Replay } from './replay.ts';

const NOW = '2023-03-11T12:00:30Z';
const FROM_S = Date.parse('2023-03-11T11:50:00Z') / 1000;
/** Twenty minutes of two markets at each venue: small, so that each test can have servers of its own. */
function recording(): string {
  const rows = Array.from(
    { length: 20 },
    (_, index) => `${(FROM_S - 300 + index * 60) * 1000},2${index % 10},39,1,3${index % 9},${index + 1}.5`,
  );
  const symbols = ['BTC/USDT', 'BTC/USD'];
  const files = VENUES.flatMap((venue) =>
    symbols.map((symbol) => [`klines/${venue}_${symbol.replace('/', '-')}_1m.csv.gz`, [HEADER, ...rows].join('\n')]),
  );
  const series = symbols.map((symbol) => `      - { symbol: ${symbol}, timeframes: [1m] }`).join('\n');
  const manifest = `name: small
description: a small folder
replay: { from: 2023-03-11T11:50:00Z, until: 2023-03-11T12:05:00Z }
venues:
${VENUES.map((venue) => `  ${venue}:\n    series:\n${series}`).join('\n')}
`;
  return folderOf({ 'recording.yaml': manifest, ...Object.fromEntries(files) });
}

const VENUES = ['binanceus', 'coinbase', 'kraken'] as const;
type Venue = (typeof VENUES)[number];

const PATHS: Readonly<Record<Venue, { readonly candles: string; readonly other: string; readonly markets: string }>> = {
  binanceus: {
    candles: `/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=${FROM_S * 1000}`,
    other: `/api/v3/klines?symbol=BTCUSD&interval=1m&startTime=${FROM_S * 1000}`,
    markets: '/api/v3/exchangeInfo',
  },
  coinbase: {
    candles: `/api/v3/brokerage/market/products/BTC-USDT/candles?granularity=ONE_MINUTE&start=${FROM_S}&end=${FROM_S + 600}`,
    other: `/api/v3/brokerage/market/products/BTC-USD/candles?granularity=ONE_MINUTE&start=${FROM_S}&end=${FROM_S + 600}`,
    markets: '/api/v3/brokerage/market/products',
  },
  kraken: {
    candles: `/0/public/OHLC?pair=XBTUSDT&interval=1&since=${FROM_S - 1}`,
    other: `/0/public/OHLC?pair=XBTUSD&interval=1&since=${FROM_S - 1}`,
    markets: '/0/public/AssetPairs',
  },
};

type WireRow = { readonly time: number; readonly values: readonly unknown[] };

/** Rows of an answer in any protocol, oldest first, time in seconds and the five figures. */
function rowsOf(text: string): WireRow[] {
  const body = JSON.parse(text) as unknown;
  if (Array.isArray(body)) return (body as unknown[][]).map((row) => ({ time: Number(row[0]) / 1000, values: row.slice(1, 6) }));
  const { candles, result } = body as { candles?: Record<string, unknown>[]; result?: Record<string, unknown> };
  if (candles !== undefined) {
    return candles
      .toReversed()
      .map(({ start, open, high, low, close, volume }) => ({ time: Number(start), values: [open, high, low, close, volume] }));
  }
  const rows = Object.values(result ?? {}).find((value) => Array.isArray(value)) as unknown[][];
  return rows.map((row) => ({ time: Number(row[0]), values: [row[1], row[2], row[3], row[4], row[6]] }));
}

async function venueWith(rules: readonly FaultRule[], now = NOW): Promise<Replay> {
  return await replay(recording(), now, planOf(...rules));
}

describe.each(VENUES)('the recorded %s, told to fail,', (venue) => {
  const paths = PATHS[venue];
  const good = async (): Promise<WireRow[]> => rowsOf((await (await replay(recording(), NOW)).get(venue, paths.candles)).text);
  const spoiled = async (rule: FaultRule): Promise<WireRow[]> => {
    const exchange = await venueWith([rule]);
    const rows = rowsOf((await exchange.get(venue, paths.candles)).text);
    expect(exchange.injected()).toEqual({ [rule.mode]: 1 });
    return rows;
  };

  it('loses, delays, repeats and shuffles rows', async () => {
    const rows = await good();
    expect(rows.length).toBeGreaterThan(8);
    expect(await spoiled(faultRule('lost_rows', { rows: 3 }))).toHaveLength(rows.length - 3);
    expect(await spoiled(faultRule('late_rows', { rows: 2 }))).toEqual(rows.slice(0, -3));
    expect(await spoiled(faultRule('duplicate_rows', { rows: 2 }))).toEqual([...rows, ...rows.slice(-2)]);
    const shuffled = await spoiled(faultRule('shuffled_rows'));
    expect(shuffled).not.toEqual(rows);
    expect(shuffled.toSorted((a, b) => a.time - b.time)).toEqual(rows);
  });

  it('spoils fields of the newest rows and leaves the others', async () => {
    const rows = await good();
    const newest = rows.length - 1;
    const expectOnlyNewest = async (rule: FaultRule, change: (row: WireRow) => unknown) => {
      const got = await spoiled(rule);
      expect(got.slice(0, newest)).toEqual(rows.slice(0, newest));
      expect(got[newest]).toEqual(change(rows[newest] as WireRow));
    };
    await expectOnlyNewest(faultRule('null_field', { rows: 1, field: 'volume' }), ({ time, values }) => ({
      time,
      values: values.with(4, null),
    }));
    await expectOnlyNewest(faultRule('word_field', { rows: 1 }), ({ time, values }) => ({ time, values: values.with(3, 'NaN') }));
    await expectOnlyNewest(faultRule('negative_price', { rows: 1 }), ({ time, values }) => ({
      time,
      values: values.with(2, `-${String(values[2])}`),
    }));
    await expectOnlyNewest(faultRule('off_grid', { rows: 1 }), ({ time, values }) => ({ time: time + 28, values }));
    await expectOnlyNewest(faultRule('future_rows', { rows: 1 }), ({ time, values }) => ({ time: time + 86_400, values }));
    await expectOnlyNewest(faultRule('time_unit', { rows: 1, factor: 1000 }), ({ time, values }) => ({ time: time * 1000, values }));
  });

  it('revises, contradicts and crosses figures', async () => {
    const rows = await good();
    const volume = (row: WireRow | undefined): number => Number(row?.values[4]);
    const revised = await spoiled(faultRule('revised_rows'));
    expect(revised.map(volume)).toEqual(rows.map((row) => expect.closeTo(volume(row) * 10, 6) as unknown));
    const conflicting = await spoiled(faultRule('conflicting_rows', { rows: 1 }));
    expect(conflicting.map(({ time }) => time)).toEqual([...rows, rows.at(-1)].map((row) => row?.time));
    expect(volume(conflicting.at(-1))).toBeCloseTo(volume(rows.at(-1)) * 10, 6);
    const crossed = await spoiled(faultRule('high_below_low'));
    expect(crossed.every(({ values }) => Number(values[1]) < Number(values[2]))).toBe(true);
    const short = await spoiled(faultRule('missing_field', { field: 'open', rows: 1 }));
    expect(short.at(-1)?.values).not.toEqual(rows.at(-1)?.values);
  });

  it('answers with what is no answer', async () => {
    const answered = async (rule: FaultRule) => {
      const exchange = await venueWith([rule]);
      return await exchange.get(venue, paths.candles);
    };
    expect((await answered(faultRule('page'))).headers.get('content-type')).toContain('html');
    expect((await answered(faultRule('empty_body'))).text).toBe('');
    expect((await answered(faultRule('null_body'))).text).toBe('null');
    expect((await answered(faultRule('word_body'))).text).toBe('"ok"');
    expect((await answered(faultRule('empty_object'))).text).toBe('{}');
    expect(rowsOf((await answered(faultRule('no_rows'))).text)).toEqual([]);
    const { text } = await answered(faultRule('truncated'));
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect((await answered(faultRule('huge_body'))).text.length).toBeGreaterThan(20_000_000);
    const limited = await answered(faultRule('status', { status: 429, retryAfter: '17' }));
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '17']);
    const own = await answered(faultRule('own_error'));
    expect([own.status, venue === 'kraken' && own.text.includes('EService:Unavailable')]).toEqual(
      venue === 'kraken' ? [200, true] : [500, false],
    );
    const skewed = await answered(faultRule('clock_skew', { skewSeconds: -45 }));
    expect([skewed.headers.get('date'), rowsOf(skewed.text).length]).toEqual(['Sat, 11 Mar 2023 11:59:45 GMT', (await good()).length]);
  });

  it('ends, stalls and spoils connections', async () => {
    for (const mode of ['reset', 'cut', 'outage', 'wrong_encoding'] as const) {
      const exchange = await venueWith([faultRule(mode)]);
      await expect(exchange.get(venue, paths.candles)).rejects.toThrow(/fetch failed|terminated|header|incorrect/);
    }
    for (const mode of ['stall_headers', 'stall_body', 'drip'] as const) {
      const exchange = await venueWith([faultRule(mode)]);
      const ended = await fetch(`${exchange.urls[venue]}${paths.candles}`, { signal: AbortSignal.timeout(150) }).then(
        async (response) => await response.text().catch((error: unknown) => (error as Error).name),
        (error: unknown) => (error as Error).name,
      );
      expect([mode, ended]).toEqual([mode, 'TimeoutError']);
    }
  });

  it('has never had a market that is delisted', async () => {
    const exchange = await venueWith([faultRule('delisted', { symbols: [symbolOf('BTC/USDT')], endpoints: 'all' })]);
    expect((await exchange.get(venue, paths.candles)).text).toMatch(/Invalid symbol|NOT_FOUND|Unknown asset pair/);
    expect(rowsOf((await exchange.get(venue, paths.other)).text).length).toBeGreaterThan(8);
    const { text } = await exchange.get(venue, paths.markets);
    expect(text).not.toMatch(/"BTCUSDT"|"BTC-USDT"|"XBTUSDT"/);
    expect(text).toMatch(/"BTCUSD"|"BTC-USD"|"XBTUSD"/);
  });
});

describe('a plan', () => {
  const [BINANCE, COINBASE] = [PATHS.binanceus, PATHS.coinbase];
  const statuses = async (exchange: Replay, venue: Exchange, path: string, times: number): Promise<number[]> => {
    const got: number[] = [];
    for (let request = 0; request < times; request++) got.push((await exchange.get(venue, path)).status);
    return got;
  };
  const broken = (change: Partial<FaultRule>): FaultRule => faultRule('status', { status: 503, ...change });

  it('hits every n-th request, and at most so often', async () => {
    const exchange = await venueWith([broken({ every: 3, times: 2 })]);
    expect(await statuses(exchange, 'binanceus', BINANCE.candles, 10)).toEqual([200, 200, 503, 200, 200, 503, 200, 200, 200, 200]);
    expect(exchange.injected()).toEqual({ status: 2 });
  });

  it('spares the first requests that fit', async () => {
    const exchange = await venueWith([broken({ after: 2, every: 2 })]);
    expect(await statuses(exchange, 'binanceus', BINANCE.candles, 7)).toEqual([200, 200, 200, 503, 200, 503, 200]);
  });

  it('hits by chance, and the same requests for the same seed', async () => {
    const once = await statuses(await venueWith([broken({ probability: 0.3 })]), 'binanceus', BINANCE.candles, 40);
    expect(await statuses(await venueWith([broken({ probability: 0.3 })]), 'binanceus', BINANCE.candles, 40)).toEqual(once);
    const hits = once.filter((status) => status === 503).length;
    expect([hits > 4, hits < 25]).toEqual([true, true]);
  });

  it('hits one exchange, symbol, timeframe or endpoint alone', async () => {
    const one = await venueWith([broken({ exchanges: ['coinbase'] })]);
    expect([await statuses(one, 'coinbase', COINBASE.candles, 1), await statuses(one, 'binanceus', BINANCE.candles, 1)]).toEqual([
      [503],
      [200],
    ]);
    const symbol = await venueWith([broken({ symbols: [symbolOf('BTC/USD')] })]);
    expect([await statuses(symbol, 'binanceus', BINANCE.other, 1), await statuses(symbol, 'binanceus', BINANCE.candles, 1)]).toEqual([
      [503],
      [200],
    ]);
    const hour = await venueWith([broken({ timeframes: ['1h'] })]);
    const hourly = BINANCE.candles.replace('interval=1m', 'interval=1h');
    expect([await statuses(hour, 'binanceus', hourly, 1), await statuses(hour, 'binanceus', BINANCE.candles, 1)]).toEqual([[503], [200]]);
    const list = await venueWith([broken({ endpoints: ['markets'] })]);
    expect([await statuses(list, 'binanceus', BINANCE.markets, 1), await statuses(list, 'binanceus', BINANCE.candles, 1)]).toEqual([
      [503],
      [200],
    ]);
  });

  it('hits from its beginning on until before its end, by the clock of the exchange', async () => {
    const exchange = await venueWith([broken({ fromMs: Date.parse('2023-03-11T12:01:00Z'), untilMs: Date.parse('2023-03-11T12:02:00Z') })]);
    const at = async (time: string) => {
      exchange.at(time);
      return (await statuses(exchange, 'binanceus', BINANCE.candles, 1))[0];
    };
    expect([
      await at('2023-03-11T12:00:59Z'),
      await at('2023-03-11T12:01:00Z'),
      await at('2023-03-11T12:01:59Z'),
      await at('2023-03-11T12:02:00Z'),
    ]).toEqual([200, 503, 503, 200]);
  });

  it('counts a fault that changes nothing as none', async () => {
    const exchange = await venueWith([faultRule('lost_rows'), faultRule('no_rows', { symbols: [symbolOf('BTC/USD')] })]);
    const future = BINANCE.candles.replace(/startTime=\d+/, `startTime=${Date.parse('2024-01-01T00:00:00Z')}`);
    expect((await exchange.get('binanceus', future)).text).toBe('[]');
    expect(exchange.injected()).toEqual({});
  });

  it('cuts and refuses WebSockets during an outage, and no longer', async () => {
    let nowMs = Date.parse('2023-03-11T12:00:00Z');
    const timer = createSystemTimer();
    const clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
    const rule = faultRule('outage', { exchanges: ['kraken'], endpoints: 'all', fromMs: nowMs + 60_000, untilMs: nowMs + 120_000 });
    const exchange = await startRecordedExchange({
      recording: loadRecordingManifest(recording()),
      clock,
      timer,
      faults: { plan: planOf(rule), timer },
    });
    onTestFinished(() => exchange.close());
    const open = (): Promise<WebSocket | number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${exchange.webSocketUrls.kraken}/v2`);
        socket.on('open', () => resolve(socket));
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
        socket.on('error', () => {});
      });
    const socket = (await open()) as WebSocket;
    const closed = new Promise((resolve) => {
      socket.on('close', resolve);
    });
    nowMs += 60_000;
    await closed;
    expect(await open()).toBe(503);
    nowMs += 60_000;
    await expect.poll(async () => typeof (await open())).toBe('object');
    expect(exchange.injected()).toEqual({ outage: 1 });
  });
});
