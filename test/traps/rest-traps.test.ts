import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { moduleBuild } from '#infra/bundling.ts';
import type { SyncReport } from '#usecases/sync-candles.ts';
import { createHttpFetch } from '#providers/ccxt/http-fetch.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { shippedConfig } from '../factories/shipped-config.ts';
import { answeringServer, body, json, type Answer } from '../providers/ccxt/answering-server.ts';
import { candleBody, edgeWorld, listingBody, marketId, MINUTE, rows, serving, TICK, VENUES, type Venue } from './edge-world.ts';

// The numbers are those of the project's list of traps: what naive programs fall into at these three exchanges.

const HTML = body('<html><title>Just a moment...</title></html>', { headers: { 'content-type': 'text/html' } });

function failureOf({ failure, series }: SyncReport): string | undefined {
  return (failure ?? series.find((one) => one.failure !== null)?.failure)?.code;
}

/** Answers by the asked market. */
function byMarket(answers: Readonly<Record<string, Answer>>, otherwise: Answer): Answer {
  return (response, request) => {
    const found = Object.entries(answers).find(([id]) => request.url?.includes(id) === true);
    (found?.[1] ?? otherwise)(response, request);
  };
}

describe.each(VENUES)('%s', (venue) => {
  test('T01: a page with status 200 is a typed error, stores nothing, and is reported', async () => {
    const world = await edgeWorld(venue, HTML);
    const report = await world.tick();
    expect([failureOf(report), report.stored, await world.stored()]).toEqual(['BAD_PAYLOAD', 0, []]);
    world.answer(serving(venue, rows(-10, 1)));
    expect(await world.tick(1)).toMatchObject({ failure: null });
    expect(await world.storedMinutes()).toContain(-1);
  });

  test('T02: a body that stalls ends at the deadline, and the other symbols are stored', async () => {
    const stall: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[');
    };
    const id = marketId(venue, 'ETH/USD');
    const world = await edgeWorld(venue, byMarket({ [id]: stall }, serving(venue, rows(-10, 1))), {
      symbols: ['BTC/USD', 'ETH/USD'],
      deadlineMs: 300,
    });
    const startedMs = performance.now();
    const report = await world.tick();
    expect([failureOf(report), report.stored]).toEqual(['TIMEOUT', 10]);
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(await world.storedMinutes('BTC/USD')).toHaveLength(10);
  });

  test('T03: a body that is cut is an error of ours that may be tried again', async () => {
    let cuts = 0;
    const good = serving(venue, rows(-10, 1));
    const world = await edgeWorld(venue, (response, request) => {
      if (cuts++ > 0) return good(response, request);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('[[167', () => response.destroy());
      return undefined;
    });
    expect(await world.tick()).toMatchObject({ failure: null, stored: 10 });
    expect(world.asked).toHaveLength(2);
  });

  test('T04: a list of markets that fails at the start is asked for again at the next tick', async () => {
    const world = await edgeWorld(venue, serving(venue, rows(-10, 2)));
    world.list(json({}, 503));
    expect(await world.tick()).toMatchObject({ failure: { code: 'UNREACHABLE' }, stored: 0 });
    world.list(body('', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }));
    // Redirects are not followed either.
    expect(failureOf(await world.tick())).toBe('REFUSED');
    world.list(json(listingBody(venue, ['BTC/USD'])));
    expect(await world.tick(1)).toMatchObject({ failure: null, stored: 10 });
  });

  test('T06: a blocked region is asked once, says the cure, and is not asked again for six hours', async () => {
    const world = await edgeWorld(venue, json({ code: 0, msg: 'restricted location' }, 451), { symbols: ['BTC/USD', 'ETH/USD'] });
    world.list(json({ code: 0, msg: 'restricted location' }, 451));
    const report = await world.tick();
    expect(report.failure?.code).toBe('GEO_BLOCKED');
    const cure = venue === 'binance' ? 'https://data-api.binance.vision' : 'run in another region';
    expect(report.failure?.message).toContain(cure);
    expect(world.server.requests).toHaveLength(1);
    for (const minute of [1, 60, 359]) expect((await world.tick(minute)).failure?.message).toContain(cure);
    expect(world.server.requests).toHaveLength(1);
    await world.tick(361);
    expect(world.server.requests).toHaveLength(2);
  });

  test('T07: after a 429 with Retry-After nothing is asked for so long, for no symbol, nor by the next invocation', async () => {
    const symbols = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'ADA/USD', 'DOT/USD', 'LTC/USD', 'XLM/USD', 'TRX/USD'];
    const world = await edgeWorld(venue, json({}, 429, { 'retry-after': '17' }), { symbols });
    expect(failureOf(await world.tick())).toBe('RATE_LIMITED');
    const asked = world.asked.length;
    // Those that were under way when the first answer came.
    expect(asked).toBeLessThanOrEqual(4);
    const pausedAtMs = world.clock.nowMs();
    world.restart();
    world.clock.moveTo(pausedAtMs + 16_999);
    expect(await world.tick()).toMatchObject({ failure: { code: 'RATE_LIMITED' }, series: [] });
    expect(world.asked).toHaveLength(asked);
    world.clock.moveTo(pausedAtMs + 17_000);
    world.answer(
      byMarket(Object.fromEntries(symbols.map((symbol) => [marketId(venue, symbol), json(candleBody(venue, symbol, rows(-10, 1)))])), HTML),
    );
    expect(await world.tick()).toMatchObject({ failure: null, stored: 80 });
  });

  test('T08: a ban is kept until its end, without a single request', async () => {
    const world = await edgeWorld(venue, json({}, 418, { 'retry-after': '600' }));
    expect(failureOf(await world.tick())).toBe('BANNED');
    const asked = world.server.requests.length;
    world.answer(serving(venue, rows(-10, 12)));
    for (let minute = 1; minute < 10; minute++) {
      world.restart();
      expect((await world.tick(minute)).failure?.code).toBe('BANNED');
    }
    expect(world.server.requests).toHaveLength(asked);
    expect(await world.tick(11)).toMatchObject({ failure: null, stored: 10 });
  });

  test('T13: silent minutes are stored as the exchange has them: not at all, or flat; never made up', async () => {
    const list =
      venue === 'coinbase'
        ? [{ minute: -5 }, { minute: -1 }]
        : rows(-5, 0).map((row) => ([-5, -1].includes(row.minute) ? row : { ...row, volume: '0' }));
    const world = await edgeWorld(venue, serving(venue, list));
    const report = await world.tick();
    expect(await world.storedMinutes()).toEqual(list.map(({ minute }) => minute));
    expect(report.missing).toBe(venue === 'coinbase' ? 3 : 0);
  });

  test('T14: an open candle is stored only once it is final', async () => {
    const world = await edgeWorld(venue, serving(venue, [...rows(-3, 0), { minute: 0, close: '3' }]));
    await world.tick();
    expect(await world.storedMinutes()).toEqual([-3, -2, -1]);
    world.answer(serving(venue, [...rows(-3, 0), { minute: 0, close: '4' }, { minute: 1 }]));
    await world.tick(1);
    expect((await world.stored()).at(-1)).toMatchObject({ openTimeMs: TICK, close: '4' });
  });

  test('T16: an exchange whose clock is three seconds behind closes no candle too early', async () => {
    const list = rows(-3, 1);
    const world = await edgeWorld(venue, (response, request) => {
      response.setHeader('date', new Date(world.clock.nowMs() - 3000).toUTCString());
      serving(venue, list)(response, request);
    });
    await world.tick();
    expect(await world.storedMinutes()).toEqual([-3, -2]);
    await world.tick(1);
    expect(await world.storedMinutes()).toEqual([-3, -2, -1]);
  });

  test('T17: a candle that the exchange has not rolled yet is no error, and comes with the next tick', async () => {
    const world = await edgeWorld(venue, serving(venue, rows(-3, -1)));
    expect(await world.tick()).toMatchObject({ failure: null, stored: 2 });
    world.answer(serving(venue, rows(-3, 1)));
    await world.tick(1);
    expect(await world.storedMinutes()).toEqual([-3, -2, -1, 0]);
  });

  test('T18: a row beside the grid is flagged with its figures and stored as nothing else; its minute is missing', async () => {
    const world = await edgeWorld(venue, serving(venue, [...rows(-3, -1), { minute: -1, shiftMs: -32_000 }]));
    const report = await world.tick();
    expect(report.series[0]?.refused).toMatchObject([{ reason: 'open time is not on the grid of the timeframe' }]);
    expect(await world.storedMinutes()).toEqual([-3, -2]);
    expect(report.series[0]?.missing).toEqual([{ firstMs: TICK - MINUTE, lastMs: TICK - MINUTE, candles: 1 }]);
  });

  test('T19: a hole after an outage is an explicit gap, and is closed when the exchange has its candles', async () => {
    const world = await edgeWorld(venue, serving(venue, [...rows(-10, -7), ...rows(-3, 1)]));
    const report = await world.tick();
    expect(report.series[0]?.missing).toEqual([{ firstMs: TICK - 7 * MINUTE, lastMs: TICK - 4 * MINUTE, candles: 4 }]);
    expect(await world.storedMinutes()).toEqual([-10, -9, -8, -3, -2, -1]);
    world.answer(serving(venue, rows(-10, 2)));
    expect(await world.tick(1)).toMatchObject({ missing: 0 });
    expect(await world.storedMinutes()).toHaveLength(11);
  });

  test('T21: prices and volumes keep every digit', async () => {
    const figures = { close: '1.00000100', volume: '123456789012.12' };
    const world = await edgeWorld(venue, serving(venue, [{ minute: -1, ...figures }]));
    await world.tick();
    expect(await world.stored()).toMatchObject([{ close: '1.000001', volume: '123456789012.12' }]);
  });

  test('T22: the volume is that of the base asset', async () => {
    const world = await edgeWorld(venue, serving(venue, [{ minute: -1, volume: '7.5' }]));
    await world.tick();
    // Quote volume where there is one, the price weighted by volume: neither is taken for it.
    expect(await world.stored()).toMatchObject([{ volume: '7.5', quoteVolume: venue === 'binance' ? '10' : null }]);
  });

  test('T24: a tick that comes twice at once stores each candle once', async () => {
    const world = await edgeWorld(venue, serving(venue, rows(-10, 1)));
    await Promise.all([world.tick(), world.tick()]);
    await world.tick();
    expect(await world.storedMinutes()).toEqual([-10, -9, -8, -7, -6, -5, -4, -3, -2, -1]);
  });

  test('T25: one delisted symbol of twenty is reported and left out, nineteen are stored', async () => {
    const symbols = Array.from({ length: 20 }, (_, index) => `C${String.fromCodePoint(65 + index)}X/USD`);
    const good = Object.fromEntries(symbols.map((symbol) => [marketId(venue, symbol), json(candleBody(venue, symbol, rows(-10, 3)))]));
    const gone = marketId(venue, symbols[7] ?? '');
    const world = await edgeWorld(venue, byMarket({ ...good, [gone]: UNKNOWN[venue] }, HTML), { symbols });
    const first = await world.tick();
    expect([first.stored, first.series.filter(({ failure }) => failure?.code === 'BAD_SYMBOL').length]).toEqual([190, 1]);
    const second = await world.tick(1);
    expect(second.unavailable.map(({ symbol }) => symbol)).toEqual([symbols[7]]);
    expect(world.asked.filter((url) => url.includes(gone))).toHaveLength(1);
  });

  test('T49: times in microseconds or seconds are refused, as a page', async () => {
    for (const factor of [1000, 1 / 1000, 1_000_000]) {
      const text = JSON.stringify(candleBody(venue, 'BTC/USD', rows(-10, 1)));
      const scaled = text.replaceAll(/(?<=[[":])(16785\d{5}(?:000)?)(?=[",])/g, (time) => String(Math.round(Number(time) * factor)));
      expect(scaled).not.toBe(text);
      const world = await edgeWorld(venue, body(scaled, { headers: { 'content-type': 'application/json' } }));
      expect([failureOf(await world.tick()), await world.stored()]).toEqual(['BAD_PAYLOAD', []]);
    }
  });
});

