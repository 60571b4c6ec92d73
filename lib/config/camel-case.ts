type CamelKey<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : S;

/** The same data with `camelCase` keys. */
export type CamelCased<T> = T extends readonly (infer Item)[]
  ? readonly CamelCased<Item>[]
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [Key in keyof T as Key extends string ? CamelKey<Key> : Key]: CamelCased<T[Key]> };

/** Files speak snake_case, code speaks camelCase: renames every key, deeply, and freezes the result. */
export function camelCased<T>(value: T): CamelCased<T> {
  return convert(value) as CamelCased<T>;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(convert));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.freeze(Object.fromEntries(entries.map(([key, child]) => [camelKey(key), convert(child)])));
}

function camelKey(key: string): string {
  return key.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
