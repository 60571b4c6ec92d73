import type { Series } from '#core/series.ts';
import type { SeriesStatus } from '#local/platform-status.ts';

/** What the reader asks to see; need not exist. */
export type Wish = Partial<Record<keyof Series, string>>;

/** `#kraken/BTC-USD/5m` for an address that can be kept and sent. */
export function hashOf({ exchange, symbol, timeframe }: Series): string {
  return `#${exchange}/${symbol.replace('/', '-')}/${timeframe}`;
}

/** The parts of an address's hash that name something, whatever it says. */
export function wishOf(hash: string): Wish {
  const [exchange = '', symbol = '', timeframe = ''] = hash.slice(1).split('/');
  return { exchange, symbol: symbol.replace('-', '/'), timeframe };
}

/** The series nearest to a wish: its exchange counts first, then its symbol, then its timeframe, then a symbol of the same base. */
export function nearestSeries(series: readonly SeriesStatus[], wish: Wish): SeriesStatus | undefined {
  const base = wish.symbol?.split('/')[0];
  const likeness = (one: SeriesStatus): number =>
    (one.exchange === wish.exchange ? 8 : 0) +
    (one.symbol === wish.symbol ? 4 : 0) +
    (one.timeframe === wish.timeframe ? 2 : 0) +
    (one.symbol.split('/')[0] === base ? 1 : 0);
  // The first of equals, which is the platform's own order.
  return series.reduce<SeriesStatus | undefined>(
    (best, one) => (best === undefined || likeness(one) > likeness(best) ? one : best),
    undefined,
  );
}

/** What each of the three selects offers when `chosen` is shown: no choice leads to a series that is not there. */
export function offers(series: readonly SeriesStatus[], chosen: Series): Readonly<Record<keyof Series, readonly string[]>> {
  const ofExchange = series.filter(({ exchange }) => exchange === chosen.exchange);
  return {
    exchange: unique(series.map(({ exchange }) => exchange)),
    symbol: unique(ofExchange.map(({ symbol }) => symbol)),
    timeframe: unique(ofExchange.filter(({ symbol }) => symbol === chosen.symbol).map(({ timeframe }) => timeframe)),
  };
}

export function sameSeries(a: Series, b: Series): boolean {
  return a.exchange === b.exchange && a.symbol === b.symbol && a.timeframe === b.timeframe;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
