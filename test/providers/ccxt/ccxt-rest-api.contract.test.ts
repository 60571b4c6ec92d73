import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import type { Exchange } from '#core/exchange.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import { startRecordedExchange } from '#recorded-exchange/recorded-exchange.ts';
import { exchangeRestApiContract } from '../../contracts/exchange-rest-api.contract.ts';
import { RECORDINGS } from '../../recorded-exchange/replay.ts';
import { handClock } from './hand-clock.ts';
import { restParts } from './rest-parts.ts';

const VENUES: readonly (readonly [Exchange, string, string, string])[] = [
  ['binance', 'other/btc-eth-2025-06', 'BTC/USDT', '2025-06-11T12:00:30Z'],
  ['binanceus', '', 'BTC/USDT', '2023-03-11T12:00:30Z'],
  ['coinbase', '', 'BTC/USD', '2023-03-11T12:00:30Z'],
  ['kraken', '', 'BTC/USD', '2023-03-11T12:00:30Z'],
];

for (const [exchange, folder, symbol, now] of VENUES) {
  exchangeRestApiContract(`ccxt at the recorded ${exchange}`, async () => {
    const nowMs = Date.parse(now);
    const clock = handClock(nowMs);
    const recorded = await startRecordedExchange({ recording: loadRecordingManifest(join(RECORDINGS, folder)), clock });
    onTestFinished(() => recorded.close());
    const api = createCcxtRestApi({ ...restParts(clock), exchange, restUrl: recorded.urls[exchange], deadlineMs: 5000 });
    onTestFinished(() => api.close());
    return { api, symbol: parseMarketSymbol(symbol) as MarketSymbol, nowMs, goDown: () => recorded.close() };
  });
}
