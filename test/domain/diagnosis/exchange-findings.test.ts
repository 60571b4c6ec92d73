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

  test('whose clock is wrong is told by how much, with the cure', () => {
    expect(exchangeFindings({ ...probe, skewMs: -4200.4 })).toMatchObject([
      { fact: 'its clock is -4200 ms ahead of ours', cure: 'set this machine’s clock (NTP)' },
    ]);
  });

  test('is warned of when it is slow, and of each market that it does not have', () => {
    const unavailable = ['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((base) => ({ symbol: `${base}/USD`, reason: 'not listed' }));
    const findings = exchangeFindings({ ...probe, latencyMs: 2500, unavailable });
    expect(findings.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
    expect(findings[0]).toMatchObject({ fact: 'it took 2500 ms to answer', cure: 'choose a region nearer to it' });
    expect(findings[1]?.cure).toBe('remove them from config/exchanges.yaml');
    expect([severities({ latencyMs: 2000 }), severities({ latencyMs: 2000.5 })]).toEqual([['good'], ['warning']]);
    expect(exchangeFindings({ ...probe, unavailable: unavailable.slice(0, 5) })[0]?.fact).toMatch(/E\/USD \(not listed\)$/);
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
    expect([finding.check, finding.severity, cure.test(finding.cure)]).toEqual(['exchange binance', severity, true]);
    expect(finding.fact).toMatch(/(?:^|: )no$/);
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

  test('is told with the cure', () => {
    const told = (region: string | null) =>
      regionFindings(region, ['binance', 'kraken']).map(({ check, fact, cure }) => [check, fact, cure]);
    expect(told(null)).toEqual([['region', 'no region was named', 'name it with --region, or set AWS_REGION']]);
    for (const wrong of ['Ireland', 'x eu-west-1', 'eu-west-1a'])
      expect(told(wrong)).toEqual([['region', `"${wrong}" is not the name of a region`, 'write it like eu-west-1']]);
    expect(told('us-east-1')).toEqual([
      [
        'region',
        'us-east-1 is in the United States, where binance answers 451',
        'choose eu-west-1 or ap-northeast-1, or disable binance and take binanceus',
      ],
    ]);
    expect(told('eu-west-1')).toEqual([['region', 'eu-west-1 suits binance, kraken', '']]);
  });
});
