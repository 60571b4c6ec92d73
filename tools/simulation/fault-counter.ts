/** Counts by name: a run in which one of them never happened has proved nothing about it. */
export type FaultCounter = {
  count(kind: string): void;
  counts(): Readonly<Record<string, number>>;
  total(): number;
};

export function createFaultCounter(): FaultCounter {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    count(kind) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      total += 1;
    },
    counts: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    total: () => total,
  };
}
