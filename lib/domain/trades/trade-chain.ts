/** What a trade's id says about its place. Ids are whole numbers up to 2^53, each trade has the next one. */
type ChainStep =
  /** The first one that was ever seen: there is nothing to compare with. */
  | 'first'
  | 'next'
  /** Ids before it are missing. */
  | 'after gap'
  /** It was missing until now. */
  | 'late'
  /** It was seen before, but lost on its way, and is wanted once more. */
  | 'again'
  /** It was seen before. */
  | 'repeated';

/** Ids that were skipped: `firstId` to `lastId` inclusive, between two trades at `fromMs` and `toMs`. */
export type ChainGap = { readonly firstId: number; readonly lastId: number; readonly fromMs: number; readonly toMs: number };

export type OpenGap = ChainGap & {
  /** What is still missing, ascending; empty when everything came. */
  readonly missing: readonly { readonly firstId: number; readonly lastId: number }[];
};

/**
 * The unbroken line of one market's trade ids. Says of each trade whether it is new, and knows what is missing. Remembers the newest
 * `maxGaps` gaps only, so that memory is bounded: what falls out is returned by `take` and counts as repeated when it comes after all.
 */
export type TradeChain = {
  /** Highest id so far; null before the first. */
  lastId(): number | null;
  /** Begins at an id without having seen it: the trades after it are wanted. Ignored once the chain has begun. */
  beginAfter(id: number, timeMs: number): void;
  step(id: number, timeMs: number): ChainStep;
  /** These were seen, but did not get where they should: they are missing once more. */
  reopen(gap: ChainGap): void;
  /** Gaps in the order in which they were found. */
  gaps(): readonly OpenGap[];
  /** Forgets a gap: what is missing there is not waited for any more. */
  forget(firstId: number): void;
  hasNew(): boolean;
  /** Gaps found since the last call, also those that were forgotten meanwhile for want of room. */
  takeNew(): readonly ChainGap[];
};

type HeldGap = ChainGap & { readonly wereSeen: boolean; missing: { firstId: number; lastId: number }[] };

export function createTradeChain(maxGaps: number): TradeChain {
  let last: { id: number; timeMs: number } | null = null;
  let gaps: HeldGap[] = [];
  let found: ChainGap[] = [];

  const open = (gap: ChainGap, wereSeen: boolean): void => {
    const { firstId, lastId } = gap;
    found.push(gap);
    gaps.push({ ...gap, wereSeen, missing: [{ firstId, lastId }] });
    if (gaps.length > maxGaps) gaps = gaps.slice(1);
  };

  return {
    lastId: () => last?.id ?? null,
    beginAfter(id, timeMs) {
      last ??= { id, timeMs };
    },
    step(id, timeMs) {
      if (last === null) {
        last = { id, timeMs };
        return 'first';
      }
      if (id > last.id) {
        const isNext = id === last.id + 1;
        if (!isNext) open({ firstId: last.id + 1, lastId: id - 1, fromMs: last.timeMs, toMs: Math.max(last.timeMs, timeMs) }, false);
        last = { id, timeMs };
        return isNext ? 'next' : 'after gap';
      }
      // The newest first: what was reopened may lie within an older gap.
      const gap = gaps.findLast((one) => id >= one.firstId && id <= one.lastId && fill(one, id));
      if (gap === undefined) return 'repeated';
      return gap.wereSeen ? 'again' : 'late';
    },
    reopen(gap) {
      if (last !== null && gap.lastId <= last.id) open(gap, true);
    },
    gaps: () => gaps,
    forget(firstId) {
      gaps = gaps.filter((gap) => gap.firstId !== firstId);
    },
    hasNew: () => found.length > 0,
    takeNew() {
      const taken = found;
      found = [];
      return taken;
    },
  };
}

/** False when the id is not missing any more. */
function fill(gap: HeldGap, id: number): boolean {
  const index = gap.missing.findIndex((range) => id >= range.firstId && id <= range.lastId);
  const range = gap.missing[index];
  if (range === undefined) return false;
  const rest = [
    { firstId: range.firstId, lastId: id - 1 },
    { firstId: id + 1, lastId: range.lastId },
  ];
  gap.missing.splice(index, 1, ...rest.filter(({ firstId, lastId }) => firstId <= lastId));
  return true;
}

/** How many ids of a gap are still missing. */
export function missingCount({ missing }: OpenGap): number {
  return missing.reduce((sum, { firstId, lastId }) => sum + lastId - firstId + 1, 0);
}
