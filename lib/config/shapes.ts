import * as z from 'zod';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';

// Each schema's message is the expectation: what a legal value looks like. lib/config/problems.ts puts file, path and value before it.

export function integer(min: number, max: number) {
  const error = `an integer from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

/** A closed object: an unknown key is a problem whose message lists the known ones. */
export function object<T extends z.core.$ZodLooseShape>(shape: T) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : `a mapping with the keys ${known}`) });
}

export function list<T extends z.ZodType>(item: T, noun: string, max: number) {
  const error = `a list of 1 to ${max} ${noun}`;
  return z.array(item, { error }).min(1, { error }).max(max, { error });
}

export const SYMBOL = z.custom<MarketSymbol>((value) => parseMarketSymbol(value) !== undefined, {
  error: 'a symbol such as BTC/USDT: base and quote in capital ASCII letters and digits with one slash',
});

/** Each item once; the message stands at the second of two. */
export function listOnce<T extends z.ZodType>(item: T, noun: string, max: number) {
  return list(item, `${noun}s`, max).superRefine((items, context) => {
    const seen = new Set<string>();
    for (const [index, entry] of items.entries()) {
      const text = JSON.stringify(entry);
      if (seen.has(text)) context.addIssue({ code: 'custom', path: [index], message: `each ${noun} once; remove the duplicate` });
      seen.add(text);
    }
  });
}
