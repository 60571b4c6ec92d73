export type Fifo<T> = {
  push(item: T): void;
  /** Removes the oldest items, at most so many, and returns them oldest first. */
  take(count: number): T[];
  /** Removes the oldest item; `undefined` when there is none. */
  shift(): T | undefined;
  /** The oldest item, left where it is; `undefined` when there is none. */
  peek(): T | undefined;
  size(): number;
};

/** First in, first out, with cheap removal at the front. Its bound is the caller's. */
export function createFifo<T>(): Fifo<T> {
  let items: T[] = [];
  let head = 0;
  // Moved rarely, and only when at least half of it is empty: constant time an item over all.
  const advance = (to: number): void => {
    head = to;
    if (head * 2 < items.length) return;
    items = items.slice(head);
    head = 0;
  };
  return {
    push: (item) => void items.push(item),
    take(count) {
      const end = Math.min(items.length, head + Math.max(0, count));
      const taken = items.slice(head, end);
      advance(end);
      return taken;
    },
    shift() {
      const item = items[head];
      if (head < items.length) advance(head + 1);
      return item;
    },
    peek: () => items[head],
    size: () => items.length - head,
  };
}
