import { PROFILE_PARTS, type DeploymentProfile } from '#core/deployment-profile.ts';
import type { InstanceType, Prices } from './prices.ts';

type ClickHouseHost = 'ec2' | 'cloud-basic' | 'cloud-scale' | 'external';

export type CostInput = {
  readonly profile: DeploymentProfile;
  readonly clickhouse: ClickHouseHost;
  readonly exchanges: number;
  /** Markets over all exchanges: one symbol at two exchanges is two. */
  readonly markets: number;
  /** At most one latest price per market and this time. */
  readonly coalesceMs: number;
};

/** Dollars a month of one part in the region; `basis` says what it was computed from. */
type CostLine = { readonly part: string; readonly basis: string; readonly dollars: number };

export type CostEstimate = {
  readonly lines: readonly CostLine[];
  readonly total: number;
  readonly perMarket: number;
  /** What the load is taken to be. */
  readonly tradesADay: number;
};

const SECONDS_A_MONTH = 2_628_000;
const MINUTES_A_MONTH = 43_800;
/** Snapshots hold what of a disk is used. */
const USED_SHARE = 0.64;
/** From here on one of a kind is not enough: a larger host, more collectors, gateways. */
const MANY_MARKETS = 500;
const VERY_MANY_MARKETS = 5000;
const TRADES_A_RECORD = 200;
const BYTES_A_STORED_TRADE = 12.5;
/** Verify looks at each hour of trades twice; a trade takes so long to read and to add up, on the slower cores there. */
const LOOKS = 2;
const SECONDS_A_TRADE_READ = 12e-6;
const SECONDS_A_LOOK = 1;
/** Of all functions in a minute: whatever the number of markets, and for each. */
const GB_SECONDS_A_TICK = { base: 11.9, perMarket: 0.03 };

/**
 * Trades of all markets together in a day. From dated trade ids of 2025 and 2026 for the largest markets and a guess for the tail: 20 million for
 * 180 markets, 35 for 1,000, 120 for 10,000; between and beyond them a power of the number of markets.
 */
export function tradesADay(markets: number): number {
  const [few, many, most] = [
    { markets: 180, trades: 20e6 },
    { markets: 1000, trades: 35e6 },
    { markets: 10_000, trades: 120e6 },
  ] as const;
  const [from, to] = markets <= many.markets ? [few, many] : [many, most];
  const power = Math.log(to.trades / from.trades) / Math.log(to.markets / from.markets);
  return from.trades * (markets / from.markets) ** power;
}

/** What a deployment costs in a region of `prices`. Throws `RangeError` for a region that is not among them. */
export function estimateCost(input: CostInput, prices: Prices, region: string): CostEstimate {
  const place = prices.regions[region];
  if (place === undefined) throw new RangeError(`no prices for the region "${region}"`);
  const load = { ...input, trades: tradesADay(input.markets) };
  const list = [
    ...clickhouseLines(load, prices),
    egressLine(load, prices),
    collectorLine(load, prices),
    ...cacheLines(load, prices),
    streamLine(load, prices),
    functionsLine(load, prices),
    queuesAndArchiveLine(load, prices),
    observabilityLine(load, prices),
    ...grafanaLines(load, prices),
    secretsLine(load, prices),
  ];
  const lines = list.map((line) => ({ ...line, dollars: line.dollars * place.factor }));
  const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
  return { lines, total, perMarket: total / input.markets, tradesADay: load.trades };
}

type Load = CostInput & { readonly trades: number };

