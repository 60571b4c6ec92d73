/** Ids that are not there, between two that are; the times of those two, UTC ms. */
export type IdHole = { readonly firstId: number; readonly ids: number; readonly fromMs: number; readonly toMs: number };

/** `next`: after all others. `late`: it was missing until now, before one that is there. `again`: it was there. */
type IdArrival = 'next' | 'late' | 'again';

type SeenIds = {
  take(id: number, timeMs: number): IdArrival;
  /** In the order of ids; null when none was taken. */
  holes(): readonly IdHole[] | null;
};

type SeenId = { readonly id: number; readonly timeMs: number };

/** Which whole numbers of a sequence were there. Holds the holes between them, not the numbers. */
export function createSeenIds(): SeenIds {
  const holes: IdHole[] = [];
  let oldest: SeenId | null = null;
  let newest: SeenId | null = null;
  return {
    take(id, timeMs) {
      if (oldest === null || newest === null) {
        oldest = { id, timeMs };
        newest = oldest;
        return 'next';
      }
      if (id > newest.id) {
        holes.push(...holeBetween(newest.id, id, newest.timeMs, timeMs));
        newest = { id, timeMs };
        return 'next';
      }
      if (id < oldest.id) {
        holes.unshift(...holeBetween(id, oldest.id, timeMs, oldest.timeMs));
        oldest = { id, timeMs };
        return 'late';
      }
      const at = holeAt(holes, id);
      const hole = holes[at];
      if (hole === undefined) return 'again';
      const before = holeBetween(hole.firstId - 1, id, hole.fromMs, timeMs);
      holes.splice(at, 1, ...before, ...holeBetween(id, hole.firstId + hole.ids, timeMs, hole.toMs));
      return 'late';
    },
    holes: () => (newest === null ? null : holes),
  };
}

/** What is left out between two ids; nothing between neighbours. A trade may be older than one with a lower id. */
function holeBetween(lowId: number, highId: number, lowMs: number, highMs: number): readonly IdHole[] {
  if (highId - lowId <= 1) return [];
  return [{ firstId: lowId + 1, ids: highId - lowId - 1, fromMs: Math.min(lowMs, highMs), toMs: Math.max(lowMs, highMs) }];
}

/** Position of the hole that the id is in, -1 for none. The holes ascend and do not touch. */
function holeAt(holes: readonly IdHole[], id: number): number {
  let [low, high] = [0, holes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holes[middle]!.firstId <= id) low = middle + 1;
    else high = middle;
  }
  const hole = holes[low - 1];
  return hole !== undefined && id < hole.firstId + hole.ids ? low - 1 : -1;
}
