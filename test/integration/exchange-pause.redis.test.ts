import { expect, onTestFinished, test } from 'vitest';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { createRedisCache } from '#providers/redis/redis-cache.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { answeringServer, json } from '../providers/ccxt/answering-server.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { restParts } from '../providers/ccxt/rest-parts.ts';
import { startRedisServer } from '../providers/redis/redis-server.ts';
import { symbolOf } from '../usecases/fake-exchange.ts';

const BTC = symbolOf('BTC/USDT');
/** What the deployment grants. */
const RIGHTS = [
  '~indicators:*',
  '~latest_price:*',
  '~markets:*',
  '~pause:*',
  '-@all',
  '+@connection',
  '+@hash',
  '+@scripting',
  '+del',
  '+pexpire',
];

test('a ban and the last good list of markets are known to the next process over Redis, with the rights of the deployment', async () => {
  const redis = await startRedisServer();
  await redis.command('ACL', 'SETUSER', 'tidemark', 'on', '>of-the-services', ...RIGHTS);
  const server = await answeringServer(json({ symbols: [{ symbol: 'BTCUSDT', status: 'TRADING' }] }));
  const startMs = Date.now();
  const clock = handClock(startMs);
  const opened: { close(): Promise<void> }[] = [];
  onTestFinished(async () => {
    for (const one of opened) await one.close();
    await redis.stop();
  });
  const process = () => {
    const timer = createSystemTimer();
    const access = { url: redis.url, username: 'tidemark', password: 'of-the-services', deadlineMs: 2000 };
    const cache = createRedisCache({ ...access, timer, random: { next: () => 0.5 } });
    const parts = restParts(clock);
    const api = createCcxtRestApi({ ...parts, cache, exchange: 'binance', restUrl: server.url, deadlineMs: 5000 });
    opened.push(api, cache);
    return { api, lines: parts.lines };
  };

  const first = process();
  expect(await first.api.loadMarkets([BTC])).toEqual({ listed: [BTC], unavailable: [] });
  server.answer(json({}, 503));
  const second = process();
  expect(await second.api.loadMarkets([BTC])).toMatchObject({ listed: [BTC], loadedAtMs: startMs });
  server.answer(json({}, 418, { 'retry-after': '600' }));
  await expect(second.api.fetchCandles({ symbol: BTC, timeframe: '1m', fromMs: 0, limit: 5 })).rejects.toMatchObject({ code: 'BANNED' });

  const asked = server.requests.length;
  const third = process();
  await expect(third.api.loadMarkets([BTC])).rejects.toMatchObject({ code: 'BANNED', retryAfterMs: 600_000 });
  expect(server.requests).toHaveLength(asked);
  expect([...first.lines, ...third.lines]).toEqual([]);
});
