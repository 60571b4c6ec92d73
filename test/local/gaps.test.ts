import { describe, expect, test } from 'vitest';
import { gapsQuery, gapsText } from '#local/gaps.ts';
import { BTC } from '../usecases/sync-world.ts';

const ALL = {
  exchange: null,
  symbol: null,
  timeframe: null,
  reason: null,
  state: null,
  fromMs: null,
  untilMs: null,
  limit: null,
  isAll: false,
  isJson: false,
  dataDirectory: '',
};
const whereOf = ({ query }: ReturnType<typeof gapsQuery>): string => /FROM gaps FINAL (.*)\)$/m.exec(query)?.[1] ?? '';

describe('the statement', () => {
  test('leaves out what has come later, unless it is asked for', () => {
    expect(whereOf(gapsQuery(ALL, null))).toBe("WHERE state != 'resolved'");
    expect(whereOf(gapsQuery({ ...ALL, isAll: true }, null))).toBe('');
    expect(whereOf(gapsQuery({ ...ALL, state: 'resolved' }, null))).toBe('WHERE state = {state: String}');
  });

  test('takes each filter as a parameter', () => {
    const filters = { exchange: 'kraken', symbol: BTC, timeframe: '5m', reason: 'no_trades', fromMs: 1000, untilMs: 2000 } as const;
    const asked = gapsQuery({ ...ALL, isAll: true, ...filters }, 5);
    expect(whereOf(asked)).toBe(
      'WHERE exchange = {exchange: String} AND symbol = {symbol: String} AND timeframe = {timeframe: String} AND reason = {reason: String} ' +
        'AND until_time > fromUnixTimestamp64Milli({from: Int64}) AND from_time < fromUnixTimestamp64Milli({until: Int64})',
    );
    expect(asked.parameters).toEqual({
      exchange: 'kraken',
      symbol: BTC,
      timeframe: '5m',
      reason: 'no_trades',
      from: '1000',
      until: '2000',
      limit: '5',
    });
    expect(gapsQuery(ALL, 5).query).toContain(' LIMIT {limit: UInt64})');
    expect(gapsQuery(ALL, null).query).not.toContain('LIMIT');
  });
});

describe('the text', () => {
  const gap = {
    kind: 'gap',
    exchange: 'coinbase',
    symbol: 'BTC/USD',
    timeframe: '1m',
    from: '2023-03-04T17:00:00Z',
    until: '2023-03-04T21:37:00Z',
    candles: 277,
    reason: 'exchange_outage',
    state: 'explained',
    attempts: 2,
    gaps: 1,
    detected_at_utc: '2023-03-04T17:02:03Z',
    resolved_at_utc: '',
    resolved_by: '',
    evidence: 'too silent for chance',
  } as const;
  const totals = [
    { ...gap, kind: 'total', gaps: '1', candles: '277' },
    { ...gap, kind: 'total', reason: 'no_trades', gaps: '1200', candles: '1500' },
    { ...gap, kind: 'total', timeframe: '5m', gaps: '2', candles: '60' },
  ] as const;

  test('is a table, how many more there are, and what all come to by timeframe', () => {
    expect(gapsText([gap], totals, true)).toBe(
      [
        'exchange  symbol   timeframe  from                  until                 candles  reason           state      attempts  evidence',
        'coinbase  BTC/USD  1m         2023-03-04T17:00:00Z  2023-03-04T21:37:00Z  277      exchange_outage  explained  2         too silent for chance',
        'and 1,202 older ones; list more with --limit, or other ones with --to',
        '1m: 1,777 candles in 1,201 gaps: 277 exchange_outage, 1,500 no_trades',
        '5m: 60 candles in 2 gaps: 60 exchange_outage',
        '',
      ].join('\n'),
    );
  });

  test('tells when and by what a gap was filled where that is asked for', () => {
    const filled = { ...gap, state: 'resolved', resolved_at_utc: '2023-03-04T22:00:00Z', resolved_by: 'rest' };
    const [header, row] = gapsText([filled], [totals[0]], false).split('\n');
    expect(header).toMatch(/detected +resolved +by +evidence$/);
    expect(row).toMatch(/2023-03-04T17:02:03Z {2}2023-03-04T22:00:00Z {2}rest +too silent for chance$/);
  });

  test('says so when there are none', () => {
    expect(gapsText([], [], true)).toBe('no gaps but those whose candles came later (--all)\n');
    expect(gapsText([], [], false)).toBe('no gaps\n');
  });
});
