const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes, a byte order mark included. Throws `TypeError` for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes);
  } catch (error) {
    throw new TypeError('the bytes are not UTF-8', { cause: error });
  }
}
