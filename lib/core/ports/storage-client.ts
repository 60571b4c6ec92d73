/** An object store (S3 or its like). Keys are `/`-separated ASCII. */
export interface StorageClient {
  /** Writes or overwrites one object. */
  putObject(key: string, body: Uint8Array): Promise<void>;
  /** The object's bytes, or null when there is none. */
  getObject(key: string): Promise<Uint8Array | null>;
  /** Keys that begin with `prefix`, in ascending order. */
  listObjects(prefix: string): AsyncIterable<string>;
  close(): Promise<void>;
}
