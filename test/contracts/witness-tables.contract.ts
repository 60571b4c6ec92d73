import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CandleAgreement } from '#core/candle-agreement.ts';
import type { CandleFinding } from '#core/candle-finding.ts';
import type { TimeSeriesDb, TradeQuery } from '#core/ports/time-series-db.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2024, 7, 8);

/** What `TimeSeriesDb` promises about agreements and findings, run by every provider. */
export function witnessTablesContract(name: string, make: () => Promise<TimeSeriesDb>): void {
  describe(`${name} keeps the promises of TimeSeriesDb about witnesses`, () => {
    let db: TimeSeriesDb;
    beforeAll(async () => {
      db = await make();
      await db.migrate();
    });
    afterAll(async () => {
      await db.close();
    });

    test('agreements come back by symbol and hour, and only those of the window, the exchange and the symbols', async () => {
      const rows = [agreement('BBB/USD', 0), agreement('AAA/USD', 1), agreement('AAA/USD', 0)];
      await db.insertAgreements([...rows, agreement('AAA/USD', -1), agreement('AAA/USD', 2), agreement('CCC/USD', 0)]);
      await db.insertAgreements([{ ...agreement('AAA/USD', 0), exchange: 'coinbase', agreed: 7, verified: 7 }]);
      expect(await db.readAgreements(queryOf('AAA/USD', 'BBB/USD'))).toEqual([rows[2], rows[1], rows[0]]);
    });

    test('of two looks at one hour the later stays, also when it is written first', async () => {
      const later = agreement('DDD/USD', 0, { verified: 12, updatedAtMs: START + 9 * HOUR });
      await db.insertAgreements([later]);
      await db.insertAgreements([agreement('DDD/USD', 0)]);
      expect(await db.readAgreements(queryOf('DDD/USD'))).toEqual([later]);
    });

    test('a finding is open until it is settled', async () => {
      const stream = finding('EEE/USD', 'stream');
      const archive = finding('EEE/USD', 'archive', { message: 'the archive has 2 of the 3 trades 7 to 9' });
      await db.insertCandleFindings([stream, archive]);
      expect(await db.readOpenFindings(queryOf('EEE/USD'))).toEqual([archive, stream]);
      await db.insertCandleFindings([{ ...stream, settledAtMs: START + 2 * HOUR, updatedAtMs: START + 2 * HOUR }]);
      expect(await db.readOpenFindings(queryOf('EEE/USD'))).toEqual([archive]);
    });

    test('findings come back by timeframe, symbol and time, and only about candles of the window', async () => {
      const rows = (['FFF/USD', 'GGG/USD'] as const).flatMap((symbol) => [
        finding(symbol, 'stream'),
        finding(symbol, 'stream', { openTimeMs: START + 60_000 }),
      ]);
      const longer = finding('FFF/USD', 'roll-up', {
        series: { exchange: 'kraken', symbol: symbolOf('FFF/USD'), timeframe: '5m' },
      });
      const outside = finding('FFF/USD', 'stream', { openTimeMs: START + 2 * HOUR });
      await db.insertCandleFindings([longer, ...rows.toReversed(), outside]);
      expect(await db.readOpenFindings(queryOf('FFF/USD', 'GGG/USD'))).toEqual([...rows, longer]);
    });
  });
}

function queryOf(...symbols: string[]): TradeQuery {
  return { exchange: 'kraken', symbols: symbols.map(symbolOf), fromMs: START, untilMs: START + 2 * HOUR };
}

function symbolOf(text: string): MarketSymbol {
  return parseMarketSymbol(text) as MarketSymbol;
}

function agreement(symbol: string, hour: number, given: Partial<CandleAgreement> = {}): CandleAgreement {
  const counts = { candles: 60, witnessed: 58, agreed: 57, verified: 56 };
  return { exchange: 'kraken', symbol: symbolOf(symbol), hourMs: START + hour * HOUR, ...counts, updatedAtMs: START + 3 * HOUR, ...given };
}

function finding(symbol: string, witness: CandleFinding['witness'], given: Partial<CandleFinding> = {}): CandleFinding {
  return {
    series: { exchange: 'kraken', symbol: symbolOf(symbol), timeframe: '1m' },
    openTimeMs: START,
    witness,
    message: 'close 10, its 3 trades say 11',
    foundAtMs: START + HOUR,
    settledAtMs: null,
    updatedAtMs: START + HOUR,
    ...given,
  };
}
