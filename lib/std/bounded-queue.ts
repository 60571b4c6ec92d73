export type BoundedQueue<T> = {
  /** False when there is no room, or the queue is closed: then the item was not taken. `reserve` lets it in that far beyond the limit. */
  offer(item: T, reserve?: number): boolean;
  /** The oldest item, as soon as there is one; `undefined` once the queue is closed and empty. One taker at a time. */
  take(): Promise<T | undefined>;
  /** The oldest item if there is one now: taken when `isWanted` says so, and left where it is otherwise. */
  takeIf(isWanted: (item: T) => boolean): T | undefined;
  /** Nothing is let in any more; what is there can still be taken. */
  close(): void;
  /** Weight of what is in it. */
  size(): number;
};

/** First in, first out, between one who must not wait and one who may. Holds items up to a weight of `limit` together; each weighs 1 if not told. */
export function createBoundedQueue<T extends object>(limit: number, weightOf: (item: T) => number = () => 1): BoundedQueue<T> {
  let items: T[] = [];
  // Taken items stay in place until half of the list is taken: to move the rest up at each take would cost time by its length.
  let head = 0;
  let size = 0;
  let closed = false;
  let wake: (() => void) | undefined;

  const next = (): T | undefined => {
    const item = items[head];
    if (item === undefined) return undefined;
    head++;
    size -= weightOf(item);
    if (head * 2 >= items.length) {
      items = items.slice(head);
      head = 0;
    }
    return item;
  };
  const wakeUp = (): void => {
    wake?.();
    wake = undefined;
  };

  return {
    size: () => size,
    offer(item, reserve = 0) {
      const weight = weightOf(item);
      if (closed || size + weight > limit + reserve) return false;
      items.push(item);
      size += weight;
      wakeUp();
      return true;
    },
    // Not async: most of the time there is something, and each further promise would cost more than the rest of it.
    take() {
      if (head < items.length || closed) return Promise.resolve(next());
      return new Promise((resolve) => {
        wake = () => resolve(next());
      });
    },
    takeIf(isWanted) {
      const item = items[head];
      return item !== undefined && isWanted(item) ? next() : undefined;
    },
    close() {
      closed = true;
      wakeUp();
    },
  };
}