const UNKNOWN: Readonly<Record<Venue, Answer>> = {
  binance: json({ code: -1121, msg: 'Invalid symbol.' }, 400),
  coinbase: json({ error: 'NOT_FOUND', error_details: 'valid product_id is required', message: 'valid product_id is required' }, 404),
  kraken: json({ error: ['EQuery:Unknown asset pair'] }),
};

describe('binance', () => {
  test('T05: blocked futures do no harm: only spot is asked', async () => {
    const world = await edgeWorld('binance', serving('binance', rows(-10, 1)));
    expect(await world.tick()).toMatchObject({ stored: 10 });
    expect(world.server.requests.map((url) => url.split('?')[0])).toEqual(['/api/v3/exchangeInfo', '/api/v3/klines']);
  });

  test('leaves the rest of an allowance to others once three quarters of it are used, until the next minute', async () => {
    const used = (weight: string): Answer => json(candleBody('binance', 'BTC/USD', rows(-10, 3)), 200, { 'x-mbx-used-weight-1m': weight });
    const world = await edgeWorld('binance', used('4499'));
    await world.tick();
    world.answer(used('4500'));
    expect(await world.tick()).toMatchObject({ failure: null });
    const asked = world.server.requests.length;
    const held = await world.tick();
    expect(held.failure?.message).toContain('4500 of the 6000 that binance allows this address in a minute are used');
    expect(world.server.requests).toHaveLength(asked);
    expect(await world.tick(1)).toMatchObject({ failure: null, stored: 1 });
  });
});