function clickhouseLines({ clickhouse, profile, markets }: Load, prices: Prices): CostLine[] {
  if (clickhouse === 'external') return [{ part: 'ClickHouse', basis: 'a server of your own', dollars: 0 }];
  if (clickhouse === 'cloud-basic')
    return [
      { part: 'ClickHouse', basis: 'ClickHouse Cloud Basic, always active, 1 TB and its backup', dollars: prices.clickhouseCloudBasic },
    ];
  if (clickhouse === 'cloud-scale')
    return [{ part: 'ClickHouse', basis: 'ClickHouse Cloud Scale, two replicas, 1 TB', dollars: prices.clickhouseCloudScale }];
  const { type, diskGb } = hostOf(profile, markets);
  return [
    {
      part: 'ClickHouse',
      basis: profile === 'starter' ? `${type}, also for Valkey and Grafana` : type,
      dollars: prices.ec2Hour[type] * prices.hoursAMonth,
    },
    {
      part: 'disk and snapshots',
      basis: `${diskGb} GB, ${USED_SHARE * 100} % of it in snapshots`,
      dollars: diskGb * (prices.diskGb + USED_SHARE * prices.snapshotGb),
    },
  ];
}

function hostOf(profile: DeploymentProfile, markets: number): { readonly type: InstanceType; readonly diskGb: number } {
  if (markets >= VERY_MANY_MARKETS) return { type: 'm7g.2xlarge', diskGb: 1000 };
  if (markets >= MANY_MARKETS) return { type: 'm7g.large', diskGb: 200 };
  const diskGb = { starter: 40, default: 70, production: 120 }[profile];
  return { type: PROFILE_PARTS[profile].clickhouseInstance, diskGb };
}

function egressLine({ profile, markets }: Load, prices: Prices): CostLine {
  const address = prices.publicAddressHour * prices.hoursAMonth;
  if (PROFILE_PARTS[profile].hasOwnWayOut && markets < VERY_MANY_MARKETS) {
    const dollars = prices.ec2Hour['t4g.nano'] * prices.hoursAMonth + 8 * prices.diskGb + address;
    return { part: 'way out', basis: 'NAT instance t4g.nano with an address of its own', dollars };
  }
  const gb = Math.round(90 + markets / 10);
  const dollars = 2 * (prices.natGatewayHour * prices.hoursAMonth + address) + gb * prices.natGatewayGb;
  return { part: 'way out', basis: `NAT gateways in two zones, ${gb} GB`, dollars };
}

function collectorLine({ profile, markets, exchanges }: Load, prices: Prices): CostLine {
  const [tasks, vcpu] =
    markets >= VERY_MANY_MARKETS
      ? [4 * exchanges, 0.5]
      : markets >= MANY_MARKETS
        ? [exchanges, 0.25]
        : [profile === 'production' ? 2 : 1, 0.25];
  const hour = vcpu * prices.fargateVcpuHour + 2 * vcpu * prices.fargateGbHour + prices.publicAddressHour;
  return {
    part: 'collector',
    basis: `${tasks} x ${vcpu} vCPU, ${2 * vcpu} GB on Fargate ARM with an address`,
    dollars: tasks * hour * prices.hoursAMonth,
  };
}

function cacheLines({ profile, trades, markets, coalesceMs }: Load, prices: Prices): CostLine[] {
  if (profile === 'starter') return [];
  const writers = profile === 'production' ? 2 : 1;
  // A market that trades less often than it may be written is written at each trade.
  const perSecond = Math.min(trades / 86_400, (markets * 1000) / coalesceMs) * writers;
  const millions = (perSecond * SECONDS_A_MONTH) / 1e6;
  const dollars = prices.valkeyServerlessFloor + millions * prices.valkeyMillionCommands;
  return [{ part: 'cache', basis: `Valkey Serverless, ${Math.round(millions)} million commands`, dollars }];
}

function streamLine({ profile, trades, markets }: Load, prices: Prices): CostLine {
  const shards = markets >= VERY_MANY_MARKETS ? 3 : PROFILE_PARTS[profile].shards;
  const copies = profile === 'production' ? 2 : 1;
  const millionPuts = (trades * 30.4 * copies) / TRADES_A_RECORD / 1e6;
  const dollars = shards * prices.kinesisShardHour * prices.hoursAMonth + millionPuts * prices.kinesisMillionPuts;
  return { part: 'stream', basis: `Kinesis, ${shards} shard${shards === 1 ? '' : 's'}, ${TRADES_A_RECORD} trades a record`, dollars };
}

