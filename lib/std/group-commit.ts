type Caller<T> = { readonly rows: readonly T[]; readonly resolve: () => void; readonly reject: (error: unknown) => void };

/**
 * Writes that come while a write is under way wait for it and then go together, as one. Each caller's promise settles with what became of
 * its own rows: when a write for several callers fails, each caller's rows are tried alone, so that bad rows spoil nobody else's.
 * `linger` is waited for before each write, so that callers of about the same moment find each other.
 */
export function createGroupCommit<T>(
  linger: () => Promise<void>,
  write: (rows: readonly T[]) => Promise<void>,
): (rows: readonly T[]) => Promise<void> {
  let waiting: Caller<T>[] = [];
  let isWriting = false;

  const writeWaiting = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one write at a time is the point
      await linger();
      const group = waiting;
      waiting = [];
      // oxlint-disable-next-line no-await-in-loop -- one write at a time is the point
      await writeGroup(group, write);
    }
    isWriting = false;
  };

  return async (rows) => {
    await new Promise<void>((resolve, reject) => {
      waiting.push({ rows, resolve, reject });
      if (!isWriting) void writeWaiting();
    });
  };
}

/** Never rejects: what happens is told to the callers. */
async function writeGroup<T>(group: readonly Caller<T>[], write: (rows: readonly T[]) => Promise<void>): Promise<void> {
  try {
    await write(group.flatMap(({ rows }) => rows));
    for (const { resolve } of group) resolve();
  } catch (error) {
    const [only] = group;
    if (group.length === 1) only?.reject(error);
    // oxlint-disable-next-line no-await-in-loop -- in order
    else for (const caller of group) await writeGroup([caller], write);
  }
}
