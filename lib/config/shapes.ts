import * as z from 'zod/mini';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';

// zod's small form, since every function loads it at its start: 0016.
//
// Each schema's message is the expectation: what a legal value looks like. lib/config/problems.ts puts file, path and value before it.

/** One rule in place of three: there are a hundred of them, and each rule takes its time at the start of a function. */
export function integer(min: number, max: number) {
  const isOne = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return z.custom<number>(isOne, { error: `an integer from ${min} to ${max}` });
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

/** A closed object: an unknown key is a problem whose message lists the known ones. */
export function object<T extends z.core.$ZodLooseShape>(shape: T) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : `a mapping with the keys ${known}`) });
}

export function list<T extends z.ZodMiniType>(item: T, noun: string, max: number) {
  const error = `a list of 1 to ${max} ${noun}`;
  return z.array(item, { error }).check(z.minLength(1, { error }), z.maxLength(max, { error }));
}

export const SYMBOL = z.custom<MarketSymbol>((value) => parseMarketSymbol(value) !== undefined, {
  error: 'a symbol such as BTC/USDT: base and quote in capital ASCII letters and digits with one slash',
});

/** Each item once; the message stands at the second of two. */
export function listOnce<T extends z.ZodMiniType>(item: T, noun: string, max: number) {
  return list(item, `${noun}s`, max).check(({ value: items, issues }) => {
    const seen = new Set<string>();
    for (const [index, entry] of items.entries()) {
      const text = JSON.stringify(entry);
      if (seen.has(text)) issues.push({ code: 'custom', input: items, path: [index], message: `each ${noun} once; remove the duplicate` });
      seen.add(text);
    }
  });
}

/** A text that matches, as a whole or in part as the pattern says. */
export function textLike(error: string, pattern: RegExp) {
  return z.string({ error }).check(z.regex(pattern, { error }));
}

/** A text of so many characters. */
export function textOfLength(error: string, min: number, max: number) {
  return z.string({ error }).check(z.minLength(min, { error }), z.maxLength(max, { error }));
}

/** What stands for a value that is not given. */
// oxlint-disable-next-line no-underscore-dangle -- zod's own name: `default` is a word of the language
export const withDefault = z._default;