describe('kraken', () => {
  test.each([
    ['EAPI:Rate limit exceeded', 1],
    ['EGeneral:Too many requests', 1],
    ['EService: Throttled: 1678536000', 1],
    ['EService:Unavailable', 3],
  ])('T09: %s inside status 200 is what it says, after %i requests', async (text, requests) => {
    const world = await edgeWorld('kraken', json({ error: [text] }));
    expect(failureOf(await world.tick())).toBe(requests === 1 ? 'RATE_LIMITED' : 'UNREACHABLE');
    expect(world.asked).toHaveLength(requests);
    world.answer(serving('kraken', rows(-10, 2)));
    expect(await world.tick(1)).toMatchObject({ failure: null, stored: 10 });
  });

  test('T10: the other name of the pair is accepted, two other names are not', async () => {
    const answer = (names: readonly string[]): Answer => {
      const { result } = candleBody('kraken', 'BTC/USD', rows(-10, 1)) as { result: Record<string, unknown> };
      return json({ error: [], result: { ...Object.fromEntries(names.map((name) => [name, result['BTCUSD']])), last: 1 } });
    };
    const world = await edgeWorld('kraken', answer(['XBTUSD']));
    expect(await world.tick()).toMatchObject({ stored: 10 });
    const other = await edgeWorld('kraken', answer(['XBTUSD', 'XETHZUSD']));
    expect(failureOf(await other.tick())).toBe('BAD_PAYLOAD');
  });

  test('T11: what lies before its 720 candles is never taken from newer ones', async () => {
    const world = await edgeWorld('kraken', serving('kraken', rows(-719, 1)));
    await world.tick();
    const api = world.api();
    expect(api.historyCandles).toBe(720);
    const page = await api.fetchCandles({ symbol: 'BTC/USD' as never, timeframe: '1m', fromMs: TICK - 2000 * MINUTE, limit: 720 });
    expect(page.candles[0]?.openTimeMs).toBe(TICK - 719 * MINUTE);
    // Nor does a tick after a long outage page for ever: it takes what there is, and names the rest.
    world.asked.splice(0);
    world.answer(serving('kraken', rows(2000 - 720, 2001)));
    const report = await world.tick(2000);
    expect(world.asked.length).toBeLessThanOrEqual(2);
    expect(report.series[0]?.missing[0]).toMatchObject({ firstMs: TICK, candles: 2000 - 720 });
  });

  test('T12: is asked only for what is new: six rows, not 720', async () => {
    const world = await edgeWorld('kraken', (response, request) => {
      const since = Number(new URL(request.url ?? '', 'http://x').searchParams.get('since') ?? 0) * 1000;
      serving(
        'kraken',
        rows(-719, 2).filter(({ minute }) => TICK + minute * MINUTE > since),
      )(response, request);
    });
    await world.tick();
    expect((await world.tick(1)).fetched).toBeLessThanOrEqual(6);
    expect(world.asked.every((url) => url.includes('since='))).toBe(true);
  });

  test('T23: sixty symbols in three timeframes take less than ten seconds, and no pair is asked twice in a second', async () => {
    const symbols = Array.from(
      { length: 60 },
      (_, index) => `C${String.fromCodePoint(65 + (index % 26), 65 + Math.floor(index / 26))}/USD`,
    );
    const starts = new Map<string, number[]>();
    const world = await edgeWorld(
      'kraken',
      (response, request) => {
        const pair = new URL(request.url ?? '', 'http://x').searchParams.get('pair') ?? '';
        starts.set(pair, [...(starts.get(pair) ?? []), world.clock.nowMs()]);
        json({ error: [], result: { [pair]: [], last: 1 } })(response, request);
      },
      // One at a time, so that the server's stamps are those of the starts.
      { symbols, concurrency: 1 },
    );
    await world.tick(0, ['1m', '5m', '1h']);
    expect(starts.size).toBe(60);
    for (const times of starts.values()) {
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect([times.length, Math.min(...gaps) >= 1000]).toEqual([3, true]);
    }
    expect(world.clock.nowMs() - TICK - 3000).toBeLessThan(10_000);
  });
});

