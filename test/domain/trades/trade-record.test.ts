import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTradeLine, parseTradeRecord, tradeLine, tradeRecordText } from '#domain/trades/trade-record.ts';
import { checkedTrade, NOON, tradesFrom } from './made-trades.ts';

const line = (change: Readonly<Record<string, unknown>>): string => {
  const value: Record<string, unknown> = { ...(JSON.parse(tradeLine(checkedTrade())) as object), ...change };
  return JSON.stringify(value);
};

describe('the line of a trade', () => {
  test('has its keys in a fixed order, decimals as text and times in milliseconds', () => {
    expect(tradeLine(checkedTrade())).toBe(
      `{"exchange":"kraken","symbol":"BTC/USD","id":"5504897","price":"36160.9","size":"0.00039906","side":"buy","event_time":${NOON},"received_at":${NOON + 40},"source":"stream","quality":"good","reason":""}`,
    );
  });

  test('comes back as the trade, whatever the id and the reason are made of', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((one) => one.isWellFormed());
    fc.assert(
      fc.property(text, text, fc.nat({ max: 8.64e15 }), (id, reason, eventTimeMs) => {
        const trade = checkedTrade({ id, reason, eventTimeMs, quality: 'suspicious', source: 'rest', side: 'sell' });
        const written = tradeLine(trade);
        expect(written).not.toContain('\n');
        expect(parseTradeLine(written)).toEqual(trade);
      }),
    );
  });

  test.each<[string, string]>([
    ['', 'the line is not a JSON object'],
    ['{"exchange":', 'the line is not a JSON object'],
    ['[]', 'the line is not a JSON object'],
    ['null', 'the line is not a JSON object'],
    ['"text"', 'the line is not a JSON object'],
    [line({ exchange: 'nasdaq' }), 'field "exchange" is "nasdaq"'],
    [line({ exchange: undefined }), 'field "exchange" is missing'],
    [line({ symbol: 'btc-usd' }), 'field "symbol" is "btc-usd"'],
    [line({ symbol: undefined }), 'field "symbol" is missing'],
    [line({ id: 5_504_897 }), 'field "id" is 5504897'],
    [line({ id: '' }), 'field "id" is ""'],
    [line({ id: '9'.repeat(65) }), `field "id" is "${'9'.repeat(59)}`],
    [line({ price: 36_160.9 }), 'field "price" is 36160.9'],
    [line({ price: '-1' }), 'field "price" is "-1"'],
    [line({ price: '0' }), 'field "price" is "0"'],
    [line({ price: 'NaN' }), 'field "price" is "NaN"'],
    [line({ size: null }), 'field "size" is null'],
    [line({ side: 'BUY' }), 'field "side" is "BUY"'],
    [line({ event_time: '1700179206662' }), 'field "event_time" is "1700179206662"'],
    [line({ event_time: 1.5 }), 'field "event_time" is 1.5'],
    [line({ event_time: -1 }), 'field "event_time" is -1'],
    [line({ event_time: 8.64e15 + 1 }), 'field "event_time" is 8640000000000001'],
    [line({ received_at: null }), 'field "received_at" is null'],
    [line({ source: 'rumour' }), 'field "source" is "rumour"'],
    [line({ quality: undefined }), 'field "quality" is missing'],
    [line({ reason: 7 }), 'field "reason" is 7'],
    [line({ reason: 'x'.repeat(201) }), `field "reason" is "${'x'.repeat(59)}`],
    [line({ extra: 1 }), 'field "extra" is unknown'],
    [line({ ['x'.repeat(100)]: 1 }), `field "${'x'.repeat(40)}" is unknown`],
    [line({ ['__proto__x']: 1 }), 'field "__proto__x" is unknown'],
  ])('%s is refused', (text, reason) => {
    expect(parseTradeLine(text)).toBe(reason);
  });

  test('may have an id of 64 characters, a reason of 200, and the last time that there is', () => {
    const longest = checkedTrade({ id: '9'.repeat(64), reason: 'x'.repeat(200), eventTimeMs: 8.64e15, receivedAtMs: 0 });
    expect(parseTradeLine(tradeLine(longest))).toEqual(longest);
  });

  test('with decimals that are not canonical is read as canonical ones', () => {
    expect(parseTradeLine(line({ price: '036160.90', size: '1e-3' }))).toMatchObject({ trade: { price: '36160.9', size: '0.001' } });
  });
});

describe('a record', () => {
  const trades = tradesFrom(1, 3);
  const text = tradeRecordText({ task: '1/2', sequence: 7 }, trades);

  test('begins with its envelope and comes back whole', () => {
    expect(text.slice(0, text.indexOf('\n'))).toBe('{"v":1,"task":"1/2","sequence":7,"count":3}');
    expect(parseTradeRecord(text)).toEqual({ envelope: { task: '1/2', sequence: 7, count: 3 }, trades, refused: [] });
  });

  test('may hold no trade', () => {
    expect(parseTradeRecord(tradeRecordText({ task: '1', sequence: 0 }, []))).toMatchObject({ trades: [], refused: [] });
  });

  test('may have a task with any characters', () => {
    const task = 'a"b\n';
    expect(parseTradeRecord(tradeRecordText({ task, sequence: 0 }, trades))).toMatchObject({ envelope: { task }, refused: [] });
  });

  test.each<[string, string]>([
    ['', 'the first line is not a JSON object, expected the envelope'],
    ['\n', 'the first line is not a JSON object, expected the envelope'],
    ['{"v":999,"task":"1","sequence":0,"count":0}\n', 'the version is 999, expected 1'],
    ['{"v":"1","task":"1","sequence":0,"count":0}\n', 'the version is "1", expected 1'],
    ['{"task":"1","sequence":0,"count":0}\n', 'the version is missing, expected 1'],
    [tradeLine(checkedTrade()), 'the version is missing, expected 1'],
    ['{"v":1,"sequence":0,"count":0}\n', 'the envelope has no task'],
    ['{"v":1,"task":"1","count":0}\n', "the envelope's sequence is missing, expected a whole number"],
    ['{"v":1,"task":"1","sequence":-1,"count":0}\n', "the envelope's sequence is -1, expected a whole number"],
    ['{"v":1,"task":"1","sequence":0,"count":1.5}\n', "the envelope's count is 1.5, expected a whole number"],
    ['{"v":1,"task":"1","sequence":0}\n', "the envelope's count is missing, expected a whole number"],
  ])('%j is refused as a whole', (record, reason) => {
    expect(parseTradeRecord(record)).toBe(reason);
  });

  test('keeps its good lines and names its bad ones', () => {
    const lines = text.split('\n');
    lines[2] = '{"half a line';
    expect(parseTradeRecord(lines.join('\n'))).toEqual({
      envelope: { task: '1/2', sequence: 7, count: 3 },
      trades: [trades[0], trades[2]],
      refused: [{ line: 3, reason: 'the line is not a JSON object', excerpt: '{"half a line' }],
    });
  });

  test('that lost lines is told from a whole one', () => {
    const cut = text.split('\n').slice(0, 3).join('\n');
    expect(parseTradeRecord(`${cut}\n`)).toMatchObject({
      trades: [trades[0], trades[1]],
      refused: [{ line: 0, reason: "the record holds 2 lines, expected the envelope's 3", excerpt: '' }],
    });
  });

  test('keeps excerpts short', () => {
    const record = parseTradeRecord(`{"v":1,"task":"1","sequence":0,"count":1}\n${'x'.repeat(10_000)}\n`);
    expect(typeof record === 'string' ? 0 : record.refused[0]?.excerpt.length).toBe(200);
  });
});
