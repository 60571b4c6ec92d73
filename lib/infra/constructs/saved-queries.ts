import { QueryDefinition, QueryString, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

type Query = { readonly of: readonly string[]; readonly query: QueryString };

const EVERYBODY = ['sync', 'indicators', 'verify', 'collector', 'archive', 'migrate'];
const newestFirst = { sort: '@timestamp desc', limit: 200 } as const;

/** Questions that the runbooks ask, ready in the console of Logs Insights under `tidemark/`. */
const QUERIES: Readonly<Record<string, Query>> = {
  'what goes wrong': {
    of: EVERYBODY,
    query: new QueryString({
      ...newestFirst,
      fields: ['@timestamp', 'service', 'exchange', 'event', '@message'],
      filterStatements: ["level in ['warn', 'error'] or (ispresent(errorType) and not ispresent(event))"],
    }),
  },
  'what goes wrong, counted': {
    of: EVERYBODY,
    query: new QueryString({
      filterStatements: ["level in ['warn', 'error']"],
      statsStatements: ['count(*) as times, max(@timestamp) as newest by service, exchange, event'],
      sort: 'times desc',
    }),
  },
  'ticks of sync': {
    of: ['sync'],
    query: new QueryString({
      ...newestFirst,
      fields: ['tick', 'exchange', 'fetched', 'stored', 'changed', 'refused', 'missing', 'unfetched', 'ageSeconds'],
      filterStatements: ["event = 'synced'"],
    }),
  },
  'ticks of indicators': {
    of: ['indicators'],
    query: new QueryString({
      ...newestFirst,
      fields: ['tick', 'exchange', 'series', 'candles', 'values', 'warming', 'cacheFailure'],
      filterStatements: ["event = 'computed indicators'"],
    }),
  },
  'candles and their witnesses': {
    of: ['verify'],
    query: new QueryString({
      ...newestFirst,
      fields: ['@timestamp', 'exchange', 'symbol', 'timeframe', 'candle', 'witness', 'message'],
      filterStatements: ["event = 'a candle and its witness disagree'"],
    }),
  },
  'age of the newest candle': {
    of: ['sync'],
    query: new QueryString({
      filterStatements: ["event = 'synced'"],
      statsStatements: ['max(ageSeconds) as oldest, sum(unfetched) as unfetched, sum(refused) as refused by exchange, bin(5m)'],
    }),
  },
  'rows that were refused': {
    of: ['sync', 'collector'],
    query: new QueryString({
      filterStatements: ["event = 'a row was refused'"],
      statsStatements: ['count(*) as times, max(@timestamp) as newest by exchange, symbol, reason'],
      sort: 'times desc',
    }),
  },
  'trades by minute': {
    of: ['collector'],
    query: new QueryString({
      filterStatements: ["event = 'collected'"],
      statsStatements: ['sum(trades) as trades, sum(repaired) as repaired, max(openGaps) as openGaps by exchange, bin(1m)'],
    }),
  },
};

/** `logGroups` by service; one that does not run is left out. */
export function createSavedQueries(scope: Construct, logGroups: Readonly<Record<string, ILogGroup | undefined>>): void {
  for (const [name, { of: services, query }] of Object.entries(QUERIES)) {
    const asked = services.flatMap((service) => logGroups[service] ?? []);
    if (asked.length > 0)
      new QueryDefinition(scope, `query ${name}`, { queryDefinitionName: `tidemark/${name}`, queryString: query, logGroups: asked });
  }
}
