export type Fifo<T> = {
  push(item: T): void;
  /** Removes the oldest items, at most so many, and returns them oldest first. */
  take(count: number): T[];
  size(): number;
};

/** First in, first out, with cheap removal at the front. Its bound is the caller's. */
export function createFifo<T>(): Fifo<T> {
  let items: T[] = [];
  let head = 0;
  return {
    push: (item) => void items.push(item),
    take(count) {
      const end = Math.min(items.length, head + Math.max(0, count));
      const taken = items.slice(head, end);
      head = end;
      // Moved rarely, and only when at least half of it is empty: constant time an item over all.
      if (head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return taken;
    },
    size: () => items.length - head,
  };
}
