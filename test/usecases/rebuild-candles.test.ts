import { describe, expect, test } from 'vitest';
import type { Timeframe } from '#core/timeframe.ts';
import type { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { compressZstd } from '#std/zstd.ts';
import { readArchive, type ArchiveProblem } from '#usecases/read-archive.ts';
import { rebuildCandles } from '#usecases/rebuild-candles.ts';
import type { CheckedTrade } from '#core/trade.ts';
import { BINANCE, KRAKEN, recordedCandles, recordedTrades, type RecordedMarket } from '../domain/trades/recorded-trades.ts';
import { archivedMarkets } from './archived-markets.ts';

const HOUR = 3_600_000;

const windowOf = (market: RecordedMarket) => {
  const fromMs = Math.floor((recordedTrades(market)[0]?.trade.eventTimeMs ?? 0) / HOUR) * HOUR;
  return { ...market, fromMs, untilMs: fromMs + 6 * HOUR };
};

async function readAll(storage: ReturnType<typeof createMemoryStorage>, query: Parameters<typeof readArchive>[1]) {
  const trades: CheckedTrade[] = [];
  const problems: ArchiveProblem[] = [];
  let duplicates = 0;
  for await (const hour of readArchive({ storage }, query, (problem) => void problems.push(problem))) {
    trades.push(...hour.trades);
    duplicates += hour.duplicates;
  }
  return { trades, problems, duplicates };
}

describe('candles from the archive', () => {
  test.each<[string, RecordedMarket, Timeframe]>([
    ['Kraken', KRAKEN, '1m'],
    ['Kraken', KRAKEN, '5m'],
    ['Kraken', KRAKEN, '1h'],
    ['Binance', BINANCE, '1m'],
  ])('of %s are the recorded ones: %o in %s', async (_name, market, timeframe) => {
    const { storage } = await archivedMarkets(KRAKEN, BINANCE);
    const { candles, trades, duplicates, problems } = await rebuildCandles({ storage }, { ...windowOf(market), timeframe });
    expect(candles.map(({ quoteVolume: _quote, tradeCount: _count, ...others }) => others)).toEqual(recordedCandles(market, timeframe));
    const recorded = recordedTrades(market).length;
    expect({ trades, duplicates, problems }).toEqual({ trades: recorded, duplicates: recorded, problems: [] });
  });

  test('are none for a market or an exchange without trades', async () => {
    const { storage } = await archivedMarkets(KRAKEN);
    for (const market of [
      { ...windowOf(KRAKEN), symbol: BINANCE.symbol },
      { ...windowOf(KRAKEN), exchange: 'coinbase' as const },
    ])
      expect(await rebuildCandles({ storage }, { ...market, timeframe: '1m' })).toEqual({
        candles: [],
        trades: 0,
        duplicates: 0,
        problems: [],
      });
  });
});

describe('the reader of the archive', () => {
  test('gives every trade once, in order per symbol, though each was delivered twice', async () => {
    const { storage, trades } = await archivedMarkets(KRAKEN);
    const read = await readAll(storage, { ...windowOf(KRAKEN), symbols: [KRAKEN.symbol] });
    expect(read).toEqual({ trades, problems: [], duplicates: trades.length });
  });

  test('keeps to the window, to the millisecond', async () => {
    const { storage, trades } = await archivedMarkets(KRAKEN);
    const [from, until] = [trades[100]?.trade.eventTimeMs ?? 0, trades[900]?.trade.eventTimeMs ?? 0];
    const read = await readAll(storage, { ...KRAKEN, symbols: [KRAKEN.symbol], fromMs: from, untilMs: until });
    expect(read.trades).toEqual(trades.filter(({ trade }) => trade.eventTimeMs >= from && trade.eventTimeMs < until));
  });

  test('tells what it cannot read, and reads everything else', async () => {
    const { storage, trades } = await archivedMarkets(KRAKEN);
    const { fromMs } = windowOf(KRAKEN);
    const folder = 'trades/exchange=kraken/date=2023-11-17/hour=00';
    await storage.putObject(`${folder}/0-1-2.ndjson.zst`, Buffer.from('not zstd'));
    await storage.putObject(`${folder}/0-3-4.ndjson.zst`, compressZstd('broken\n', 1));
    await storage.putObject(`${folder}/readme.txt`, Buffer.from('hello'));
    const foreign =
      (await storage.getObject((await firstKey(storage, 'trades/exchange=kraken/date=2023-11-17/hour=01/')) ?? '')) ?? new Uint8Array();
    await storage.putObject(`${folder}/0-5-6.ndjson.zst`, foreign);
    const read = await readAll(storage, { ...KRAKEN, symbols: [KRAKEN.symbol], fromMs, untilMs: fromMs + HOUR });
    expect(read.trades).toEqual(trades.filter(({ trade }) => trade.eventTimeMs < fromMs + HOUR));
    expect(read.problems.slice(0, 3)).toEqual([
      { key: `${folder}/readme.txt`, reason: 'the key is not one of the archive' },
      { key: `${folder}/0-1-2.ndjson.zst`, reason: 'the bytes are not zstd' },
      { key: `${folder}/0-3-4.ndjson.zst`, reason: 'line 1: the line is not a JSON object' },
    ]);
    expect(read.problems[3]?.reason).toMatch(/^trade kraken BTC\/USDT "\d+" does not belong there$/);
  });
});

async function firstKey(storage: ReturnType<typeof createMemoryStorage>, prefix: string): Promise<string | undefined> {
  for await (const key of storage.listObjects(prefix)) return key;
  return undefined;
}