describe('the configuration', () => {
  test.each(['3m', '4h'])('T20: refuses the timeframe %s at the start', (timeframe) => {
    expect(() => shippedConfig({ TIDEMARK_SYNC__TIMEFRAMES: `[${timeframe}]` })).toThrow(ConfigError);
  });

  test.each(['sandbox', 'sandbox_mode', 'testnet'])('T26: has no %s that would empty the addresses of an exchange', (key) => {
    expect(() => shippedConfig({ [`TIDEMARK_EXCHANGES__KRAKEN__${key.toUpperCase()}`]: 'true' })).toThrow(/unknown key/);
  });
});

test('T27: a proxy of the environment is used, but never for this machine', async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"by":"proxy"}');
  });
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url ?? ''}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const direct = await answeringServer(json({ by: 'exchange' }));
  const http = createHttpFetch({
    exchange: 'binance',
    timer: createSystemTimer(),
    deadlineMs: 5000,
    userAgent: 'x',
    onServerTime: () => {},
    nowMs: () => TICK,
    proxies: { HTTP_PROXY: url, HTTPS_PROXY: url },
  });
  onTestFinished(http.close);
  expect(await (await http.fetch('http://exchange.invalid/api', { method: 'GET' })).json()).toEqual({ by: 'proxy' });
  await expect(http.fetch('https://exchange.invalid/api', { method: 'GET' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(await (await http.fetch(direct.url, { method: 'GET' })).json()).toEqual({ by: 'exchange' });
  expect(seen).toEqual(['http://exchange.invalid/api', 'CONNECT exchange.invalid:443']);
});

test('T28: bundled as a function is and alone in a folder, the client fetches a candle', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundled-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'fetch.mjs');
  await build(moduleBuild('test/traps/bundled-fetch.ts', file));
  const world = await edgeWorld('binance', serving('binance', rows(-1, 1)));
  const { stdout } = await promisify(execFile)(process.execPath, [file, world.server.url, String(TICK + 3000)], {
    cwd: folder,
    timeout: 15_000,
  });
  expect(JSON.parse(stdout)).toMatchObject([{ openTimeMs: TICK, close: '2' }]);
});

test('a ban at one exchange does not touch another', async () => {
  const [banned, free] = [await edgeWorld('kraken', json({}, 418)), await edgeWorld('coinbase', serving('coinbase', rows(-10, 1)))];
  await banned.tick();
  expect((await free.tick()).stored).toBe(10);
});
