import type { Config } from '#config/load.ts';
import { loadPrices } from '#config/prices.ts';
import { ConfigError } from '#core/errors.ts';
import { estimateCosts, type CostEstimate, type CostInput, type Saving } from '#usecases/estimate-costs.ts';
import { quoted } from './options.ts';

export type CostOptions = {
  readonly region: string;
  readonly profile: CostInput['profile'];
  readonly clickhouse: CostInput['clickhouse'];
  /** Instead of those of the configuration. */
  readonly markets: number | null;
  readonly isJson: boolean;
  readonly pricesFile: string;
};

const GROWTH = [1000, 10_000];

/** Prints what a deployment costs a month: by part, by market, when it grows, and what would be cheaper. Throws `ConfigError` for a region without prices. */
export function printCost(config: Config, options: CostOptions, write: (text: string) => void): void {
  const prices = loadPrices(options.pricesFile);
  const place = prices.regions[options.region];
  if (place === undefined) {
    throw new ConfigError(
      `--region ${quoted(options.region)} has no prices, expected one of ${Object.keys(prices.regions).join(', ')}; add it to ${options.pricesFile}, with its source`,
    );
  }
  const input = inputOf(config, options);
  const { now, growth, savings } = estimateCosts(input, prices, options.region, GROWTH);
  if (options.isJson) {
    write(`${JSON.stringify({ region: options.region, pricesOf: prices.date, input, now, growth, savings })}\n`);
    return;
  }
  const factor = place.estimated ? `, ${Math.round((place.factor - 1) * 100)} % over the list of us-east-1 by estimate` : '';
  write(
    `Profile ${input.profile} in ${options.region}: ${input.markets} markets of ${input.exchanges} exchanges, about ${millions(now.tradesADay)} million trades a day\n`,
  );
  write(`US dollars a month; prices of ${prices.date}${factor}; not an offer\n\n`);
  write(table(now));
  write(`\n${money(now.perMarket)} a market\n\n`);
  for (const one of growth)
    write(
      `${one.markets.toLocaleString('en-US').padStart(7)} markets: ${money(one.estimate.total)}, ${money(one.estimate.perMarket)} a market\n`,
    );
  write(`\n${savings.map(savingText).join('\n')}\n`);
}

/** One line for whoever deploys what the configuration says: what it costs a month, or that it is not known. */
export function deploymentCost(config: Config, pricesFile: string): string {
  const { region, profile, clickhouse } = config.deployment;
  const prices = loadPrices(pricesFile);
  if (prices.regions[region] === undefined) return `no prices are known for ${region}; "tidemark cost --region us-east-1" gives an idea`;
  const input = inputOf(config, { profile, clickhouse: COST_HOSTS[clickhouse.mode], markets: null });
  const { now } = estimateCosts(input, prices, region, []);
  return `about ${money(now.total)} a month for ${input.markets} markets (profile ${profile}, ${region}); "tidemark cost" says what for`;
}

/** ClickHouse Cloud comes in two services; the smaller one is meant. */
const COST_HOSTS = { ec2: 'ec2', cloud: 'cloud-basic', external: 'external' } as const satisfies Record<
  Config['deployment']['clickhouse']['mode'],
  CostInput['clickhouse']
>;

function inputOf(config: Config, { profile, clickhouse, markets }: Pick<CostOptions, 'profile' | 'clickhouse' | 'markets'>): CostInput {
  const enabled = Object.values(config.exchanges).filter((exchange) => exchange?.enabled === true);
  const configured = enabled.reduce((sum, exchange) => sum + (exchange?.symbols.length ?? 0), 0);
  return {
    profile,
    clickhouse,
    exchanges: enabled.length,
    markets: markets ?? configured,
    coalesceMs: config.streaming.collector.coalesceMs,
  };
}

function table({ lines, total }: CostEstimate): string {
  const rows = [...lines.map(({ part, basis, dollars }) => [part, money(dollars), basis]), ['total', money(total), '']];
  const [part, dollars] = [0, 1].map((column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return (
    rows
      .map(([name = '', sum = '', basis = '']) => `${name.padEnd(part ?? 0)}  ${sum.padStart(dollars ?? 0)}  ${basis}`.trimEnd())
      .join('\n') + '\n'
  );
}

function savingText({ change, givesUp, dollars }: Saving): string {
  return `cheaper by ${money(dollars)}: ${change} (gives up ${givesUp})`;
}

function money(dollars: number): string {
  return `$${dollars.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

function millions(trades: number): string {
  return (trades / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 });
}
