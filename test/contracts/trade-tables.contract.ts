import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decimal } from '#core/decimal.ts';
import type { TimeSeriesDb, TradeQuery } from '#core/ports/time-series-db.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { TradeGap } from '#core/trade-gap.ts';
import type { TradeMinute } from '#core/trade-minute.ts';

const MINUTE = 60_000;
const START = Date.UTC(2024, 7, 8);

/** What `TimeSeriesDb` promises about trade gaps and trade minutes, run by every provider. */
export function tradeTablesContract(name: string, make: () => Promise<TimeSeriesDb>): void {
  describe(`${name} keeps the promises of TimeSeriesDb about trades`, () => {
    let db: TimeSeriesDb;
    beforeAll(async () => {
      db = await make();
      await db.migrate();
    });
    afterAll(async () => {
      await db.close();
    });

    test('gaps come back by symbol and first id, and only those of the window, the exchange and the symbols', async () => {
      const rows = [gap('BBB/USD', 20n), gap('AAA/USD', 300n), gap('AAA/USD', 10n), gap('AAA/USD', 99n, { toMs: START - 1 })];
      await db.insertTradeGaps([...rows, gap('CCC/USD', 1n), { ...gap('AAA/USD', 7n), exchange: 'coinbase' }]);
      expect(await db.readTradeGaps(queryOf('AAA/USD', 'BBB/USD'))).toEqual([rows[2], rows[1], rows[0]]);
    });

    test('a gap that is repaired replaces the open one, also when the older row comes later', async () => {
      const open = gap('DDD/USD', 5n);
      const repaired = gap('DDD/USD', 5n, { state: 'repaired', repairedCount: 3, repairedBy: 'rest', updatedAtMs: START + 9000 });
      await db.insertTradeGaps([open]);
      await db.insertTradeGaps([repaired]);
      await db.insertTradeGaps([open]);
      expect(await db.readTradeGaps(queryOf('DDD/USD'))).toEqual([repaired]);
    });

    test('ids up to the largest that 64 bits hold come back exactly', async () => {
      const row = gap('EEE/USD', 2n ** 63n + 1n, { lastId: 2n ** 64n - 1n });
      await db.insertTradeGaps([row]);
      expect(await db.readTradeGaps(queryOf('EEE/USD'))).toEqual([row]);
    });

    test('minutes come back by symbol and time with their exact decimals, and only those that open in the window', async () => {
      const rows = [minute('HHH/USD', 1), minute('GGG/USD', 2, { volume: '0.000000000000000001' as Decimal }), minute('GGG/USD', 0)];
      await db.insertTradeMinutes([...rows, minute('GGG/USD', -1), minute('III/USD', 0)]);
      expect(await db.readTradeMinutes(queryOf('GGG/USD', 'HHH/USD'))).toEqual([rows[2], rows[1], rows[0]]);
    });

    test('a minute that is written again later replaces the earlier row', async () => {
      const later = minute('JJJ/USD', 0, { tradeCount: 4, isComplete: false, isSynthetic: true, updatedAtMs: START + 90_000 });
      await db.insertTradeMinutes([later]);
      await db.insertTradeMinutes([minute('JJJ/USD', 0)]);
      expect(await db.readTradeMinutes(queryOf('JJJ/USD'))).toEqual([later]);
    });

    test('of two beginnings of one market the later stays, and those of the window come back by symbol', async () => {
      const line = (symbol: string, afterId: bigint, beganAtMs: number) =>
        ({ exchange: 'kraken', symbol: symbolOf(symbol), afterId, beganAtMs }) as const;
      const [first, later, other] = [
        line('LLL/USD', 7n, START),
        line('LLL/USD', 2n ** 64n - 1n, START + MINUTE),
        line('MMM/USD', 1n, START),
      ];
      await db.insertTradeLines([later, other, line('NNN/USD', 1n, START - 1)]);
      await db.insertTradeLines([first]);
      expect(await db.readTradeLines(queryOf('LLL/USD', 'MMM/USD', 'NNN/USD'))).toEqual([later, other]);
    });

    test('writing nothing is fine', async () => {
      await db.insertTradeGaps([]);
      await db.insertTradeMinutes([]);
      expect(await db.readTradeMinutes(queryOf('KKK/USD'))).toEqual([]);
    });
  });
}

function queryOf(...symbols: string[]): TradeQuery {
  return { exchange: 'kraken', symbols: symbols.map(symbolOf), fromMs: START, untilMs: START + 10 * MINUTE };
}

function symbolOf(text: string): MarketSymbol {
  return parseMarketSymbol(text) as MarketSymbol;
}

function gap(symbol: string, firstId: bigint, given: Partial<TradeGap> = {}): TradeGap {
  return {
    exchange: 'kraken',
    symbol: symbolOf(symbol),
    firstId,
    lastId: firstId + 2n,
    fromMs: START,
    toMs: START + 1500,
    cause: 'stalled',
    state: 'open',
    repairedCount: 0,
    repairedBy: '',
    detectedAtMs: START + 2000,
    updatedAtMs: START + 2000,
    ...given,
  };
}

function minute(symbol: string, index: number, given: Partial<TradeMinute> = {}): TradeMinute {
  return {
    exchange: 'kraken',
    symbol: symbolOf(symbol),
    openTimeMs: START + index * MINUTE,
    firstId: 100n,
    lastId: 102n,
    tradeCount: 3,
    open: '10.5' as Decimal,
    high: '11' as Decimal,
    low: '10.25' as Decimal,
    close: '10.75' as Decimal,
    volume: '0.30000001' as Decimal,
    isComplete: true,
    isSynthetic: false,
    updatedAtMs: START + 62_000,
    ...given,
  };
}
