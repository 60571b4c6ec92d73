import { describe, expect, test } from 'vitest';
import type { Decimal } from '#core/decimal.ts';
import type { Exchange } from '#core/exchange.ts';
import { createTradeQuality } from '#domain/quality/trade-quality.ts';
import { shippedConfig } from '../../factories/shipped-config.ts';
import { KRAKEN, recordedTrades } from '../trades/recorded-trades.ts';
import { madeTrade, market, NOON, SETTINGS, times } from './made-market.ts';

const THREE: readonly Exchange[] = ['binance', 'coinbase', 'kraken'];
/** Of a market that trades at cents. */
const QUIET = [100.01, ...times(59, 100)];

test('the settings of these tests are those that are shipped', () => {
  expect(shippedConfig().streaming.quality).toEqual(SETTINGS);
});

describe('one market', () => {
  test('T51: in a quiet book, whose deviation is 0, a hundredth of a percent is no outlier, and half a percent is', () => {
    const { send } = market();
    expect(send([...times(50, 100), 100.01, 100, 99.99, 100, 100.47, 100, 100.5, 100])).toBe('g'.repeat(56) + 'sg');
  });

  test.each([2, 6, 15, 50, 99, 99.99])('T52: a crash of %d %% is flagged, and believed with its fifth trade', (percent) => {
    const { send } = market();
    send(QUIET);
    const low = 100 - percent;
    expect(send([low, low * 1.001, low * 0.999, low, low * 1.002, low])).toBe('ssssgg');
  });

  test('T52: a crash that does not come to rest is believed within two seconds', () => {
    const { send } = market();
    send(QUIET);
    const falling = Array.from({ length: 30 }, (_, index) => (90 * 0.97 ** index).toFixed(4));
    // A trade each 100 ms: the 21st comes two seconds after the first. What falls on from there is no jump any more.
    expect(send(falling, 100)).toMatch(/^s{20}g+$/);
  });

  test('T52: a rise is believed as a fall is', () => {
    const { send } = market();
    send(QUIET);
    expect(send(times(6, 120))).toBe('ssssgg');
  });

  test('in a thin market a new level needs three trades, not five, when they take longer than two seconds', () => {
    const { send } = market();
    send(QUIET, 1000);
    expect(send(times(4, 85), 5000)).toBe('ssgg');
  });

  test('the old prices are a jump away once a new level is believed', () => {
    const { send } = market();
    send(QUIET);
    send(times(10, 85));
    expect(send([100, 85, 85])).toBe('sgg');
  });

  test('bad prints between good trades are flagged, however many there are', () => {
    const { send } = market();
    send(QUIET);
    expect(send(times(100, [110, 100]).flat())).toBe('sg'.repeat(100));
    expect(send(times(100, [110, 90, 110]).flat())).not.toContain('g');
  });

  test('a wrong decimal place is flagged, either way', () => {
    const { send } = market();
    send(times(60, '36160.9'));
    expect(send(['361609', '36160.9', '3616.09', '36160.9'])).toBe('sgsg');
  });

  test('what a market turns out to do often is no outlier any more', () => {
    const { send } = market();
    send(QUIET);
    // Best bid and best ask 0.8 % apart; the first of the far ones are flagged.
    const verdicts = send(times(40, [100, 100, 100.8]).flat());
    expect(verdicts.slice(0, 30)).toContain('s');
    expect(verdicts.slice(-60)).toBe('g'.repeat(60));
  });

  test('with a coarse step of its price may move by two of them', () => {
    const { send } = market();
    send(times(60, '0.0125'));
    expect(send(['0.0126', '0.0125', '0.0127', '0.0125', '0.0128', '0.0125'])).toBe('ggggsg');
  });

  test('a slow drift is followed', () => {
    const { send } = market();
    const drifting = Array.from({ length: 5000 }, (_, index) => (100 * 1.0005 ** index).toFixed(6));
    expect(send(drifting)).not.toContain('s');
  });

  test('a first trade that is wrong is left behind as any level is', () => {
    const { send } = market();
    expect(send([200, ...times(8, 100)])).toBe('gssssgggg');
  });

  test('flagged for a jump, it readmits below half of the limit only', () => {
    const { send } = market();
    // Too few trades for the other check.
    expect(send([100, 100, 100, 104, 100, 106, 104, 102.4, 104])).toBe('gggggssgg');
  });

  test('flagged as an outlier, it readmits below half of the limit only', () => {
    const { send } = market();
    send(QUIET);
    expect(send([100.4, 100, 100.6, 100.4, 100.2, 100.4])).toBe('ggssgg');
  });

  test('after minutes of silence a larger change is believed, and still not any', () => {
    const later = (price: number, ms: number) => {
      const { send } = market();
      send(QUIET);
      return send([price], ms);
    };
    expect([later(101, 60_000), later(101, 9 * 60_000), later(102, 9 * 60_000)]).toEqual(['s', 'g', 's']);
  });

  test('before it has ten trades a jump is judged alone, and after a silence a wider one', () => {
    const later = (price: number, ms: number) => {
      const { send } = market();
      send([100, 100]);
      return send([price], ms);
    };
    expect([later(108, 60_000), later(108, 4 * 60_000), later(112, 4 * 60_000)]).toEqual(['s', 'g', 's']);
    expect([later(130, 86_400_000), later(132, 86_400_000)]).toEqual(['g', 's']);
  });

  test('knows nothing of another one', () => {
    const { send } = market();
    send(QUIET);
    expect(send(times(20, 5), 10, { symbol: 'ETH/USDT' })).toBe('g'.repeat(20));
    expect(send(times(20, 7), 10, { exchange: 'binance' })).toBe('g'.repeat(20));
    expect(send([100])).toBe('g');
  });

  test('says which check it was', () => {
    const { send, judge } = market();
    send(QUIET);
    expect([judge(110).reason, judge(100).reason, judge(101).reason]).toEqual([
      'price jumped from the last good one',
      '',
      'price is far from the last trades',
    ]);
  });

  test.each(['0', '-1', 'NaN', 'Infinity'])('refuses the price %s, and goes on as if it had not been', (price) => {
    const { send, judge } = market();
    send(QUIET);
    expect(judge(price)).toEqual({ verdict: 'refused', reason: 'price is not a positive number' });
    expect(send([100])).toBe('g');
  });

  test('refuses a trade from another time before it looks at the price', () => {
    const { check } = createTradeQuality(SETTINGS);
    expect(check(madeTrade('1', NOON - 60_001, '1'), NOON, 'stream').reason).toBe('event time is too far in the past');
    expect(check(madeTrade('100', NOON, '2'), NOON, 'stream').verdict).toBe('good');
  });
});

