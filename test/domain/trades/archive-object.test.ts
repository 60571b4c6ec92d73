import { describe, expect, test } from 'vitest';
import { archiveText, hoursOfTrades, parseArchiveText } from '#domain/trades/archive-object.ts';
import { checkedTrade, NOON, tradesFrom } from './made-trades.ts';

const HOUR = 3_600_000;

describe('hours of trades', () => {
  test('are by hour and exchange, sorted by symbol and id as a number', () => {
    const late = checkedTrade({ id: '1', eventTimeMs: NOON + HOUR });
    const early = checkedTrade({ id: '2', eventTimeMs: NOON + HOUR - 1 });
    const [ten, nine] = [checkedTrade({ id: '10' }), checkedTrade({ id: '9' })];
    const other = checkedTrade({ symbol: 'ADA/USD', id: '99' });
    const coinbase = checkedTrade({ exchange: 'coinbase' });
    expect(hoursOfTrades([late, ten, coinbase, other, nine, early])).toEqual([
      { exchange: 'coinbase', hourMs: NOON, trades: [coinbase] },
      { exchange: 'kraken', hourMs: NOON, trades: [other, early, nine, ten] },
      { exchange: 'kraken', hourMs: NOON + HOUR, trades: [late] },
    ]);
    expect(hoursOfTrades([])).toEqual([]);
  });

  test('of one moment are in the order of their exchanges', () => {
    const exchanges = ['kraken', 'binance', 'coinbase'] as const;
    const hours = hoursOfTrades(exchanges.map((exchange) => checkedTrade({ exchange })));
    expect(hours.map(({ exchange }) => exchange)).toEqual(['binance', 'coinbase', 'kraken']);
  });

  test('hold each trade once, the copy that came first', () => {
    const [first, second] = [checkedTrade({ source: 'rest' }), checkedTrade({ source: 'stream' })];
    expect(hoursOfTrades([first, second])[0]?.trades).toEqual([first]);
  });
});

describe('the text of an object', () => {
  test('comes back as the trades', () => {
    const trades = tradesFrom(1, 5);
    expect(parseArchiveText(archiveText(trades))).toEqual({ trades, refused: [] });
    expect(parseArchiveText(archiveText(trades).trimEnd())).toEqual({ trades, refused: [] });
    expect(parseArchiveText('')).toEqual({ trades: [], refused: [] });
  });

  test('with a bad line names it, and keeps the others', () => {
    const lines = archiveText(tradesFrom(1, 2)).split('\n');
    expect(parseArchiveText([lines[0], 'broken', lines[1], ''].join('\n'))).toEqual({
      trades: tradesFrom(1, 2),
      refused: [{ line: 2, reason: 'the line is not a JSON object', excerpt: 'broken' }],
    });
  });

  test('with a long bad line shows the beginning of it', () => {
    expect(parseArchiveText('x'.repeat(1000)).refused).toMatchObject([{ line: 1, excerpt: 'x'.repeat(200) }]);
  });
});
