import { describe, expect, test } from 'vitest';
import { EXCHANGES, type Exchange } from '#core/exchange.ts';
import { createExchangeWebSocket } from '#factories/exchange-web-socket.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { marketSymbol, QUIET } from '../providers/websocket/feed-world.ts';
import { scriptedServer } from '../providers/websocket/scripted-server.ts';
import { seededRandom, START_MS } from '../providers/websocket/virtual-time.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { shippedConfig } from './shipped-config.ts';

const parts = () => ({ clock: handClock(START_MS), timer: createSystemTimer(), random: seededRandom(1), logger: QUIET });

/** Path and first message of the client that a configuration gives. */
async function firstWords(
  exchange: Exchange,
  environment: (url: string) => Record<string, string>,
  given?: 'given',
): Promise<readonly unknown[]> {
  const server = await scriptedServer();
  const feed = createExchangeWebSocket(shippedConfig(environment(server.url)), exchange, {
    ...parts(),
    wsUrl: given === undefined ? undefined : server.url,
  });
  const abort = new AbortController();
  const iterator = feed.events([marketSymbol('BTC/USD')], abort.signal)[Symbol.asyncIterator]();
  const first = iterator.next();
  const peer = await server.accepted();
  const text = await peer.next();
  abort.abort();
  await first;
  return [peer.request.url, JSON.parse(text)];
}

describe('the live trades', () => {
  test.each(EXCHANGES)('of %s are that exchange’s', (exchange) => {
    expect(createExchangeWebSocket(shippedConfig(), exchange, parts()).exchange).toBe(exchange);
  });

  test('come over our own client from the configured host', async () => {
    const words = await firstWords('kraken', (url) => ({ TIDEMARK_EXCHANGES__KRAKEN__WS_URL: url }));
    expect(words).toEqual(['/v2', { method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: false }, req_id: 1 }]);
  });

  test('come from the host that is given before the configured one', async () => {
    const words = await firstWords('kraken', () => ({ TIDEMARK_EXCHANGES__KRAKEN__WS_URL: 'ws://127.0.0.1:1' }), 'given');
    expect(words[0]).toBe('/v2');
  });

  test('come over ccxt where the configuration says so', async () => {
    const words = await firstWords('kraken', (url) => ({
      TIDEMARK_EXCHANGES__KRAKEN__WS_URL: url,
      TIDEMARK_EXCHANGES__KRAKEN__LIVE: 'ccxt',
    }));
    expect(words).toEqual(['/v2', { method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'] }, req_id: expect.anything() }]);
  });
});
