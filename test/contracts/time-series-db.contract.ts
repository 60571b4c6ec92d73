import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import type { IndicatorValues, TimeSeriesDb } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import {
  candle,
  CLOSED,
  DAY,
  MINUTE,
  queryOf,
  seriesOf,
  START,
  theHigherVersionWins,
  writingAgainDoublesNothing,
} from './candle-versions.ts';

/** The promises of `TimeSeriesDb`, run by every provider. `make` is called once; each test uses symbols of its own. */
export function timeSeriesDbContract(name: string, make: () => Promise<TimeSeriesDb>): void {
  describe(`${name} keeps the promises of TimeSeriesDb`, () => {
    let db: TimeSeriesDb;
    beforeAll(async () => {
      db = await make();
      await db.migrate();
    });
    afterAll(async () => {
      await db.close();
    });

    test('a repeated migration changes nothing', async () => {
      expect(await db.migrate()).toEqual([]);
    });

    test('what is written comes back, oldest first, and only in the asked range', async () => {
      const series = seriesOf('AAA/USD');
      const candles = [2, 0, 1, 3].map((minute) => candle(minute, { close: String(10 + minute / 4) }));
      await db.insertCandles([{ series, candles }]);
      const [found] = await db.readCandles(queryOf(series, { fromMs: START + MINUTE, untilMs: START + 3 * MINUTE }));
      expect(found).toEqual({ series, candles: [candles[2], candles[0]] });
    });

    test('nothing is returned for an unknown series', async () => {
      expect(await db.readCandles(queryOf(seriesOf('NONE/USD')))).toEqual([]);
    });

    test('several series and timeframes go in with one call and stay apart', async () => {
      const minute = seriesOf('BBB/USD');
      const hour: Series = { ...minute, timeframe: '1h' };
      const other = seriesOf('CCC/USD');
      await db.insertCandles([
        { series: minute, candles: [candle(0)] },
        { series: hour, candles: [candle(0, { volume: '7' })] },
        { series: other, candles: [candle(0, { volume: '8' })] },
      ]);
      const found = await db.readCandles({ ...queryOf(minute), symbols: [minute.symbol, other.symbol] });
      expect(found.map(({ series, candles }) => [series.symbol, candles[0]?.volume])).toEqual([
        ['BBB/USD', '1'],
        ['CCC/USD', '8'],
      ]);
      expect((await db.readCandles(queryOf(hour)))[0]?.candles[0]?.volume).toBe('7');
    });

    test('several timeframes come back with one call, each from its own window', async () => {
      const minute = seriesOf('MMM/USD');
      const hour: Series = { ...minute, timeframe: '1h' };
      await db.insertCandles([
        { series: minute, candles: [candle(0), candle(1)] },
        { series: hour, candles: [candle(0), candle(60)] },
      ]);
      const windows = { '1m': { fromMs: START + MINUTE, untilMs: START + 2 * MINUTE }, '1h': DAY };
      const found = await db.readCandles({ exchange: 'kraken', symbols: [minute.symbol], windows });
      expect(found.map(({ series, candles }) => [series.timeframe, candles.length])).toEqual([
        ['1h', 2],
        ['1m', 1],
      ]);
    });

    test('the first and the newest open time of each series are known', async () => {
      const series: Series = { ...seriesOf('NNN/USD'), exchange: 'coinbase' };
      expect(await db.storedExtents('coinbase')).toEqual([]);
      await db.insertCandles([{ series, candles: [candle(3), candle(1)] }]);
      expect(await db.storedExtents('coinbase')).toEqual([{ series, firstMs: START + MINUTE, newestMs: START + 3 * MINUTE }]);
    });

    test('writing the same again doubles nothing', async () => {
      await writingAgainDoublesNothing(db, seriesOf('DDD/USD'));
    });

    test('the higher version wins as a whole, in whatever order the versions arrive', async () => {
      await theHigherVersionWins(db, seriesOf('EEE/USD'));
    });

    test('the absence of trade count and quote volume is kept', async () => {
      const series = seriesOf('FFF/USD');
      const bare = candle(0, { quoteVolume: null, tradeCount: null });
      await db.insertCandles([{ series, candles: [bare, candle(1, { tradeCount: 0 })] }]);
      expect((await db.readCandles(queryOf(series)))[0]?.candles.map(({ tradeCount }) => tradeCount)).toEqual([null, 0]);
    });

    test('every decimal up to 20 integer and 18 fraction digits comes back as the same number', async () => {
      let round = 0;
      const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`));
      const decimals = fc
        .tuple(digits(1, 20), digits(0, 18))
        .map(([integer, fraction]) => parseDecimal(fraction === '' ? integer : `${integer}.${fraction}`) as Decimal)
        .filter((value) => value !== '0');
      await fc.assert(
        fc.asyncProperty(fc.array(decimals, { minLength: 20, maxLength: 40 }), async (values) => {
          const series = seriesOf(`PROP${round++}/USD`);
          const candles = values.map((value, minute) =>
            candle(minute, { open: value, high: value, low: value, close: value, volume: value, quoteVolume: value }),
          );
          await db.insertCandles([{ series, candles }]);
          expect((await db.readCandles(queryOf(series)))[0]?.candles).toEqual(candles);
        }),
        { numRuns: 25, seed: 7 },
      );
    });

    test('indicator inputs are columns per series with the winning versions, and none for timeframes not asked for', async () => {
      const series = seriesOf('GGG/USD');
      await db.insertCandles([
        { series, candles: [candle(1, { close: '11' }), candle(0, { close: '10' })] },
        { series: { ...series, timeframe: '1h' }, candles: [candle(0)] },
      ]);
      await db.insertCandles([{ series, candles: [candle(0, { close: '10.25', version: CLOSED + 9n })] }]);
      const input = await inputOf(series, START);
      expect(
        input && {
          ...input,
          openTimesMs: [...input.openTimesMs],
          close: [...input.close],
          high: [...input.high],
          low: [...input.low],
          versions: [...input.versions],
          seenFingerprints: [...input.seenFingerprints],
        },
      ).toEqual({
        series,
        openTimesMs: [START, START + MINUTE],
        high: [12, 12],
        low: [9, 9],
        close: [10.25, 11],
        versions: [CLOSED + 9n, CLOSED],
        seenFingerprints: [0n, 0n],
      });
    });

    test('indicator inputs begin at the asked open time', async () => {
      const series = seriesOf('HHH/USD');
      await db.insertCandles([{ series, candles: [candle(0), candle(1), candle(2)] }]);
      expect((await inputOf(series, START + MINUTE))?.openTimesMs).toEqual(Float64Array.of(START + MINUTE, START + 2 * MINUTE));
    });

    test('indicator values come back per candle, and their fingerprints with the inputs where asked for', async () => {
      const series = seriesOf('III/USD');
      await db.insertCandles([{ series, candles: [candle(0), candle(1), candle(2)] }]);
      const rows = [
        values(series, 0, { RSI_14: 0.1 + 0.2, SMA_20: 1.5 }, CLOSED + 1n, 2n ** 64n - 1n),
        values(series, 1, { SMA_20: -2e-9 }, CLOSED, 5n),
      ];
      await db.insertIndicators(rows);
      expect(await db.readIndicators(rangeOf(series))).toEqual(rows);
      expect((await inputOf(series, START, START))?.seenFingerprints).toEqual(BigUint64Array.of(2n ** 64n - 1n, 5n, 0n));
      expect((await inputOf(series, START, START + MINUTE))?.seenFingerprints).toEqual(BigUint64Array.of(0n, 5n, 0n));
    });

    test('indicator values computed from newer candles replace older ones, and equal ones the earlier', async () => {
      const series = seriesOf('JJJ/USD');
      await db.insertCandles([{ series, candles: [candle(0)] }]);
      await db.insertIndicators([values(series, 0, { SMA_20: 2 }, CLOSED + 2n, 2n)]);
      await db.insertIndicators([values(series, 0, { SMA_20: 1 }, CLOSED + 1n, 1n)]);
      expect(await db.readIndicators(rangeOf(series))).toEqual([values(series, 0, { SMA_20: 2 }, CLOSED + 2n, 2n)]);
      expect((await inputOf(series, START))?.seenFingerprints).toEqual(BigUint64Array.of(2n));
      await db.insertIndicators([{ ...values(series, 0, { SMA_20: 3 }, CLOSED + 2n, 3n), computedAtMs: START + 20_000 }]);
      expect((await db.readIndicators(rangeOf(series)))[0]).toMatchObject({ values: { SMA_20: 3 }, fingerprint: 3n });
      expect((await inputOf(series, START))?.seenFingerprints).toEqual(BigUint64Array.of(3n));
    });

    test('indicator inputs can be asked for some symbols only', async () => {
      const wanted = seriesOf('KKK/USD');
      await db.insertCandles([wanted, seriesOf('LLL/USD')].map((series) => ({ series, candles: [candle(0)] })));
      const inputs = await db.readIndicatorInputs({ exchange: 'kraken', symbols: [wanted.symbol], fromMs: { '1m': 0 }, seenFromMs: {} });
      expect(inputs.map(({ series }) => series)).toEqual([wanted]);
    });

    async function inputOf(series: Series, fromMs: number, seenFromMs = 0) {
      const inputs = await db.readIndicatorInputs({
        exchange: series.exchange,
        fromMs: { [series.timeframe]: fromMs },
        seenFromMs: { [series.timeframe]: seenFromMs },
      });
      return inputs.find((input) => input.series.symbol === series.symbol && input.series.timeframe === series.timeframe);
    }
  });
}

function rangeOf({ exchange, symbol, timeframe }: Series) {
  return { exchange, timeframe, symbols: [symbol], ...DAY };
}

function values(
  series: Series,
  minute: number,
  byName: Record<string, number>,
  candleVersion: bigint,
  fingerprint: bigint,
): IndicatorValues {
  return { series, openTimeMs: START + minute * MINUTE, values: byName, candleVersion, fingerprint, computedAtMs: START + 10_000 };
}
