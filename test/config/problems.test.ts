import { describe, expect, test } from 'vitest';
import { nearest, pathText, printable, quoted } from '#config/problems.ts';

describe('nearest', () => {
  const known = ['binance', 'binanceus', 'coinbase', 'kraken'];
  test.each([
    ['binanse', 'binance'],
    ['KRAKEN', 'kraken'],
    ['krakne', 'kraken'],
    ['binanceu', 'binance'],
    ['coin', undefined],
    ['', undefined],
  ])('to %j is %s', (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});

describe('pathText', () => {
  test('joins keys with dots and indexes in brackets', () => {
    expect(pathText(['kraken', 'symbols', 0, 'x'])).toBe('kraken.symbols[0].x');
    expect(pathText([])).toBe('');
  });
});

describe('quoted', () => {
  test.each([
    [['a'], 'text', '"text"'],
    [['a'], 5, '"5"'],
    [['a'], { b: [1] }, '"{"b":[1]}"'],
    [['a'], undefined, '"undefined"'],
    [['x', 'api_key'], 'hunter2', '"***"'],
    [['tokens', 0], 'hunter2', '"***"'],
    [['a'], { PASSWORD: 'hunter2', b: 1 }, '"{"PASSWORD":"***","b":1}"'],
    [['url'], 'https://u:hunter2@host/a@b', '"https://***@host/a@b"'],
    [['url'], 'https://host/?key=hunter2&b=', '"https://host/?key=***&b="'],
  ])('shows %o: %o as %s', (path, value, expected) => {
    expect(quoted(path, value)).toBe(expected);
  });
});

describe('printable', () => {
  test.each([
    ['a b', 'a b'],
    ['a\nb', 'a\\u{a}b'],
    ['💥', '\\u{1f4a5}'],
    ['x'.repeat(80), 'x'.repeat(80)],
    ['x'.repeat(81), `${'x'.repeat(80)}...`],
  ])('makes %j safe to print', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('stays short for text of other characters only', () => {
    expect(printable('ж'.repeat(80)).length).toBeLessThan(100);
  });
});