describe('trades that come again or late', () => {
  test('are no votes for a new level', () => {
    const { send, judge } = market();
    send(QUIET);
    send([110]);
    const again = Array.from({ length: 20 }, () => judge(110, { id: 1061 }).verdict);
    expect(new Set(again)).toEqual(new Set(['suspicious']));
    expect(send([100])).toBe('g');
  });

  test('of a repair are judged by what was there before and after, and change nothing', () => {
    const { send, judge } = market();
    send(QUIET);
    send(times(8, 85));
    const repaired = [100, 92, 85, 120, 70].map((price, index) => judge(price, { source: 'rest', id: 2000 + index }));
    expect(repaired.map(({ verdict }) => verdict)).toEqual(['good', 'good', 'good', 'suspicious', 'suspicious']);
    expect(repaired.at(-1)?.reason).toBe('price is far from those before and after it');
    for (let index = 0; index < 60; index += 1) judge(100, { source: 'rest', id: 3000 + index });
    expect(send([85, 85, 100])).toBe('ggs');
  });

  test('of a repair alone are good: there is nothing to compare them with', () => {
    expect(market().judge(5, { source: 'rest' }).verdict).toBe('good');
  });
});

describe('several exchanges', () => {
  test('a price that is slightly wrong at one of them is flagged there, and not at the others', () => {
    const { settle, send, judge } = market({ outlierFloorBps: 1000 });
    settle(100, THREE);
    expect(judge(102.5, { exchange: 'coinbase' }).reason).toBe('price is far from other exchanges');
    expect(send([100], 10, { exchange: 'kraken' }) + send([100], 10, { exchange: 'binance' })).toBe('gg');
  });

  test('T53: Tether at 0.97 flags neither BTC/USDT nor Tether itself, whoever goes first', () => {
    const { send, settle } = market();
    settle(20_000, THREE);
    const seconds = Array.from({ length: 100 }, (_, index) => 1 - (0.03 * (index + 1)) / 100);
    const verdicts = seconds.flatMap((peg) => [
      ...THREE.map((exchange) => send([(20_000 / peg).toFixed(2)], 300, { exchange })),
      send(['20000'], 1, { exchange: 'coinbase', symbol: 'BTC/USD' }),
      send(['20000.1'], 1, { exchange: 'kraken', symbol: 'BTC/USD' }),
      send(['19999.9'], 1, { exchange: 'binanceus', symbol: 'BTC/USD' }),
      send([peg.toFixed(4)], 1, { exchange: 'kraken', symbol: 'USDT/USD' }),
    ]);
    expect(verdicts.join('')).toBe('g'.repeat(700));
  });

  test('a crash that a second exchange shows too is believed at once', () => {
    const { settle, judge } = market();
    settle(100, THREE);
    expect(judge(85, { exchange: 'binance' }).verdict).toBe('suspicious');
    expect(judge(85.2, { exchange: 'coinbase' }).verdict).toBe('good');
    expect(judge(84.9, { exchange: 'kraken' }).verdict).toBe('good');
    expect(judge(85, { exchange: 'binance' }).verdict).toBe('good');
  });

  test('what was believed at once is no part of a later run', () => {
    const { settle, judge, send } = market();
    settle(100, THREE);
    judge(85, { exchange: 'binance' });
    judge(85, { exchange: 'coinbase' });
    expect(send([70, 70, 85], 10_001, { exchange: 'coinbase' })).toBe('ssg');
  });

  test('a crash that only one shows is believed after five trades while the others are silent', () => {
    const { settle, send } = market();
    settle(100, THREE);
    expect(send(times(6, 85), 10, { exchange: 'binance' })).toBe('ssssgg');
  });

  /** One trade of each exchange in a second; what came of the trades of Coinbase. */
  function minutesAlone(wrong: number, minutes: number): { readonly coinbase: string; readonly others: string } {
    const { settle, send } = market();
    settle(100, THREE);
    let [coinbase, others] = ['', ''];
    for (let second = 0; second < minutes * 60; second += 1) {
      coinbase += send([wrong], 400, { exchange: 'coinbase' });
      others += send([100], 300, { exchange: 'binance' }) + send([100], 300, { exchange: 'kraken' });
    }
    return { coinbase, others };
  }

  test.each([97, 103, 50, 1000])(
    'one that is alone with its price of %d is flagged for two seconds and then believed, and the others never are',
    (wrong) => {
      const { coinbase, others } = minutesAlone(wrong, 7);
      expect(coinbase).toMatch(/^s{2,3}g{400,}$/);
      expect(others).not.toContain('s');
    },
  );

  test('one that is alone with a steady price is not believed before its time is up, however many trades agree', () => {
    const { settle, send } = market({ loneVenueMs: 10_000 });
    settle(100, THREE);
    let coinbase = '';
    for (let second = 0; second <= 12; second += 1) {
      coinbase += send([85], 400, { exchange: 'coinbase' });
      send([100], 300, { exchange: 'binance' });
      send([100], 300, { exchange: 'kraken' });
    }
    expect(coinbase).toBe(`${'s'.repeat(10)}ggg`);
  });

  test('one that was believed apart is compared again once it has come back', () => {
    const { settle, send } = market({ loneVenueMs: 1000, outlierFloorBps: 1000 });
    settle(100, THREE);
    const others = () => send([100], 10, { exchange: 'binance' }) + send([100], 10, { exchange: 'kraken' });
    const own = (price: number) => (others(), send([price], 500, { exchange: 'coinbase' }));
    expect([103, 103, 103, 103, 103, 103.5].map(own).join('')).toBe('ssssgg');
    expect([101, 100.5, 102.5].map(own).join('')).toBe('ggs');
  });

  test('flagged, it readmits below half of the limit only', () => {
    const { settle, send } = market({ outlierFloorBps: 1000 });
    settle(100, THREE);
    expect(send([101.8, 102.5, 101.8, 100.9, 101.8], 10, { exchange: 'kraken' })).toBe('gssgg');
  });

  test('two that disagree accuse nobody', () => {
    const { send } = market();
    for (let round = 0; round < 60; round += 1)
      expect(send([100], 10, { exchange: 'coinbase' }) + send([103], 10, { exchange: 'kraken' })).toBe('gg');
  });

  test('a first trade is compared too', () => {
    const { settle, send } = market();
    settle(100, ['binance', 'coinbase']);
    expect(send([110, 100], 10, { exchange: 'kraken' })).toBe('sg');
  });

  test('first trades on both sides of the others are no level', () => {
    const { settle, send } = market({ loneVenueMs: 0 });
    settle(100, ['binance', 'coinbase']);
    expect(send([97, 103, 97, 103, 97, 103], 700, { exchange: 'kraken' })).toBe('ssssss');
  });

  test('a trade that took long is not compared with prices of now', () => {
    const { settle, check, nowMs } = market({ outlierFloorBps: 1000 });
    settle(100, THREE);
    const late = (ageMs: number) => {
      const before = market({ outlierFloorBps: 1000 });
      before.settle(100, ['binance', 'coinbase']);
      return before.check(madeTrade('103', before.nowMs() - ageMs, '9'), before.nowMs(), 'stream').verdict;
    };
    expect([late(0), late(10_000), late(10_001)]).toEqual(['suspicious', 'suspicious', 'good']);
    expect(check(madeTrade('103', nowMs(), '99999'), nowMs(), 'synthetic').verdict).toBe('good');
  });
});

describe('recorded trades', () => {
  const trades = recordedTrades(KRAKEN).map(({ trade }) => trade);

  test('are good', () => {
    const { check } = createTradeQuality(SETTINGS);
    expect(trades.filter((trade) => check(trade, trade.eventTimeMs + 40, 'stream').verdict !== 'good')).toEqual([]);
  });

  test('T52: 15 % lower from some trade on are good again from the fifth at the latest', () => {
    const { check } = createTradeQuality(SETTINGS);
    const verdicts = trades.map((trade, index) => {
      const price = index < 800 ? trade.price : ((Number(trade.price) * 0.85).toFixed(2) as Decimal);
      return check({ ...trade, price }, trade.eventTimeMs + 40, 'stream').verdict[0];
    });
    expect(verdicts.slice(0, 800).join('')).not.toContain('s');
    expect(verdicts.slice(800).join('')).toMatch(/^s{2,4}g+$/);
  });
});
