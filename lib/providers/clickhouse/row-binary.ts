/**
 * Reads ClickHouse's RowBinary format: little-endian values one after the other, strings and arrays with a LEB128 length before them.
 * Throws `RangeError` when the bytes end early.
 */
export function createRowBinaryReader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true });
  let offset = 0;

  const advance = (size: number): number => {
    const start = offset;
    offset += size;
    return start;
  };
  const length = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = view.getUint8(advance(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };

  return {
    atEnd: (): boolean => offset >= bytes.byteLength,
    length,
    uint8: (): number => view.getUint8(advance(1)),
    int64AsNumber: (): number => Number(view.getBigInt64(advance(8), true)),
    uint64: (): bigint => view.getBigUint64(advance(8), true),
    float64: (): number => view.getFloat64(advance(8), true),
    string(): string {
      const size = length();
      const start = advance(size);
      if (offset > bytes.byteLength)
        throw new RangeError(`RowBinary string of ${size} bytes at ${start} exceeds the ${bytes.byteLength} bytes there are`);
      return text.decode(bytes.subarray(start, offset));
    },
  };
}

export type RowBinaryReader = ReturnType<typeof createRowBinaryReader>;
