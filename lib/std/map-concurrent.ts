/**
 * Maps with at most `concurrency` calls of `work` at a time; results keep the order of the items. The first rejection rejects the
 * whole and starts no further items: let `work` turn expected failures into values.
 */
export async function mapConcurrent<T, R>(items: readonly T[], concurrency: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other is what a worker is for
        results[index] = await work(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}
