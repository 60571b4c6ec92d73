/** The last prices of one market, and what is typical of them. */
export type PriceWindow = {
  readonly size: number;
  /** How many are held, at most `size`. */
  count(): number;
  add(price: number, timeMs: number): void;
  /** Forgets all. */
  clear(): void;
  /** The middle one; of an even number the upper middle. NaN when empty. */
  median(): number;
  /**
   * The distance from the median, in quote units, within which `share` of the prices lie: 0.5 is the median absolute deviation (MAD),
   * 0.8 the 80th percentile of the deviations. NaN when empty.
   */
  deviation(share: number): number;
  /** The price at a rank in ascending order, 0 the lowest. NaN when there is none. */
  atRank(rank: number): number;
  /** Time of the oldest trade that is held; NaN when empty. */
  oldestTimeMs(): number;
};

/**
 * Held twice: as a ring in the order of arrival, and sorted, so that the median is one read. A new price goes to its place by moving what
 * lies between the place of the price that falls out and its own: mostly a few of 51 numbers, cheaper than any tree or heap.
 */
export function createPriceWindow(size: number): PriceWindow {
  const ring = new Float64Array(size);
  const times = new Float64Array(size);
  const sorted = new Float64Array(size);
  let count = 0;
  let next = 0;

  const add = (price: number, timeMs: number): void => {
    // The place that becomes free: of the oldest price, or one more at the end.
    let hole = count === size ? placeOf(sorted, count, ring[next]!) : count;
    if (count < size) count += 1;
    while (hole > 0 && sorted[hole - 1]! > price) {
      sorted[hole] = sorted[hole - 1]!;
      hole -= 1;
    }
    while (hole < count - 1 && sorted[hole + 1]! < price) {
      sorted[hole] = sorted[hole + 1]!;
      hole += 1;
    }
    sorted[hole] = price;
    ring[next] = price;
    times[next] = timeMs;
    next = next + 1 === size ? 0 : next + 1;
  };

  /** From the median outwards, always to the nearer side, until enough are inside. */
  const deviation = (share: number): number => {
    const middle = count >> 1;
    const median = sorted[middle]!;
    let [low, high] = [middle, middle];
    for (let inside = Math.ceil(share * count); inside > 1; inside -= 1) {
      const below = low > 0 ? median - sorted[low - 1]! : Number.POSITIVE_INFINITY;
      const above = high < count - 1 ? sorted[high + 1]! - median : Number.POSITIVE_INFINITY;
      if (below <= above) low -= 1;
      else high += 1;
    }
    return count === 0 ? Number.NaN : Math.max(median - sorted[low]!, sorted[high]! - median);
  };

  return {
    size,
    count: () => count,
    add,
    clear() {
      count = 0;
      next = 0;
    },
    median: () => (count === 0 ? Number.NaN : sorted[count >> 1]!),
    deviation,
    atRank: (rank) => (rank < count ? sorted[rank]! : Number.NaN),
    oldestTimeMs: () => (count === 0 ? Number.NaN : times[count === size ? next : 0]!),
  };
}

/** Where a price stands that is there. */
function placeOf(sorted: Float64Array, count: number, price: number): number {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < price) low = middle + 1;
    else high = middle;
  }
  return low;
}
