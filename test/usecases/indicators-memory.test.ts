import { describe, expect, test } from 'vitest';
import type { IndicatorInput } from '#core/ports/time-series-db.ts';
import type { Series } from '#core/series.ts';
import type { Timeframe } from '#core/timeframe.ts';
import { createIndicatorsMemory, dueTimeframes, isKnown, recall, remember, settleTimeframe } from '#usecases/indicators-memory.ts';
import { MINUTE, START, symbolOf } from './fake-exchange.ts';

const HOUR = 60 * MINUTE;
const seriesOf = (timeframe: Timeframe, symbol = 'BTC/USD'): Series => ({ exchange: 'kraken', symbol: symbolOf(symbol), timeframe });

/** Minutes `from` to `until` (exclusive) of a series; `seen` is the fingerprint of each. */
function input(from: number, until: number, { seen = 0n, close = 100 } = {}): IndicatorInput {
  const minutes = Array.from({ length: until - from }, (_, i) => from + i);
  return {
    series: seriesOf('1m'),
    openTimesMs: Float64Array.from(minutes, (minute) => START + minute * MINUTE),
    high: Float64Array.from(minutes, (minute) => close + minute + 1),
    low: Float64Array.from(minutes, (minute) => close + minute - 1),
    close: Float64Array.from(minutes, (minute) => close + minute),
    versions: BigUint64Array.from(minutes, (minute) => BigInt(minute + 1)),
    seenFingerprints: BigUint64Array.from(minutes, () => seen),
  };
}

describe('dueTimeframes', () => {
  test('are all of them at first', () => {
    expect(dueTimeframes(createIndicatorsMemory(), ['1m', '5m'], START)).toEqual(['1m', '5m']);
  });

  test('leave out one that is complete until its next candle closes', () => {
    const memory = createIndicatorsMemory();
    settleTimeframe(memory, '5m', START, [{ series: seriesOf('5m'), openTimeMs: START - 5 * MINUTE }]);
    expect(dueTimeframes(memory, ['1m', '5m'], START + 4 * MINUTE)).toEqual(['1m']);
    expect(dueTimeframes(memory, ['1m', '5m'], START + 5 * MINUTE)).toEqual(['1m', '5m']);
  });

  test('leave out one that is complete for five minutes at most', () => {
    const memory = createIndicatorsMemory();
    settleTimeframe(memory, '1h', START + 7 * MINUTE, [{ series: seriesOf('1h'), openTimeMs: START - HOUR }]);
    expect(dueTimeframes(memory, ['1h'], START + 11 * MINUTE)).toEqual([]);
    expect(dueTimeframes(memory, ['1h'], START + 12 * MINUTE)).toEqual(['1h']);
  });

  test.each<[string, readonly { series: Series; openTimeMs: number }[]]>([
    ['nothing was read', []],
    ['only another timeframe was read', [{ series: seriesOf('1m'), openTimeMs: START - MINUTE }]],
    [
      'one of its series is behind',
      [
        { series: seriesOf('1h'), openTimeMs: START - HOUR },
        { series: seriesOf('1h', 'ETH/USD'), openTimeMs: START - 2 * HOUR },
      ],
    ],
  ])('keep one of which %s', (_what, newest) => {
    const memory = createIndicatorsMemory();
    settleTimeframe(memory, '1h', START, newest);
    expect(dueTimeframes(memory, ['1h'], START + MINUTE)).toEqual(['1h']);
  });
});

test('a timeframe is known for an hour from its first tick on, whatever ticks come in between', () => {
  const memory = createIndicatorsMemory();
  expect(isKnown(memory, '1m', START)).toBe(false);
  settleTimeframe(memory, '1m', START, []);
  settleTimeframe(memory, '1m', START + 30 * MINUTE, []);
  expect([isKnown(memory, '1m', START + HOUR - 1), isKnown(memory, '5m', START)]).toEqual([true, false]);
  expect(isKnown(memory, '1m', START + HOUR)).toBe(false);
});

describe('recall', () => {
  test('knows nothing of a series that nobody remembered', () => {
    expect(recall(createIndicatorsMemory(), input(0, 3), START)).toBeNull();
  });

  test('joins the remembered candles before the read ones, each with the values that it has', () => {
    const memory = createIndicatorsMemory();
    remember(memory, input(0, 10, { seen: 7n }), [{ openTimeMs: START + 9 * MINUTE, fingerprint: 99n }], START);
    const joined = recall(memory, input(8, 12), START + 8 * MINUTE);
    expect(joined).toEqual({ ...input(0, 12), seenFingerprints: BigUint64Array.from([7n, 7n, 7n, 7n, 7n, 7n, 7n, 7n, 7n, 99n, 0n, 0n]) });
  });

  test('believes what was read where both have a candle', () => {
    const memory = createIndicatorsMemory();
    remember(memory, input(0, 10), [], START);
    const joined = recall(memory, input(8, 11, { close: 500 }), START + 8 * MINUTE);
    expect([...(joined?.close ?? [])]).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 508, 509, 510]);
  });

  test('forgets a candle that the store no longer has', () => {
    const memory = createIndicatorsMemory();
    remember(memory, input(0, 10), [], START);
    expect(recall(memory, input(9, 10), START + 8 * MINUTE)?.openTimesMs).toEqual(
      Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7, 9], (minute) => START + minute * MINUTE),
    );
  });

  test('gives all that is remembered when everything read is later', () => {
    const memory = createIndicatorsMemory();
    remember(memory, input(0, 3), [], START);
    expect(recall(memory, input(5, 7), START + 5 * MINUTE)?.openTimesMs).toHaveLength(5);
  });
});

describe('remember', () => {
  test('keeps the candles from the asked time on', () => {
    const memory = createIndicatorsMemory();
    remember(memory, input(0, 10), [], START + 6 * MINUTE);
    expect(recall(memory, input(10, 11), START + 10 * MINUTE)?.openTimesMs).toEqual(input(6, 11).openTimesMs);
  });

  test('keeps none when all are older', () => {
    const memory = createIndicatorsMemory();
    remember(memory, input(0, 10), [], START + HOUR);
    expect(recall(memory, input(60, 61), START + HOUR)?.openTimesMs).toHaveLength(1);
  });

  test('is not changed through what was handed in', () => {
    const memory = createIndicatorsMemory();
    const read = input(0, 3);
    remember(memory, read, [], START);
    read.close.fill(0);
    expect([...(recall(memory, input(3, 4), START + 3 * MINUTE)?.close ?? [])]).toEqual([100, 101, 102, 103]);
  });
});
