import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, textOf, typeScriptFiles } from './repository-files.ts';

const WITH_TWINS = ['lib/core', 'lib/domain', 'lib/std', 'lib/config', 'lib/providers'];

const TYPES_ONLY = /^lib\/core\/ports\//;

/** Files without a test of their own, each with the test that would fail if it were wrong. Types alone need none. */
const TESTED_ELSEWHERE: Readonly<Record<string, string | null>> = {
  'lib/core/audit-finding.ts': 'test/campaigns/f23-audit-honesty.test.ts',
  'lib/core/candle-gap.ts': 'test/domain/candles/coverage.test.ts',
  'lib/core/candle-agreement.ts': null,
  'lib/core/candle-finding.ts': null,
  'lib/core/candle-revision.ts': null,
  'lib/core/file-finding.ts': 'test/usecases/audit-files.test.ts',
  'lib/core/fnv1a.ts': 'test/domain/trades/bucket.test.ts',
  'lib/core/watermark.ts': null,
  'lib/core/candle.ts': 'test/domain/candles/version.property.test.ts',
  'lib/core/exchange.ts': 'test/core/scheduled-tick.test.ts',
  'lib/core/fault-plan.ts': 'test/config/fault-plan.test.ts',
  'lib/core/recording.ts': null,
  'lib/core/service-line.ts': 'test/domain/log-line.test.ts',
  'lib/core/timeframe.ts': 'test/config/load.test.ts',
  'lib/core/trade.ts': 'test/domain/trades/trade-record.test.ts',
  'lib/core/trade-feed.ts': null,
  'lib/core/trade-gap.ts': null,
  'lib/core/trade-line.ts': null,
  'lib/core/trade-minute.ts': null,
  'lib/core/deployment-profile.ts': 'test/infra/stateful.test.ts',
  'lib/domain/cost/prices.ts': null,
  // Formulas are compared with TA-Lib's own values.
  'lib/domain/indicators/ema.ts': 'test/domain/indicators/ta-lib.test.ts',
  'lib/domain/indicators/indicator.ts': 'test/domain/indicators/registry.test.ts',
  'lib/domain/indicators/macd.ts': 'test/domain/indicators/ta-lib.test.ts',
  'lib/domain/indicators/rsi.ts': 'test/domain/indicators/ta-lib.test.ts',
  'lib/domain/indicators/sma.ts': 'test/domain/indicators/ta-lib.test.ts',
  'lib/domain/indicators/stochastic.ts': 'test/domain/indicators/ta-lib.test.ts',
  'lib/domain/quality/quality-verdict.ts': 'test/domain/quality/trade-quality.test.ts',
  'lib/domain/indicators/series-values.ts': 'test/usecases/compute-indicators.test.ts',
  // One way in: what a person writes into YAML and the environment.
  'lib/config/environment.ts': 'test/config/load.test.ts',
  'lib/config/shapes.ts': 'test/config/load.test.ts',
  'lib/config/yaml-file.ts': 'test/config/load.test.ts',
  // Each exchange's wire is tested through the port, over real HTTP.
  'lib/providers/ccxt/binance-protocol.ts': 'test/providers/ccxt/ccxt-rest-api.test.ts',
  'lib/providers/ccxt/coinbase-protocol.ts': 'test/providers/ccxt/ccxt-rest-api.test.ts',
  'lib/providers/ccxt/exchange-errors.ts': 'test/providers/ccxt/ccxt-rest-api.test.ts',
  'lib/providers/ccxt/request-gate.ts': 'test/providers/ccxt/ccxt-rest-api.test.ts',
  'lib/providers/ccxt/exchanges.ts': 'test/providers/ccxt/ccxt-rest-api.contract.test.ts',
  'lib/providers/ccxt/kraken-protocol.ts': 'test/providers/ccxt/ccxt-rest-api.test.ts',
  'lib/providers/ccxt/protocol.ts': 'test/providers/ccxt/ccxt-rest-api.test.ts',
  // The store is tested through its port, the endpoint through real requests.
  'lib/providers/clickhouse/witness-tables.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/client.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/embedded-engine.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/http-answer.ts': 'test/providers/clickhouse/store-server.embedded.test.ts',
  'lib/providers/clickhouse/http-errors.ts': 'test/providers/clickhouse/store-server.embedded.test.ts',
  'lib/providers/clickhouse/http-lane.ts': 'test/providers/clickhouse/store-server.embedded.test.ts',
  'lib/providers/clickhouse/http-parameters.ts': 'test/providers/clickhouse/store-server.embedded.test.ts',
  'lib/providers/clickhouse/http-request.ts': 'test/providers/clickhouse/store-server.embedded.test.ts',
  'lib/providers/clickhouse/indicator-inputs.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/ledger-tables.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/schema.ts': 'test/providers/clickhouse/migrations.test.ts',
  'lib/providers/clickhouse/statements.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/tables.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  'lib/providers/clickhouse/trade-tables.ts': 'test/providers/clickhouse/clickhouse-db.embedded.test.ts',
  // What the AWS calls do is seen at the ports, and in the campaign of partial failures.
  'lib/providers/aws/aws-errors.ts': 'test/providers/aws/kinesis-stream.test.ts',
  'lib/providers/aws/put-in-order.ts': 'test/providers/aws/kinesis-partial-failures.test.ts',
  'lib/providers/redis/scripts.ts': 'test/providers/redis/redis-cache.redis.test.ts',
  // Types alone: the protocol of a live feed.
  'lib/core/feed-protocol.ts': null,
  // Rows of an exchange's wire are tested through its session, on recorded frames.
  'lib/providers/binance/binance-trade.ts': 'test/providers/binance/binance-feed.test.ts',
  'lib/providers/coinbase/coinbase-products.ts': 'test/providers/coinbase/coinbase-feed.test.ts',
  'lib/providers/coinbase/coinbase-trade.ts': 'test/providers/coinbase/coinbase-feed.test.ts',
  'lib/providers/kraken/kraken-trade.ts': 'test/providers/kraken/kraken-feed.test.ts',
  'lib/providers/ccxt/ccxt-watcher.ts': 'test/providers/ccxt/ccxt-web-socket.test.ts',
  'lib/providers/ccxt/pro-exchanges.ts': 'test/providers/ccxt/ccxt-web-socket.test.ts',
  // The parts of a live feed are tested together, in virtual time.
  'lib/providers/websocket/conversation.ts': 'test/providers/websocket/live-feed.test.ts',
  'lib/providers/websocket/feed-connection.ts': 'test/providers/websocket/live-feed-faults.test.ts',
  'lib/providers/websocket/symbol-book.ts': 'test/providers/websocket/live-feed.test.ts',
};

