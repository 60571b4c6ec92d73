import { expect, test } from 'vitest';
import { enabledMarkets } from '#config/enabled-markets.ts';
import { shippedConfig } from '../factories/shipped-config.ts';

test('the markets of the exchanges that are switched on, and of no other', () => {
  const { exchanges } = shippedConfig();
  const all = enabledMarkets({ exchanges });
  expect(all.length).toBeGreaterThanOrEqual(60);
  expect(all.length).toBe(Object.values(exchanges).reduce((sum, entry) => sum + (entry?.enabled === true ? entry.symbols.length : 0), 0));
  const withoutKraken = enabledMarkets({ exchanges: { ...exchanges, kraken: { ...exchanges.kraken!, enabled: false } } });
  expect(withoutKraken).toEqual(all.filter(({ exchange }) => exchange !== 'kraken'));
  expect(withoutKraken.length).toBeLessThan(all.length);
});
