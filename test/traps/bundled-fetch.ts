// What a function does at its first event, as a program: bundled by a test, run alone in a folder.
import { createCcxtRestApi } from '#providers/ccxt/ccxt-rest-api.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import { restParts } from '../providers/ccxt/rest-parts.ts';

const nowMs = Number(process.argv[3]);
const parts = restParts({ nowMs: () => nowMs, sleepUntil: async () => {} });
const api = createCcxtRestApi({ ...parts, exchange: 'binance', restUrl: process.argv[2], deadlineMs: 5000 });
const symbol = 'BTC/USD' as MarketSymbol;
await api.loadMarkets([symbol]);
const { candles } = await api.fetchCandles({ symbol, timeframe: '1m', fromMs: nowMs - 60_000, limit: 2 });
process.stdout.write(JSON.stringify(candles));
await api.close();
