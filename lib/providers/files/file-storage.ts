import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SinkError } from '#core/errors.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import type { Timer } from '#core/ports/timer.ts';
import { withDeadline } from '#std/deadline.ts';
import { objectKeyProblem } from '#std/object-key.ts';
import { keyOfPath, pathOfKey } from './key-path.ts';

export type FileStorageOptions = {
  /** Made when it is missing, for its owner alone. */
  readonly directory: string;
  readonly timer: Timer;
  /** Of one call. */
  readonly deadlineMs: number;
};

/** No key has such a path: a key has no percent sign. */
const UNFINISHED = '%unfinished';

/** Objects as files below a folder, readable by their owner alone. An object is there whole or not at all, also after a crash. */
export function createFileStorage({ directory, timer, deadlineMs }: FileStorageOptions): StorageClient {
  let next = 0;
  const call = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await withDeadline({ timer, deadlineMs, what: `the folder "${directory}"` }, work);
    } catch (error) {
      if (error instanceof SinkError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the folder "${directory}" was asked for ${what}: ${reason}`;
      throw new SinkError(message, { code: 'STORAGE', retryable: true }, { cause: error });
    }
  };

  const write = async (path: string, body: Uint8Array): Promise<void> => {
    const unfinished = join(directory, UNFINISHED, `${process.pid}-${next++}`);
    await mkdir(dirname(unfinished), { recursive: true, mode: 0o700 });
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      await writeDurably(unfinished, body);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    // The name is on disk only when its folder is.
    await syncFolder(dirname(path));
  };

  return {
    async putObject(key, body) {
      const path = pathOf(directory, key);
      const bytes = new Uint8Array(body);
      await call(`the writing of "${key}"`, () => write(path, bytes));
    },
    async getObject(key) {
      if (objectKeyProblem(key) !== null) return null;
      return await call(`"${key}"`, () => readOrNull(pathOf(directory, key)));
    },
    async *listObjects(prefix) {
      const keys = await call(`the keys below "${prefix}"`, () => keysBelow(directory, prefix));
      // Keys are ASCII, for which this order and that of their bytes are the same.
      yield* keys.sort();
    },
    close: async () => {},
  };
}

function pathOf(directory: string, key: string): string {
  const problem = objectKeyProblem(key);
  const path = problem === null ? pathOfKey(key) : null;
  if (path !== null) return join(directory, path);
  const reason = problem ?? 'a segment is longer than 240 characters, which not every file system takes';
  throw new SinkError(`object key ${JSON.stringify(key.slice(0, 100))} is refused: ${reason}`, { code: 'STORAGE', retryable: false });
}

async function writeDurably(path: string, body: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readOrNull(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Only folders that can hold such keys are looked into. */
async function keysBelow(directory: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  const folders = [''];
  const mayHold = (key: string): boolean => `${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`);
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    // oxlint-disable-next-line no-await-in-loop -- one folder at a time is gentle on the disk
    for (const entry of await entriesOf(join(directory, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const isFolder = entry.isDirectory();
      const key = path === UNFINISHED ? null : keyOfPath(path, isFolder);
      if (key === null) continue;
      if (isFolder && mayHold(key)) folders.push(path);
      if (!isFolder && key.startsWith(prefix)) keys.push(key);
    }
  }
  return keys;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR');
}
