import { expect, test } from 'vitest';
import { decodeUtf8 } from '#std/utf8.ts';

test.each(['', 'plain', 'µ→€😀', '\uFEFFwith a mark', 'a\u0000b'])('%j comes back from its bytes', (text) => {
  expect(decodeUtf8(Buffer.from(text, 'utf8'))).toBe(text);
});

test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]]])('bytes %j are refused rather than replaced', (bytes) => {
  expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow('the bytes are not UTF-8');
});
