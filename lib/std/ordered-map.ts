/** A map from numbers that is read in their order. */
export type OrderedMap<T> = {
  get(key: number): T | undefined;
  set(key: number, value: T): void;
  /** Values from one key (inclusive) to another (exclusive), lowest key first. */
  between(from: number, until: number): T[];
  /** Lowest and highest key; `undefined` when there is none. */
  first(): number | undefined;
  last(): number | undefined;
  size(): number;
};

/** Cheap where keys mostly grow: a lower one costs a move of everything behind it. Keys are never NaN. */
export function createOrderedMap<T>(): OrderedMap<T> {
  const values = new Map<number, T>();
  const keys: number[] = [];
  const indexOf = (key: number): number => {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    get: (key) => values.get(key),
    set(key, value) {
      if (!values.has(key)) keys.splice(indexOf(key), 0, key);
      values.set(key, value);
    },
    between: (from, until) => keys.slice(indexOf(from), indexOf(until)).map((key) => values.get(key) as T),
    first: () => keys[0],
    last: () => keys.at(-1),
    size: () => keys.length,
  };
}
