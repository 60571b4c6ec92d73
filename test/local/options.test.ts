import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { parseExchangeOption, parseFolder, parsePort, parseSpeed, parseSymbolOption, refuseRepeatedOptions } from '#local/options.ts';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'it was not refused';
}

describe('parseSpeed', () => {
  test.each<[string, number | 'max']>([
    ['1', 1],
    ['60', 60],
    ['0.5', 0.5],
    ['100000', 100_000],
    ['max', 'max'],
  ])('reads %j', (text, speed) => {
    expect(parseSpeed(text, true)).toBe(speed);
  });

  test.each(['', '0', '0.000', '-1', '100001', '1e3', '0x10', ' 60', 'fast', 'MAX', 'Infinity', 'NaN', '1.2345'])('refuses %j', (text) => {
    expect(refusal(() => parseSpeed(text, true))).toBe(
      `--speed "${text}" is not a speed, expected a number above 0 and up to 100000, or max; correct it`,
    );
  });

  test('refuses max where time cannot jump', () => {
    expect(refusal(() => parseSpeed('max', false))).toBe(
      '--speed "max" is not a speed, expected a number above 0 and up to 100000; correct it',
    );
  });
});

describe('parsePort', () => {
  test.each([
    ['0', 0],
    ['80', 80],
    ['65535', 65_535],
  ] as const)('reads %j', (text, port) => {
    expect(parsePort('--port', text)).toBe(port);
  });

  test.each(['', '65536', '-1', '8420.5', '0x50', '1e3', ' 80', 'http'])('refuses %j', (text) => {
    expect(refusal(() => parsePort('--store-port', text))).toBe(
      `--store-port "${text}" is not a port, expected an integer from 0 to 65535 (0 takes a free one); correct it`,
    );
  });
});

describe('parseFolder', () => {
  test.each(['data', './a b/c', '/tmp/x', '../Ünïcode'])('makes %j absolute', (text) => {
    expect(parseFolder('--data', text)).toBe(resolve(text));
  });

  test.each([
    ['', 'the name of a folder'],
    ['  ', 'the name of a folder'],
    ['a\nb', 'one without control characters'],
    ['a\u0000b', 'one without control characters'],
    ['a\u007Fb', 'one without control characters'],
  ])('refuses %j in one line', (text, expected) => {
    expect(refusal(() => parseFolder('--data', text))).toBe(
      `--data ${JSON.stringify(text)} is not a path, expected ${expected}; correct it`,
    );
  });
});

describe('refuseRepeatedOptions', () => {
  test.each([
    [[]],
    [['start', '--fresh', '--port', '1']],
    [['--port=1', '--store-port=2']],
    [['sql', '--', '--a', '--a']],
    [['--data', '-x', '-x', 'a', 'a']],
  ])('lets pass %j', (args) => {
    expect(refusal(() => refuseRepeatedOptions(args))).toBe('it was not refused');
  });

  test.each([[['--port', '1', '--port', '2']], [['--port=1', '--port=1']], [['--port=1', 'start', '--port']]])('refuses %j', (args) => {
    expect(refusal(() => refuseRepeatedOptions(args))).toBe('--port is given twice, expected once; remove one');
  });
});

describe('an exchange and a symbol', () => {
  test('are taken as they are written', () => {
    expect([parseExchangeOption('kraken'), parseSymbolOption('BTC/USDT')]).toEqual(['kraken', 'BTC/USDT']);
  });

  test.each(['', 'nasdaq', 'Kraken', 'constructor'])('%j is refused as an exchange', (text) => {
    expect(() => parseExchangeOption(text)).toThrow(/^--exchange ".*" is not an exchange, expected one of binance, .*; correct it$/);
  });

  test.each(['', 'BTC', 'btc/usdt', 'BTC-USDT', "x'); DROP TABLE d.c; --", 'BTC/USDT\n'])('%j is refused as a symbol', (text) => {
    expect(() => parseSymbolOption(text)).toThrow(
      /^--symbol ".*" is not a market, expected BASE\/QUOTE in capitals such as BTC\/USDT; correct it$/,
    );
  });
});
