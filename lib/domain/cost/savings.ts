import { estimateCost, type CostInput } from './estimate.ts';
import type { Prices } from './prices.ts';

/** A change of the deployment, what it saves a month, and what is given up for it. */
export type Saving = { readonly change: string; readonly givesUp: string; readonly dollars: number };

/** What could be cheaper, the largest saving first. Only changes that the profiles know. */
export function savingsOf(input: CostInput, prices: Prices, region: string): readonly Saving[] {
  const now = estimateCost(input, prices, region).total;
  const smaller = input.profile === 'production' ? 'default' : input.profile === 'default' ? 'starter' : null;
  const changes: { readonly change: string; readonly givesUp: string; readonly input: CostInput }[] = [];
  if (smaller !== null) {
    const givesUp =
      smaller === 'default'
        ? 'a second zone for the way out, a second collector, paid support of Grafana'
        : 'a cache and a Grafana that outlive the ClickHouse host';
    changes.push({ change: `profile ${smaller}`, givesUp, input: { ...input, profile: smaller } });
  }
  if (input.clickhouse.startsWith('cloud')) {
    changes.push({
      change: 'ClickHouse on EC2',
      givesUp: 'somebody else who is woken up at night',
      input: { ...input, clickhouse: 'ec2' },
    });
  }
  const fewer = Math.ceil(input.markets / 2);
  changes.push({ change: `half of the markets (${fewer})`, givesUp: 'the other half', input: { ...input, markets: fewer } });
  return changes
    .map(({ input: changed, ...rest }) => ({ ...rest, dollars: now - estimateCost(changed, prices, region).total }))
    .filter(({ dollars }) => dollars > 0)
    .sort((a, b) => b.dollars - a.dollars);
}
