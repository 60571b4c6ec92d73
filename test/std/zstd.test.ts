import { describe, expect, test } from 'vitest';
import { compressZstd, decompressZstd } from '#std/zstd.ts';

const TEXT = 'BTC/USD 36160.9 µ→€\n'.repeat(200);

describe('zstd', () => {
  test.each([1, 3, 19])('at level %i gives back every byte', (level) => {
    const frame = compressZstd(TEXT, level);
    expect(frame.length).toBeLessThan(200);
    expect(Buffer.from(decompressZstd(frame, 10_000)).toString()).toBe(TEXT);
  });

  test('gives the same frame for the same bytes, as text or not', () => {
    expect(compressZstd(TEXT, 3)).toEqual(compressZstd(Buffer.from(TEXT), 3));
  });

  test('takes nothing at all', () => {
    expect(decompressZstd(compressZstd('', 1), 10).length).toBe(0);
  });

  const frame = Buffer.from(compressZstd(TEXT, 1));
  const flipped = Buffer.from(frame);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  test.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'the bytes are not zstd'],
    ['plain text', Buffer.from('{"v":1}'), 'the bytes are not zstd'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'the bytes are not zstd'],
    ['the magic number alone', frame.subarray(0, 4), 'the zstd frame is damaged or cut off'],
    ['a frame without its end', frame.subarray(0, frame.length - 3), 'the zstd frame is damaged or cut off'],
    ['a frame whose checksum is wrong', flipped, 'the zstd frame is damaged or cut off'],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => decompressZstd(bytes, 10_000)).toThrow(expect.objectContaining({ code: 'DECOMPRESSION', message }));
  });

  test('refuses content larger than allowed, by one byte or by a thousand times', () => {
    expect(decompressZstd(compressZstd(Buffer.alloc(100), 1), 100).length).toBe(100);
    for (const size of [101, 100_000])
      expect(() => decompressZstd(compressZstd(Buffer.alloc(size), 1), 100)).toThrow('the content is larger than 100 bytes');
  });
});
