import { SinkError } from '#core/errors.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { objectKeyProblem } from '#std/object-key.ts';

/** Objects in this process: for the laptop and for tests. */
export function createMemoryStorage(): StorageClient {
  const objects = new Map<string, Uint8Array>();
  return {
    async putObject(key, body) {
      const problem = objectKeyProblem(key);
      if (problem !== null)
        throw new SinkError(`object key ${JSON.stringify(key.slice(0, 100))} is refused: ${problem}`, {
          code: 'STORAGE',
          retryable: false,
        });
      // Not slice(): that of a Buffer shares its memory.
      objects.set(key, new Uint8Array(body));
    },
    getObject: async (key) => objects.get(key)?.slice() ?? null,
    async *listObjects(prefix) {
      // Keys are ASCII, for which this order and that of their bytes are the same.
      yield* [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
    async close() {
      objects.clear();
    },
  };
}
