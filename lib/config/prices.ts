import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { camelCased, type CamelCased } from './camel-case.ts';
import { describeIssues } from './problems.ts';
import { object, textLike, textOfLength } from './shapes.ts';
import { readYamlFile } from './yaml-file.ts';

function numberOf(error: string, min: number, max: number) {
  return z.number({ error }).check(z.minimum(min, { error }), z.maximum(max, { error }));
}

const MONEY = numberOf('dollars, a number from 0 to 100000', 0, 100_000);
const COUNT = numberOf('a number from 0 on', 0, Number.MAX_VALUE);
const DATE_EXPECTED = 'a day such as 2026-11-22';
const TEXT_EXPECTED = 'a text of 1 to 1000 characters';

const REGION = object({
  factor: numberOf('a number from 0.5 to 3', 0.5, 3),
  estimated: z.boolean({ error: 'true or false' }),
});

const PRICES_FILE = object({
  date: textLike(DATE_EXPECTED, /^20\d\d-[01]\d-[0-3]\d$/),
  source: textOfLength(TEXT_EXPECTED, 1, 1000),
  hours_a_month: COUNT,
  regions: z.record(z.string(), REGION, { error: 'a mapping of regions' }),
  ec2_hour: object({ 't4g.nano': MONEY, 't4g.medium': MONEY, 't4g.large': MONEY, 'm7g.large': MONEY, 'm7g.2xlarge': MONEY }),
  disk_gb: MONEY,
  snapshot_gb: MONEY,
  public_address_hour: MONEY,
  nat_gateway_hour: MONEY,
  nat_gateway_gb: MONEY,
  fargate_vcpu_hour: MONEY,
  fargate_gb_hour: MONEY,
  valkey_serverless_floor: MONEY,
  valkey_million_commands: MONEY,
  kinesis_shard_hour: MONEY,
  kinesis_million_puts: MONEY,
  lambda_gb_second: MONEY,
  lambda_million_requests: MONEY,
  sqs_million_requests: MONEY,
  s3_gb: MONEY,
  s3_thousand_puts: MONEY,
  s3_thousand_gets: MONEY,
  metric: MONEY,
  alarm: MONEY,
  dashboard: MONEY,
  log_gb: MONEY,
  secret: MONEY,
  grafana_editor: MONEY,
  grafana_viewer: MONEY,
  clickhouse_cloud_basic: MONEY,
  clickhouse_cloud_scale: MONEY,
  free: object({
    lambda_gb_seconds: COUNT,
    lambda_requests: COUNT,
    sqs_requests: COUNT,
    metrics: COUNT,
    alarms: COUNT,
    dashboards: COUNT,
    log_gb: COUNT,
  }),
});

/** The table of AWS prices, checked and frozen. */
export type PriceTable = CamelCased<z.infer<typeof PRICES_FILE>>;

/** Reads a table of prices. Throws `ConfigError` with one line per problem. */
export function loadPrices(file: string): PriceTable {
  const document = readYamlFile(file);
  const parsed = PRICES_FILE.safeParse(document);
  if (!parsed.success) throw new ConfigError(describeIssues(file, document, parsed.error));
  return camelCased(parsed.data);
}
