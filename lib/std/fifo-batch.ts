export type FifoRecord = { readonly messageId: string };

export type FifoBatchResult = { readonly batchItemFailures: { readonly itemIdentifier: string }[] };

/**
 * Handles the records of a first-in-first-out queue one after the other. At the first failure it stops, tells `onFailure`, and names
 * that record and all behind it as failed, so that the queue hands them over again in the same order.
 */
export async function processInOrder<R extends FifoRecord>(
  records: readonly R[],
  work: (record: R) => Promise<void>,
  onFailure: (record: R, error: unknown) => void,
): Promise<FifoBatchResult> {
  for (const [index, record] of records.entries()) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- in order
      await work(record);
    } catch (error) {
      onFailure(record, error);
      return { batchItemFailures: records.slice(index).map(({ messageId }) => ({ itemIdentifier: messageId })) };
    }
  }
  return { batchItemFailures: [] };
}
