import type { Config } from '#config/load.ts';
import { ConfigError } from '#core/errors.ts';

/** Refuses a region from which an enabled exchange would answer nothing but 451. */
export function checkRegion({ deployment, exchanges }: Pick<Config, 'deployment' | 'exchanges'>): void {
  if (deployment.region.startsWith('us-') && exchanges.binance?.enabled === true) {
    throw new ConfigError(
      `deployment.yaml: region is "${deployment.region}", where Binance refuses every request, expected a region outside the United States; choose one such as eu-west-1, or set binance.enabled: false in exchanges.yaml (binanceus answers there)`,
    );
  }
}