function functionsLine({ profile, markets, exchanges, trades }: Load, prices: Prices): CostLine {
  const isFree = profile !== 'production';
  const verifying = (MINUTES_A_MONTH / 60) * LOOKS * (exchanges * SECONDS_A_LOOK + (trades / 24) * SECONDS_A_TRADE_READ);
  const gbSeconds = MINUTES_A_MONTH * (GB_SECONDS_A_TICK.base + GB_SECONDS_A_TICK.perMarket * markets) + verifying;
  const requests = MINUTES_A_MONTH * (2 * exchanges + 1);
  const paidSeconds = Math.max(0, gbSeconds - (isFree ? prices.free.lambdaGbSeconds : 0));
  const paidRequests = Math.max(0, requests - (isFree ? prices.free.lambdaRequests : 0));
  const dollars = paidSeconds * prices.lambdaGbSecond + (paidRequests / 1e6) * prices.lambdaMillionRequests;
  return { part: 'functions', basis: `${Math.round(gbSeconds / 1000)} thousand GB-seconds${isFree ? ' less the free ones' : ''}`, dollars };
}

function queuesAndArchiveLine({ trades, exchanges }: Load, prices: Prices): CostLine {
  const requests = 1.3e6 + MINUTES_A_MONTH * exchanges * 4;
  const storedGb = (trades * 30.4 * BYTES_A_STORED_TRADE) / 1e9;
  const puts = MINUTES_A_MONTH * exchanges;
  const queues = (Math.max(0, requests - prices.free.sqsRequests) / 1e6) * prices.sqsMillionRequests;
  const dollars = queues + storedGb * prices.s3Gb + (puts / 1000) * prices.s3ThousandPuts + ((LOOKS * puts) / 1000) * prices.s3ThousandGets;
  return {
    part: 'queues and archive',
    basis: `${storedGb.toFixed(1)} GB more in the archive each month, ${Math.round(puts / 1000)} thousand objects`,
    dollars,
  };
}

function observabilityLine({ profile, markets }: Load, prices: Prices): CostLine {
  const use = {
    starter: { metrics: 10, alarms: 10, dashboards: 1, logGb: 2 },
    default: { metrics: 19, alarms: 25, dashboards: 1, logGb: 5 },
    production: { metrics: 19, alarms: 25, dashboards: 1, logGb: 25 },
  }[profile];
  const logGb = use.logGb + markets / 200;
  const paid = profile === 'production' ? { metrics: 0, alarms: 0, dashboards: 0, logGb: 0 } : prices.free;
  const beyond = (used: number, free: number): number => Math.max(0, used - free);
  const dollars =
    beyond(use.metrics, paid.metrics) * prices.metric +
    beyond(use.alarms, paid.alarms) * prices.alarm +
    beyond(use.dashboards, paid.dashboards) * prices.dashboard +
    beyond(logGb, paid.logGb) * prices.logGb;
  return { part: 'logs, metrics, alarms', basis: `${use.metrics} metrics, ${use.alarms} alarms, ${logGb.toFixed(1)} GB of logs`, dollars };
}

function grafanaLines({ profile }: Load, prices: Prices): CostLine[] {
  if (profile === 'starter') return [];
  if (profile === 'production')
    return [
      {
        part: 'Grafana',
        basis: 'not deployed yet; managed, an editor and two viewers',
        dollars: prices.grafanaEditor + 2 * prices.grafanaViewer,
      },
    ];
  const hour = 0.25 * prices.fargateVcpuHour + prices.fargateGbHour + prices.publicAddressHour;
  return [
    { part: 'Grafana', basis: 'not deployed yet; 0.25 vCPU, 1 GB on Fargate ARM with an address', dollars: hour * prices.hoursAMonth },
  ];
}

function secretsLine({ profile }: Load, prices: Prices): CostLine {
  const secrets = profile === 'production' ? 3 : 1;
  return { part: 'secrets', basis: `${secrets} in Secrets Manager`, dollars: secrets * prices.secret };
}
