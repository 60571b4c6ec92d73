import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Candle } from '#core/candle.ts';
import { toScaled } from '#core/decimal.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import type { RecordedCandles } from '#recorded-exchange/kline-csv.ts';
import { readKlines } from '#recorded-exchange/recording-files.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { folderOf, HEADER, RECORDINGS, replay, smallFolder } from './replay.ts';

const ROW = `${HEADER}\n1678492860000,10,12,9,11,1\n`;
const clock = { nowMs: () => 0, sleepUntil: () => Promise.resolve() };
const urlOf = (urls: Readonly<Record<string, string>>, exchange: string): string => urls[exchange] ?? '';

type Figures = readonly (bigint | number | null)[];

/** Prices, volume and quote volume times 10^18, and the count. */
function figuresOf({ open, high, low, close, volume, quoteVolume, tradeCount }: Candle): Figures {
  return [...[open, high, low, close, volume].map(toScaled), quoteVolume === null ? null : toScaled(quoteVolume), tradeCount];
}

/** The test's own roll-up: prices of the minutes with volume, of the first minute alone where none has any. */
function rolledUp(minutes: RecordedCandles, timeframeMs: number): Map<number, Figures> {
  const rows = Array.from(minutes.openTimesMs, (_time, index) => minutes.candle(index));
  const buckets = Map.groupBy(rows, (row) => Math.floor(row.openTimeMs / timeframeMs) * timeframeMs);
  return new Map(
    [...buckets].map(([openTimeMs, all]) => {
      const traded = all.some((row) => row.volume !== '0') ? all.filter((row) => row.volume !== '0') : all.slice(0, 1);
      const column = (index: number): bigint[] => traded.map((row) => figuresOf(row)[index]).filter((value) => typeof value === 'bigint');
      const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
      const largest = (values: readonly bigint[]): bigint => values.reduce((best, value) => (value > best ? value : best));
      const smallest = (values: readonly bigint[]): bigint => values.reduce((best, value) => (value < best ? value : best));
      const quotes = column(5);
      const counts = traded.map((row) => row.tradeCount).filter((value) => value !== null);
      return [
        openTimeMs,
        [
          column(0)[0] ?? null,
          largest(column(1)),
          smallest(column(2)),
          column(3).at(-1) ?? null,
          sum(column(4)),
          quotes.length === 0 ? null : sum(quotes),
          counts.length === 0 ? null : counts.reduce((total, count) => total + count, 0),
        ],
      ];
    }),
  );
}

