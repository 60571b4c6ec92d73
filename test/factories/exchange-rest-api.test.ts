import { describe, expect, onTestFinished, test } from 'vitest';
import { EXCHANGES } from '#core/exchange.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { createExchangeRestApi } from '#factories/exchange-rest-api.ts';
import { answeringServer, json } from '../providers/ccxt/answering-server.ts';
import { handClock } from '../providers/ccxt/hand-clock.ts';
import { restParts } from '../providers/ccxt/rest-parts.ts';
import { shippedConfig } from './shipped-config.ts';

const BTC = parseMarketSymbol('BTC/USDT') as MarketSymbol;
const parts = () => restParts(handClock(0));

describe('the REST access', () => {
  test.each(EXCHANGES)('of %s is that exchange’s', async (exchange) => {
    const api = createExchangeRestApi(shippedConfig(), exchange, parts());
    onTestFinished(() => api.close());
    expect([api.exchange, api.timeframes]).toEqual([exchange, ['1m', '5m', '1h']]);
  });

  test('goes to the configured host, or before that to the one it is given', async () => {
    const [configured, given] = [await answeringServer(json({ symbols: [] })), await answeringServer(json({ symbols: [] }))];
    const config = shippedConfig({ TIDEMARK_EXCHANGES__BINANCE__REST_URL: configured.url });
    for (const restUrl of [undefined, given.url]) {
      const api = createExchangeRestApi(config, 'binance', { ...parts(), restUrl });
      onTestFinished(() => api.close());
      await api.loadMarkets([BTC]);
    }
    expect([configured.requests.length, given.requests.length]).toEqual([1, 1]);
  });

  test('waits for an answer as long as sync.yaml says', async () => {
    const { url } = await answeringServer(() => {});
    const api = createExchangeRestApi(shippedConfig({ TIDEMARK_SYNC__REQUEST_DEADLINE_MS: '100' }), 'binance', {
      ...parts(),
      restUrl: url,
    });
    onTestFinished(() => api.close());
    await expect(api.loadMarkets([BTC])).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'binance (/api/v3/exchangeInfo) gave no answer within 100 ms',
    });
  });
});
