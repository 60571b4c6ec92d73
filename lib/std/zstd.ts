import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Bytes were not one whole zstd frame, or were more than the reader allows. The message says which. */
class DecompressionError extends Error {
  readonly code = 'DECOMPRESSION';
  readonly retryable = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DecompressionError';
  }
}

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;

/** One zstd frame with a checksum. `level` 1 is fast, 3 the usual, up to 19. The same bytes and level give the same frame. Blocks the thread. */
export function compressZstd(data: Uint8Array | string, level: number): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  return zstdCompressSync(typeof data === 'string' ? Buffer.from(data, 'utf8') : data, { params });
}

/**
 * The content of zstd frames made by `compressZstd` or anybody else. Throws `DecompressionError` for anything else, for damaged or cut
 * frames, and for content of more than `maxBytes`, before it takes memory for it. Bytes behind a whole frame that begin no other are left alone.
 */
export function decompressZstd(data: Uint8Array, maxBytes: number): Uint8Array {
  if (MAGIC.some((byte, index) => data[index] !== byte)) throw new DecompressionError('the bytes are not zstd');
  try {
    return zstdDecompressSync(data, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new DecompressionError(isTooLarge ? `the content is larger than ${maxBytes} bytes` : 'the zstd frame is damaged or cut off', {
      cause: error,
    });
  }
}
