import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, synthesize } from './synthesized.ts';

const { of, stacks } = synthesize('aws');

describe('what watches it', () => {
  const alarms = of('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);

  test('is in a stack of its own', () => {
    expect(stacks).toEqual(['tidemark-network', 'tidemark-data', 'tidemark-app', 'tidemark-observability']);
  });

  test('takes silence for bad wherever data are expected, and for good elsewhere', () => {
    const silenceIsBad = alarms
      .filter(({ TreatMissingData }) => TreatMissingData === 'breaching')
      .map(({ AlarmName }) => String(AlarmName));
    const ofEach = ['no-candles', 'no-indicators', 'collector-silent'];
    expect(silenceIsBad.sort()).toEqual(
      [
        ...['binance', 'coinbase', 'kraken'].flatMap((exchange) => ofEach.map((name) => `tidemark-${exchange}-${name}`)),
        'tidemark-disk-full',
        'tidemark-no-trades',
      ].sort(),
    );
    expect(alarms.map(({ AlarmName }) => AlarmName)).toEqual(
      expect.arrayContaining(
        ['sync-dead-letters', 'indicators-dead-letters', 'verify-dead-letters', 'archive-dead-letters', 'archive-behind'].map(
          (name) => `tidemark-${name}`,
        ),
      ),
    );
  });

  test('tells somebody, in each alarm, and where to read on', () => {
    expect(alarms.filter(({ AlarmActions }) => (AlarmActions as readonly unknown[] | undefined)?.length !== 1)).toEqual([]);
    const named = alarms.map(({ AlarmDescription }) => /docs\/runbooks\/([a-z-]+\.md)$/.exec(String(AlarmDescription))?.[1] ?? 'none');
    expect([...new Set(named)].sort()).toEqual(readdirSync(join(ROOT, 'docs/runbooks')).sort());
  });

  test('has a runbook for each alarm that says what it means, where to look, and the cure', () => {
    for (const file of readdirSync(join(ROOT, 'docs/runbooks'))) {
      const text = readFileSync(join(ROOT, 'docs/runbooks', file), 'utf8');
      expect({ file, chapters: text.match(/^#+ .*$/gm)?.slice(1) }).toEqual({ file, chapters: ['## Look', '## Cure'] });
    }
  });

  test('looks at the age of candles, at gaps, at the disk and at signs of life', () => {
    const watched = alarms.map(({ AlarmName, Metrics, MetricName, Statistic, Threshold }) => {
      const [{ MetricStat } = { MetricStat: undefined }] = (Metrics ?? []) as readonly {
        MetricStat?: { Metric: { MetricName: string }; Stat: string };
      }[];
      return [AlarmName, MetricName ?? MetricStat?.Metric.MetricName, Statistic ?? MetricStat?.Stat, Threshold].join(' ');
    });
    expect(watched).toEqual(
      expect.arrayContaining([
        'tidemark-kraken-no-candles CandleAgeSeconds Maximum 300',
        'tidemark-kraken-gaps-open CandlesUnfetched Sum 1',
        'tidemark-kraken-unsettled Unsettled Maximum 1',
        'tidemark-kraken-collector-silent TradesCollected SampleCount 1',
        'tidemark-disk-full DiskUsedPercent Maximum 80',
      ]),
    );
  });

  test('counts what the services say: each metric is a number of a line that exists', () => {
    const code = [
      'lambdas/sync/handler.ts',
      'lib/usecases/sync-freshness.ts',
      'lambdas/indicators/handler.ts',
      'lambdas/verify/handler.ts',
      'fargate/collector/main.ts',
      'fargate/collector/heartbeat.ts',
    ]
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .join('\n');
    for (const { Properties } of of('AWS::Logs::MetricFilter')) {
      const event = /\$\.event = "([^"]+)"/.exec(String(Properties['FilterPattern']))?.[1] ?? 'none';
      const [{ MetricValue } = { MetricValue: '' }] = Properties['MetricTransformations'] as readonly { MetricValue: string }[];
      expect(code).toContain(`logger.info('${event}'`);
      expect(code).toMatch(new RegExp(`\\b${MetricValue.slice(2)}\\b`));
    }
  });

  test('has questions ready for its logs, over the groups that are there', () => {
    const queries = of('AWS::Logs::QueryDefinition').map(({ Properties }) => Properties);
    expect(queries.length).toBeGreaterThanOrEqual(6);
    for (const { Name, QueryString, LogGroupNames } of queries) {
      expect(String(Name)).toMatch(/^tidemark\//);
      expect(String(QueryString)).toMatch(/filter /);
      expect((LogGroupNames as readonly unknown[]).length).toBeGreaterThan(0);
    }
    const without = synthesize('aws', { environment: { TIDEMARK_STREAMING__COLLECTOR__ENABLED: 'false' } });
    expect(without.of('AWS::Logs::QueryDefinition').map(({ Properties }) => Properties['Name'])).not.toContain('tidemark/trades by minute');
    expect(
      without.of('AWS::CloudWatch::Alarm').filter(({ Properties }) => /collector|trades/.test(String(Properties['AlarmName']))),
    ).toEqual([]);
  });

  test('has at most 25 metrics of its own: none by symbol', () => {
    const filters = of('AWS::Logs::MetricFilter').map(
      ({ Properties }) => Properties['MetricTransformations'] as readonly { Dimensions: readonly { Key: string }[] }[],
    );
    expect(filters.flat().map(({ Dimensions }) => Dimensions.map(({ Key }) => Key))).toEqual(filters.map(() => ['service', 'exchange']));
    // Of four exchanges, and the disk's.
    expect(filters.length * 4 + 1).toBeLessThanOrEqual(25);
  });

  test('costs nothing in the smallest profile: ten metrics and ten alarms at most, the age of candles among them', () => {
    const { of: ofStarter } = synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__PROFILE: 'starter' } });
    expect(ofStarter('AWS::Logs::MetricFilter').length * 3 + 1).toBeLessThanOrEqual(10);
    const names = ofStarter('AWS::CloudWatch::Alarm').map(({ Properties }) => String(Properties['AlarmName']));
    expect(names.length).toBeLessThanOrEqual(10);
    expect(names).toEqual(expect.arrayContaining(['tidemark-kraken-no-candles', 'tidemark-disk-full', 'tidemark-no-trades']));
  });

  test('has a budget, or none when it is 0', () => {
    expect(of('AWS::Budgets::Budget')).toHaveLength(1);
    expect(synthesize('aws', { environment: { TIDEMARK_DEPLOYMENT__BUDGET_USD: '0' } }).of('AWS::Budgets::Budget')).toEqual([]);
  });
});
