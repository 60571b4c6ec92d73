/** Calls `open` at the first use and keeps its result; a rejection is not kept, so the next use tries again. */
export function onceItSucceeds<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return async () => {
    opened ??= open();
    try {
      return await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  };
}
