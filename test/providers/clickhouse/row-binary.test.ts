import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRowBinaryReader } from '#providers/clickhouse/row-binary.ts';

describe('createRowBinaryReader', () => {
  test('reads the bytes that ClickHouse writes for a row', () => {
    // SELECT 'kraken', [toInt64(-1)], toFloat64(0.1), toUInt64(18446744073709551615), toUInt8(7) FORMAT RowBinary
    const bytes = Buffer.from('066b72616b656e' + '01ffffffffffffffff' + '9a9999999999b93f' + 'ffffffffffffffff' + '07', 'hex');
    const reader = createRowBinaryReader(bytes);
    expect(reader.string()).toBe('kraken');
    expect(reader.length()).toBe(1);
    expect(reader.int64AsNumber()).toBe(-1);
    expect(reader.float64()).toBe(0.1);
    expect(reader.uint64()).toBe(2n ** 64n - 1n);
    expect(reader.atEnd()).toBe(false);
    expect(reader.uint8()).toBe(7);
    expect(reader.atEnd()).toBe(true);
  });

  test.each([
    ['00', 0],
    ['7f', 127],
    ['8001', 128],
    ['ffffffff0f', 2 ** 32 - 1],
    ['8080808010', 2 ** 32],
  ])('reads the length %s as %i', (hex, expected) => {
    expect(createRowBinaryReader(Buffer.from(hex, 'hex')).length()).toBe(expected);
  });

  test('reads from a view into a larger buffer', () => {
    const bytes = new Uint8Array([9, 9, 2, 0x68, 0x69, 9]).subarray(2, 5);
    const reader = createRowBinaryReader(bytes);
    expect([reader.string(), reader.atEnd()]).toEqual(['hi', true]);
  });

  test.each([
    ['a number', (reader: ReturnType<typeof createRowBinaryReader>) => reader.uint64(), '0102'],
    ['a float', (reader: ReturnType<typeof createRowBinaryReader>) => reader.float64(), ''],
    ['a length', (reader: ReturnType<typeof createRowBinaryReader>) => reader.length(), '80'],
    ['a string', (reader: ReturnType<typeof createRowBinaryReader>) => reader.string(), '0568'],
  ])('refuses %s that is cut off', (_what, read, hex) => {
    expect(() => read(createRowBinaryReader(Buffer.from(hex, 'hex')))).toThrow(RangeError);
  });

  test('refuses a string that is not UTF-8', () => {
    expect(() => createRowBinaryReader(Buffer.from('02ff00', 'hex')).string()).toThrow(TypeError);
  });

  test('reads back any text and any numbers', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.double(),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.maxSafeInteger(),
        (text, float, uint, int) => {
          const utf8 = Buffer.from(text);
          const numbers = Buffer.alloc(24);
          numbers.writeDoubleLE(float, 0);
          numbers.writeBigUInt64LE(uint, 8);
          numbers.writeBigInt64LE(BigInt(int), 16);
          const reader = createRowBinaryReader(Buffer.concat([leb128(utf8.length), utf8, numbers]));
          expect([reader.string(), reader.float64(), reader.uint64(), reader.int64AsNumber(), reader.atEnd()]).toEqual([
            text,
            float,
            uint,
            int,
            true,
          ]);
        },
      ),
    );
  });
});

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}