const files = typeScriptFiles(...WITH_TWINS).filter((path) => !TYPES_ONLY.test(path));

/** `lib/std/pacer.ts` -> `test/std/pacer.test.ts`, `test/std/pacer.property.test.ts` and their like. */
function hasTwin(path: string): boolean {
  return globSync(`${path.replace(/^lib\//, 'test/').replace(/\.ts$/, '')}{,.*}.test.ts`, { cwd: ROOT }).length > 0;
}

describe('a file of core, domain, std, config or the providers', () => {
  test('is looked at', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  test('has a test beside it, or is named here with the test that covers it', () => {
    expect(files.filter((path) => !hasTwin(path) && !(path in TESTED_ELSEWHERE))).toEqual([]);
  });

  test('is not named here when it has a test of its own, or is no more', () => {
    expect(Object.keys(TESTED_ELSEWHERE).filter((path) => !files.includes(path) || hasTwin(path))).toEqual([]);
  });

  test('is named here with a test that exists, or has nothing that could be run', () => {
    const wrong = Object.entries(TESTED_ELSEWHERE).filter(([path, covering]) =>
      covering === null ? /^export (?!type|interface)/m.test(textOf(path)) : !existsSync(join(ROOT, covering)),
    );
    expect(wrong).toEqual([]);
  });

  test('below ports is types alone', () => {
    expect(typeScriptFiles('lib/core/ports').filter((path) => /^export (?!type|interface)/m.test(textOf(path)))).toEqual([]);
  });
});

test('a test of lib is the twin of a file that exists', () => {
  const tests = typeScriptFiles(
    'test/core',
    'test/std',
    'test/config',
    'test/usecases',
    'test/factories',
    'test/lambdas',
    'test/local',
  ).filter((path) => path.endsWith('.test.ts'));
  const twinOf = (path: string): string =>
    path
      .replace(/(\.[a-z]+)?\.test\.ts$/, '.ts')
      .replace(/^test\/(?!lambdas|local)/, 'lib/')
      .replace(/^test\//, '');
  expect(tests.filter((path) => !existsSync(join(ROOT, twinOf(path))))).toEqual([]);
});
