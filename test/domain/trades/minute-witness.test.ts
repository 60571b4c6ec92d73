import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { createMinuteWitness } from '#domain/trades/minute-witness.ts';
import { symbolOf } from '../../usecases/fake-exchange.ts';

const MINUTE = 60_000;
const START = Date.UTC(2023, 10, 17);
const decimal = (text: string): Decimal => parseDecimal(text) as Decimal;
const trade = (id: number, offsetMs: number, price = '10', size = '1') => ({
  id,
  price: decimal(price),
  size: decimal(size),
  eventTimeMs: START + offsetMs,
});
const newWitness = (maxMinutes = 15) => createMinuteWitness('kraken', symbolOf('BTC/USDT'), maxMinutes);

describe('the witness of a minute', () => {
  test('tells open, high, low, close, volume, count and ids of what it saw, in whatever order it came', () => {
    const witness = newWitness();
    witness.beginAfter(9, START - 1);
    for (const one of [
      trade(12, 40_000, '11', '0.3'),
      trade(10, 1000, '10.5', '0.1'),
      trade(11, 2000, '12.25', '0.2'),
      trade(13, 59_999, '10.75', '0.00000001'),
    ])
      expect(witness.add(one, false)).toBe(true);
    witness.add(trade(14, MINUTE), false);
    expect(witness.takeClosed(START + MINUTE, 777)).toEqual([
      {
        exchange: 'kraken',
        symbol: 'BTC/USDT',
        openTimeMs: START,
        firstId: 10n,
        lastId: 13n,
        tradeCount: 4,
        open: '10.5',
        high: '12.25',
        low: '10.5',
        close: '10.75',
        volume: '0.60000001',
        isComplete: true,
        isSynthetic: false,
        updatedAtMs: 777,
      },
    ]);
  });

  test('is silent until the minute is closed, and tells it once', () => {
    const witness = newWitness();
    witness.add(trade(1, 0), false);
    expect(witness.takeClosed(START + MINUTE - 1, 0)).toEqual([]);
    expect(witness.takeClosed(START + MINUTE, 0)).toHaveLength(1);
    expect(witness.takeClosed(START + 9 * MINUTE, 0)).toEqual([]);
  });

  test('is complete only when no id is missing from the trade before the minute on', () => {
    const completeness = (ids: readonly (readonly [number, number])[], before?: number) => {
      const witness = newWitness();
      if (before !== undefined) witness.beginAfter(before, START - 1);
      for (const [id, offsetMs] of ids) witness.add(trade(id, offsetMs), false);
      return witness.takeClosed(START + 9 * MINUTE, 0).map(({ isComplete }) => isComplete);
    };
    const next = [9, 5 * MINUTE] as const;
    expect(
      completeness([
        [2, 0],
        [3, 5 * MINUTE],
      ]),
    ).toEqual([false, false]);
    expect(
      completeness(
        [
          [2, 0],
          [3, 5 * MINUTE],
        ],
        1,
      ),
    ).toEqual([true, false]);
    expect(
      completeness(
        [
          [3, 0],
          [4, 5 * MINUTE],
        ],
        1,
      ),
    ).toEqual([false, false]);
    expect(
      completeness(
        [
          [2, 0],
          [4, 1],
          [5, 5 * MINUTE],
        ],
        1,
      ),
    ).toEqual([false, false]);
    expect(
      completeness(
        [
          [2, 0],
          [3, 2 * MINUTE],
          [4, 5 * MINUTE],
        ],
        1,
      ),
    ).toEqual([true, true, false]);
    expect(completeness([[2, 0], next], 1)).toEqual([false, false]);
    // As many as were skipped, but not those.
    expect(
      completeness(
        [
          [3, 0],
          [7, 1],
          [8, 5 * MINUTE],
        ],
        5,
      ),
    ).toEqual([false, false]);
  });

  test('is not complete where nothing is known of what was before, even if its ids begin with the first there can be', () => {
    const witness = newWitness();
    witness.add(trade(1, 0), false);
    witness.add(trade(2, MINUTE), false);
    expect(witness.takeClosed(START + MINUTE, 0)).toMatchObject([{ firstId: 1n, isComplete: false }]);
  });

  test('is told again as complete, with what it had, when the next trade comes a minute later', () => {
    const witness = newWitness();
    witness.beginAfter(0, START - 1);
    witness.add(trade(1, 0), false);
    expect(witness.takeClosed(START + MINUTE, 1)).toMatchObject([{ tradeCount: 1, isComplete: false }]);
    witness.add(trade(2, MINUTE), false);
    expect(witness.takeClosed(START + MINUTE, 2)).toMatchObject([{ tradeCount: 1, isComplete: true, updatedAtMs: 2 }]);
  });

  test('comes in the order of time, and the oldest leaves first, in whatever order the minutes began', () => {
    const witness = newWitness(3);
    for (const minute of [2, 0, 1]) expect(witness.add(trade(minute + 1, minute * MINUTE), false)).toBe(true);
    expect(witness.add(trade(9, 0), false)).toBe(true);
    witness.add(trade(4, 3 * MINUTE), false);
    expect([witness.add(trade(10, 0), false), witness.add(trade(11, MINUTE), false)]).toEqual([false, true]);
    expect(witness.takeClosed(START + 9 * MINUTE, 0).map(({ openTimeMs }) => (openTimeMs - START) / MINUTE)).toEqual([0, 1, 2, 3]);
  });

  test('that was told is not told again when it leaves', () => {
    const witness = newWitness(1);
    witness.add(trade(1, 0), false);
    expect(witness.takeClosed(START + MINUTE, 0)).toHaveLength(1);
    witness.add(trade(5, MINUTE), false);
    expect(witness.takeClosed(START + MINUTE, 0)).toEqual([]);
  });

  test('does not begin anew once there are trades', () => {
    const witness = newWitness();
    witness.add(trade(6, 0), false);
    const [first] = witness.takeClosed(START + MINUTE, 0);
    witness.beginAfter(5, START - 1);
    witness.beginAfterMinute({ ...first!, openTimeMs: START + 5 * MINUTE });
    expect(witness.add(trade(7, MINUTE), false)).toBe(true);
    expect(witness.takeClosed(START + 2 * MINUTE, 0)).toMatchObject([{ openTimeMs: START + MINUTE, isComplete: false }]);
  });

  test('is not complete before the next trade shows that nothing was lost at its end, and says so then', () => {
    const witness = newWitness();
    witness.beginAfter(0, START - 1);
    witness.add(trade(1, 0), false);
    expect(witness.takeClosed(START + MINUTE, 1)).toMatchObject([{ openTimeMs: START, isComplete: false }]);
    witness.add(trade(3, 2 * MINUTE), false);
    expect(witness.takeClosed(START + 2 * MINUTE, 2)).toEqual([]);
    witness.add(trade(2, 30_000), false);
    expect(witness.takeClosed(START + 2 * MINUTE, 3)).toMatchObject([{ tradeCount: 2, isComplete: true }]);
  });

  test('is not complete for the minute that was joined halfway', () => {
    const witness = newWitness();
    witness.beginAfter(5, START + 20_000);
    for (const [id, offsetMs] of [
      [6, 30_000],
      [7, MINUTE],
      [8, 2 * MINUTE],
    ] as const)
      witness.add(trade(id, offsetMs), false);
    expect(witness.takeClosed(START + 9 * MINUTE, 0).map(({ isComplete }) => isComplete)).toEqual([false, true, false]);
  });

  test('goes on behind the minute that an earlier run has told, and does not tell a part of it', () => {
    const first = newWitness();
    first.beginAfter(0, START - 1);
    for (const [id, offsetMs] of [
      [1, 0],
      [2, 1000],
      [3, MINUTE],
    ] as const)
      first.add(trade(id, offsetMs), false);
    const [told] = first.takeClosed(START + MINUTE, 1);
    const second = newWitness();
    second.beginAfterMinute(told!);
    for (const [id, offsetMs] of [
      [3, MINUTE],
      [4, 2 * MINUTE],
    ] as const)
      expect(second.add(trade(id, offsetMs), false)).toBe(true);
    expect(second.takeClosed(START + 2 * MINUTE, 2)).toMatchObject([{ openTimeMs: START + MINUTE, isComplete: true }]);
  });

  test('takes back the completeness of such a minute when a trade of it comes after all', () => {
    const first = newWitness();
    first.beginAfter(0, START - 1);
    for (const [id, offsetMs] of [
      [1, 0],
      [2, 1000],
      [3, MINUTE],
    ] as const)
      first.add(trade(id, offsetMs), false);
    const [told] = first.takeClosed(START + MINUTE, 1);
    const second = newWitness();
    second.beginAfterMinute(told!);
    expect(second.add(trade(9, -MINUTE), false)).toBe(false);
    expect(second.takeClosed(START + 2 * MINUTE, 2)).toEqual([]);
    expect(second.add(trade(3, 2000), false)).toBe(false);
    second.add(trade(4, MINUTE), false);
    second.add(trade(5, 2 * MINUTE), false);
    expect(second.takeClosed(START + 2 * MINUTE, 2)).toMatchObject([
      { openTimeMs: START, tradeCount: 2, isComplete: false, updatedAtMs: 2 },
      { openTimeMs: START + MINUTE, isComplete: true },
    ]);
  });

  test('tells a minute again, whole, when a late trade completes it', () => {
    const witness = newWitness();
    witness.beginAfter(0, START - 1);
    witness.add(trade(1, 0), false);
    witness.add(trade(3, 2), false);
    expect(witness.takeClosed(START + MINUTE, 1)).toMatchObject([{ isComplete: false, tradeCount: 2 }]);
    witness.add(trade(2, 1), true);
    witness.add(trade(4, MINUTE), false);
    expect(witness.takeClosed(START + MINUTE, 2)).toMatchObject([{ isComplete: true, tradeCount: 3, isSynthetic: true, updatedAtMs: 2 }]);
  });

  test('holds so many minutes, tells those that leave, and refuses trades of them', () => {
    const witness = newWitness(2);
    witness.beginAfter(0, START - 1);
    for (let minute = 0; minute < 4; minute += 1) witness.add(trade(minute + 1, minute * MINUTE), false);
    expect(witness.add(trade(9, MINUTE), false)).toBe(false);
    const told = witness.takeClosed(START + 9 * MINUTE, 0);
    expect(told.map(({ openTimeMs, isComplete }) => [(openTimeMs - START) / MINUTE, isComplete])).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [3, false],
    ]);
  });

  test('gives the recorded candles of Kraken from the recorded trades', () => {
    const read = (file: string) =>
      gunzipSync(readFileSync(`recordings/trades/kraken-2023-11/${file}`))
        .toString()
        .trim()
        .split('\n')
        .slice(1, 12_001)
        .map((line) => line.split(','));
    const witness = newWitness(100_000);
    const trades = read('trades/kraken_BTC-USDT.csv.gz');
    for (const [timestamp, id, , , price = '', amount = ''] of trades)
      witness.add({ id: Number(id), price: decimal(price), size: decimal(amount), eventTimeMs: Number(timestamp) }, false);
    const lastMinute = Math.floor(Number(trades.at(-1)?.[0]) / MINUTE) * MINUTE;
    const minutes = witness.takeClosed(lastMinute, 0);
    const candles = read('klines/kraken_BTC-USDT_1m.csv.gz').filter(([openTime]) => Number(openTime) < lastMinute);
    expect(minutes.length).toBeGreaterThan(2000);
    expect(minutes.map(({ openTimeMs, open, high, low, close, volume }) => [openTimeMs, open, high, low, close, volume].join())).toEqual(
      candles.map((cells) => [cells[0], ...cells.slice(1, 6).map((cell) => decimal(cell))].join()),
    );
    // The source lost every 1,000th trade: a minute around each is not complete, or two, and the first is not, of which nothing is known.
    const incomplete = minutes.filter(({ isComplete }) => !isComplete).length;
    expect(incomplete >= 1 + 11 && incomplete <= 1 + 2 * 11 + 1).toBe(true);
  });
});
