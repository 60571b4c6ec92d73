import { describe, expect, test } from 'vitest';
import { exchangeFailure, exchangeFindings, regionFindings } from '#domain/diagnosis/exchange-findings.ts';

const probe = { exchange: 'kraken', latencyMs: 80, skewMs: 400, unavailable: [] } as const;
const severities = (given: Partial<Parameters<typeof exchangeFindings>[0]>) =>
  exchangeFindings({ ...probe, ...given }).map(({ severity }) => severity);

describe('an exchange that answers', () => {
  test('is good when it is quick, agrees about the time and has all markets', () => {
    expect(exchangeFindings(probe)).toEqual([
      { check: 'exchange kraken', severity: 'good', fact: 'answers in 80 ms, all configured markets are traded', cure: '' },
    ]);
    expect(severities({ skewMs: null })).toEqual(['good']);
  });

  test.each([
    [2000, 'good'],
    [2001, 'warning'],
    [-2001, 'warning'],
    [30_000, 'warning'],
    [30_001, 'error'],
    [-86_400_000, 'error'],
  ])('whose clock is %d ms ahead is %s', (skewMs, severity) => {
    expect(severities({ skewMs })).toEqual([severity]);
  });

  test('is warned of when it is slow, and of each market that it does not have', () => {
    const unavailable = ['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((base) => ({ symbol: `${base}/USD`, reason: 'not listed' }));
    const findings = exchangeFindings({ ...probe, latencyMs: 2500, unavailable });
    expect(findings.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
    expect(findings[1]?.fact).toBe(
      'it has no market A/USD (not listed), B/USD (not listed), C/USD (not listed), D/USD (not listed), E/USD (not listed) and 2 more',
    );
  });
});

describe('an exchange that does not answer', () => {
  test.each([
    ['GEO_BLOCKED', 'error', /data-api\.binance\.vision/],
    ['UNREACHABLE', 'unknown', /where the deployment will run/],
    ['TIMEOUT', 'unknown', /check the network/],
    ['RATE_LIMITED', 'warning', /wait/],
    ['BANNED', 'warning', /wait/],
    ['BAD_PAYLOAD', 'error', /interface/],
  ])('because of %s is a finding of severity %s with its cure', (code, severity, cure) => {
    const finding = exchangeFailure({ exchange: 'binance', code, message: 'no' });
    expect([finding.severity, cure.test(finding.cure)]).toEqual([severity, true]);
  });

  test('because of the place is cured by another place, where there is no other host', () => {
    expect(exchangeFailure({ exchange: 'kraken', code: 'GEO_BLOCKED', message: 'no' }).cure).toBe('deploy to a region that it serves');
  });
});

describe('a region', () => {
  test.each([
    ['eu-west-1', ['binance'], 'good'],
    ['us-east-1', ['binance', 'kraken'], 'error'],
    ['us-east-1', ['binanceus', 'kraken'], 'good'],
    ['us-gov-west-1', ['binance'], 'error'],
    ['Ireland', ['kraken'], 'error'],
    ['eu-west-9', ['kraken'], 'unknown'],
    [null, ['kraken'], 'unknown'],
  ] as const)('%s with %j is %s', (region, exchanges, severity) => {
    expect(regionFindings(region, exchanges).map((finding) => finding.severity)).toEqual([severity]);
  });
});
