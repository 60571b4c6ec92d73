import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadFaultPlan } from '#config/fault-plan.ts';
import { ConfigError } from '#core/errors.ts';
import { FAULT_MODES } from '#core/fault-plan.ts';
import { folderOf } from '../recorded-exchange/replay.ts';

const ROOT = join(import.meta.dirname, '../..');

function planOf(text: string) {
  return loadFaultPlan(join(folderOf({ 'faults.yaml': text }), 'faults.yaml'));
}

/** Message without the folder. */
function refusalOf(text: string): string {
  const dir = folderOf({ 'faults.yaml': text });
  try {
    loadFaultPlan(join(dir, 'faults.yaml'));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replace(`${dir}/`, '');
  }
  throw new Error('the plan was accepted');
}

const rule = (parts: string): string => `faults:\n  - { ${parts} }\n`;

describe('a plan of faults', () => {
  test('says of each what, where and when', () => {
    const plan = planOf(`
seed: 7
faults:
  - mode: status
    exchange: [binance, kraken]
    symbol: BTC/USDT
    timeframe: 1m
    from: 2023-03-11T00:10:00Z
    until: 2023-03-11T00:12:30Z
    every: 3
    probability: 0.5
    times: 9
    status: 429
    retry_after: 17
`);
    expect(plan.seed).toBe(7);
    expect(plan.rules).toMatchObject([
      {
        mode: 'status',
        exchanges: ['binance', 'kraken'],
        symbols: ['BTC/USDT'],
        timeframes: ['1m'],
        endpoints: ['candles'],
        fromMs: Date.UTC(2023, 2, 11, 0, 10),
        untilMs: Date.UTC(2023, 2, 11, 0, 12, 30),
        every: 3,
        probability: 0.5,
        times: 9,
        status: 429,
        retryAfter: '17',
      },
    ]);
  });

  test('is about everything where it names nothing', () => {
    expect(planOf(rule('mode: page')).rules).toMatchObject([
      {
        exchanges: 'all',
        symbols: 'all',
        timeframes: 'all',
        endpoints: ['candles'],
        fromMs: null,
        untilMs: null,
        every: 1,
        probability: 1,
        times: null,
      },
    ]);
  });

  test('touches every endpoint in an outage and a delisting', () => {
    expect(planOf(rule('mode: outage')).rules[0]?.endpoints).toBe('all');
    expect(planOf(rule('mode: delisted, symbol: BTC/USD')).rules[0]?.endpoints).toBe('all');
  });

  test('as docs/faults.md shows it is one', () => {
    const [, shown = ''] = /```yaml\n([^`]*)```/.exec(readFileSync(join(ROOT, 'docs/faults.md'), 'utf8')) ?? [];
    expect(planOf(shown).rules.map(({ mode }) => mode)).toContain('drip');
  });
});

describe('a plan is refused', () => {
  test.each<[string, string, string]>([
    ['without faults', 'seed: 1\n', 'faults.yaml: faults is missing, expected a list of 1 to 500 faults; add it'],
    ['of an unknown mode', rule('mode: explode'), 'faults.yaml: faults[0].mode is "explode", expected one of reset, cut,'],
    ['of an unknown key', rule('mode: page, symbols: BTC/USD'), 'faults.yaml: faults[0] has the unknown key "symbols"'],
    [
      'of an unknown exchange',
      rule('mode: page, exchange: binanse'),
      'faults.yaml: faults[0].exchange is "binanse", expected one of the exchanges binance,',
    ],
    ['of an unknown timeframe', rule('mode: page, timeframe: [1m, 3m]'), 'expected one of the timeframes 1m, 5m, 1h, or a list of them'],
    [
      'of a bad symbol',
      rule('mode: page, symbol: BTCUSD'),
      'faults.yaml: faults[0].symbol is "BTCUSD", expected one of the symbols such as BTC/USDT',
    ],
    [
      'of a time without a zone',
      rule('mode: page, from: 2023-03-11'),
      'faults.yaml: faults[0].from is "2023-03-11", expected a UTC time such as',
    ],
    ['of a day that does not exist', rule("mode: page, from: '2023-02-30T00:00:00Z'"), 'expected a UTC time such as'],
    [
      'that ends before it begins',
      rule("mode: page, from: '2023-03-11T01:00:00Z', until: '2023-03-11T00:00:00Z'"),
      'faults.yaml: faults[0].until "2023-03-11T00:00:00.000Z" is not after its from; set a later time',
    ],
    [
      'of a probability of nothing',
      rule('mode: page, probability: 0'),
      'faults.yaml: faults[0].probability is "0", expected a number above 0 up to 1',
    ],
    ['of every 0th request', rule('mode: page, every: 0'), 'faults.yaml: faults[0].every is "0", expected an integer from 1 to 1000000'],
    [
      'with a parameter of another mode',
      rule('mode: page, at_byte: 3'),
      'faults.yaml: faults[0].at_byte does not belong to the mode "page"; it has none of its own; remove it',
    ],
    [
      'with a parameter that is not among its own',
      rule('mode: cut, rows: 3'),
      'faults[0].rows does not belong to the mode "cut"; it has at_byte; remove it',
    ],
    ['of a status without one', rule('mode: status'), 'faults.yaml: faults[0].status is missing, expected with the mode "status"; add it'],
    [
      'of a delisting of nobody',
      rule('mode: delisted'),
      'faults.yaml: faults[0].symbol is missing, expected the symbols that "delisted" is about; add it',
    ],
    [
      'of rows of a list of markets',
      rule('mode: lost_rows, endpoint: markets'),
      'faults[0].endpoint is "markets", expected candles for the mode "lost_rows"; remove it',
    ],
    [
      'of sockets by request',
      rule('mode: socket_stall, every: 2'),
      'faults[0].every is about requests, expected none with the mode "socket_stall"; remove it',
    ],
    [
      'of a seed that is none',
      'seed: -1\nfaults: [{ mode: page }]\n',
      'faults.yaml: seed is "-1", expected an integer from 0 to 4294967295',
    ],
  ])('%s', (_what, text, message) => {
    expect(refusalOf(text)).toContain(message);
    expect(refusalOf(text)).not.toContain('\n');
  });
});

test('every mode is explained in docs/faults.md', () => {
  const text = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8');
  expect(FAULT_MODES.filter((mode) => !text.includes(`\`${mode}\``))).toEqual([]);
});
