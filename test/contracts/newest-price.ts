import { expect } from 'vitest';
import type { CacheClient } from '#core/ports/cache-client.ts';

export const price = (key: string, orderMs: number, orderId: string, text: string) => ({ key, orderMs, orderId, fields: { price: text } });

type PriceOrder = {
  readonly what: string;
  readonly first: readonly [number, string];
  readonly second: readonly [number, string];
  readonly replaces: boolean;
};

const order = (what: string, first: readonly [number, string], second: readonly [number, string], replaces: boolean): PriceOrder => ({
  what,
  first,
  second,
  replaces,
});

/** Time and trade id of two prices in the order in which they are written. */
export const PRICE_ORDERS: readonly PriceOrder[] = [
  order('a later time replaces an earlier one', [1000, '9'], [1001, '1'], true),
  order('an earlier time does not', [1001, '1'], [1000, '9'], false),
  order('a time with more digits is later', [999, '1'], [1000, '1'], true),
  order('at the same time a higher id replaces', [1000, '9'], [1000, '10'], true),
  order('at the same time a lower id does not', [1000, '10'], [1000, '9'], false),
  order('at the same time the same id does not', [1000, '10'], [1000, '10'], false),
  order('leading zeros make no id higher', [1000, '10'], [1000, '0010'], false),
  order('leading zeros hide no higher id', [1000, '9'], [1000, '00010'], true),
  order('ids beyond 2^53 are told apart', [1000, '9007199254740992'], [1000, '9007199254740993'], true),
  order('ids beyond 2^53 are told apart downwards', [1000, '9007199254740993'], [1000, '9007199254740992'], false),
  order('ids that are no numbers are compared as texts', [1000, 'b9'], [1000, 'b10'], false),
  order('a text that goes on is later', [1000, 'b1'], [1000, 'b10'], true),
  order('a letter comes after a number', [1000, '99'], [1000, 'a'], true),
];

/** Fails when the older of two prices is what a reader gets. */
export async function priceIsTheNewest(cache: CacheClient, { what, first, second, replaces }: PriceOrder): Promise<void> {
  const key = `price:${what}`;
  await cache.advanceHashes([price(key, ...first, 'first')], 180);
  expect(await cache.advanceHashes([price(key, ...second, 'second')], 180)).toBe(replaces ? 1 : 0);
  expect((await cache.readHash(key))?.['price']).toBe(replaces ? 'second' : 'first');
}