describe('startRecordedExchange', () => {
  it('serves each venue on its own port of 127.0.0.1', async () => {
    const { urls } = await replay(RECORDINGS, '2023-03-11T00:00:00Z');
    expect(Object.keys(urls).sort()).toEqual(['binanceus', 'coinbase', 'kraken']);
    expect(new Set(Object.values(urls)).size).toBe(3);
    for (const url of Object.values(urls)) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('stamps answers with the time of its clock and keeps connections open', async () => {
    const { get, at } = await replay(smallFolder('kraken', 'BTC/USD', { '1m': ROW }), '2023-03-11T00:00:00Z');
    at('2023-03-11T00:05:07Z');
    const { headers } = await get('kraken', '/0/public/Time');
    expect(headers.get('date')).toBe('Sat, 11 Mar 2023 00:05:07 GMT');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('connection')).toBe('keep-alive');
  });

  it('answers HEAD without a body and refuses other methods', async () => {
    const { urls } = await replay(smallFolder('coinbase', 'BTC/USD', { '1m': ROW }), '2023-03-11T00:00:00Z');
    const url = `${urlOf(urls, 'coinbase')}/api/v3/brokerage/time`;
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(10);
    expect(await head.text()).toBe('');
    const post = await fetch(url, { method: 'POST', body: '{}' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
    expect(await post.json()).toMatchObject({ error: 'METHOD_NOT_ALLOWED' });
  });

  it('answers a path that is no URL', async () => {
    const { get } = await replay(smallFolder('kraken', 'BTC/USD', { '1m': ROW }), '2023-03-11T00:00:00Z');
    expect((await get('kraken', '//%zz?pair=%zz&&=')).status).toBe(404);
  });

  it('counts the requests of each venue', async () => {
    const { get, requests } = await replay(smallFolder('kraken', 'BTC/USD', { '1m': ROW }), '2023-03-11T00:00:00Z');
    await get('kraken', '/0/public/Time');
    await get('kraken', '/nope');
    expect(requests()).toEqual({ kraken: { all: 2, refused: 1 } });
  });

  it('takes a given port, says when it is taken, and gives it back', async () => {
    const recording = loadRecordingManifest(smallFolder('kraken', 'BTC/USD', { '1m': ROW }));
    const first = await startRecordedExchange({ recording, clock });
    const port = Number(new URL(urlOf(first.urls, 'kraken')).port);
    await expect(startRecordedExchange({ recording, clock, ports: { kraken: port } })).rejects.toThrow('EADDRINUSE');
    await first.close();
    const second = await startRecordedExchange({ recording, clock, ports: { kraken: port } });
    expect(urlOf(second.urls, 'kraken')).toBe(urlOf(first.urls, 'kraken'));
    await second.close();
  });

  it('closes although a client holds a connection open', async () => {
    const exchange = await startRecordedExchange({
      recording: loadRecordingManifest(smallFolder('kraken', 'BTC/USD', { '1m': ROW })),
      clock,
    });
    const socket = createConnection(Number(new URL(urlOf(exchange.urls, 'kraken')).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => socket.destroy());
    socket.write('GET /0/public/Time HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    await exchange.close();
    await ended;
    expect(socket.destroyed).toBe(true);
  });

  it.each([
    [
      'a market without metadata',
      '    metadata: { markets: rest/pairs.json.gz }',
      'venues.kraken.metadata.built lacks "BTC/USD", of which no metadata were recorded; add it there',
    ],
    [
      'a market that is recorded and built',
      '    metadata: { markets: rest/full.json.gz, built: [BTC/USD] }',
      'venues.kraken.metadata.built "BTC/USD" is in rest/full.json.gz already; remove it',
    ],
    [
      'a body that is no list of markets',
      '    metadata: { markets: rest/time.json.gz }',
      'rest/time.json.gz is not a list of markets of that venue',
    ],
  ])('refuses %s', async (_what, metadata, message) => {
    const dir = folderOf({
      'recording.yaml': `name: a\ndescription: b\nreplay: { from: 2023-03-11T00:00:00Z, until: 2023-03-11T01:00:00Z }\nvenues:\n  kraken:\n    series: [{ symbol: BTC/USD, timeframes: [1m] }]\n${metadata}`,
      'klines/kraken_BTC-USD_1m.csv.gz': ROW,
      'rest/pairs.json.gz': '{"error":[],"result":{}}',
      'rest/full.json.gz': '{"error":[],"result":{"XXBTZUSD":{"wsname":"XBT/USD"}}}',
      'rest/time.json.gz': '[]',
    });
    await expect(startRecordedExchange({ recording: loadRecordingManifest(dir), clock })).rejects.toThrow(message);
  });

  it('refuses two rows that are further apart than ten years of minutes', async () => {
    const recording = loadRecordingManifest(
      smallFolder('kraken', 'BTC/USD', { '1m': `${HEADER}\n0,1,1,1,1,1\n1678492860000,1,1,1,1,1\n` }),
    );
    await expect(startRecordedExchange({ recording, clock })).rejects.toThrow(
      'recording of kraken BTC/USD 1m spans "27974882" candles; at most 5300000 are served',
    );
  });
});

describe('the committed recordings', () => {
  const folders = ['.', 'outages/coinbase-2023-03-04', 'outages/kraken-2023-03-16', 'outages/binance-2023-03-24', 'other/btc-eth-2025-06'];

  it.each(folders)('%s is whole: every series has rows and the venues start', async (folder) => {
    const dir = join(RECORDINGS, folder);
    const manifest = loadRecordingManifest(dir);
    for (const series of manifest.series) expect(readKlines(dir, series).openTimesMs.length).toBeGreaterThan(50);
    const { urls } = await replay(dir, new Date(manifest.replayFromMs).toISOString());
    expect(Object.keys(urls).sort()).toEqual([...new Set(manifest.series.map(({ exchange }) => exchange))].sort());
  });

  it.each(['.', 'outages/coinbase-2023-03-04', 'outages/kraken-2023-03-16', 'other/btc-eth-2025-06'])(
    '%s: 5m and 1h are the exact roll-up of the minutes',
    (folder) => {
      const dir = join(RECORDINGS, folder);
      const { series } = loadRecordingManifest(dir);
      let compared = 0;
      for (const minutes of series.filter((one) => one.timeframe === '1m')) {
        for (const timeframe of ['5m', '1h'] as const) {
          const expected = rolledUp(readKlines(dir, minutes), TIMEFRAME_MS[timeframe]);
          const coarse = readKlines(dir, { ...minutes, timeframe });
          const from = coarse.openTimesMs.indexOf([...expected.keys()][0] ?? Number.NaN);
          for (const [offset, [openTimeMs, figures]] of [...expected].entries()) {
            const candle = coarse.candle(from + offset);
            expect([openTimeMs, ...figures]).toEqual([candle.openTimeMs, ...figuresOf(candle)]);
            compared += 1;
          }
        }
      }
      expect(compared).toBeGreaterThan(700);
    },
  );

  it('keep Kraken volumes within the eight decimals of its trades', () => {
    for (const series of loadRecordingManifest(RECORDINGS).series.filter(({ exchange }) => exchange === 'kraken')) {
      const candles = readKlines(RECORDINGS, series);
      const volumes = Array.from(candles.openTimesMs, (_time, index) => candles.candle(index).volume);
      expect(volumes.filter((volume) => (volume.split('.')[1] ?? '').length > 8 || volume === '0')).toEqual([]);
    }
  });

  it('have the bytes that SHA256SUMS lists', () => {
    const lines = readFileSync(join(RECORDINGS, 'SHA256SUMS'), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(60);
    for (const line of lines) {
      const [sum = '', file = ''] = line.split('  ');
      expect(
        `${createHash('sha256')
          .update(readFileSync(join(RECORDINGS, file)))
          .digest('hex')} ${file}`,
      ).toBe(`${sum} ${file}`);
    }
  });
});
