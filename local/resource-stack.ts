export type ResourceStack = ReturnType<typeof createStack>;

/** What was opened, so that it is closed in reverse order whatever happens. */
export function createStack() {
  const opened: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  return {
    add(name: string, close: () => Promise<void>): void {
      opened.push({ name, close });
    },
    /** Closes everything, also when one of them fails; then rejects with what failed. */
    async close(): Promise<void> {
      const failures: unknown[] = [];
      for (const { name, close } of opened.splice(0).reverse()) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- in order: the store must outlive those who use it
          await close();
        } catch (cause) {
          failures.push(new Error(`${name} could not be closed`, { cause }));
        }
      }
      if (failures.length > 0)
        throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'several parts could not be closed');
    },
  };
}
