import { describe, expect, test } from 'vitest';
import { compareTradeIds } from '#core/trade-id.ts';

describe('compareTradeIds', () => {
  test.each<[string, string, string, number]>([
    ['equal texts are equal', '17', '17', 0],
    ['digits are compared as numbers, not as text', '9', '10', -1],
    ['numbers beyond 2^53 are told apart', '9007199254740993', '9007199254740992', 1],
    ['numbers of a hundred digits are told apart', `1${'0'.repeat(99)}`, '9'.repeat(99), 1],
    ['leading zeros do not count', '0010', '10', 0],
    ['leading zeros do not make a number longer', '0009', '10', -1],
    ['zero is the lowest', '000', '1', -1],
    ['texts are compared as texts', 'b9', 'b10', 1],
    ['a number and a text are compared as texts', '9', 'a', -1],
    ['a longer number and a text are compared as texts', '10', 'a', -1],
    ['a text that begins with digits is a text', '10a', '9', -1],
    ['nothing comes before anything', '', '0', -1],
  ])('%s', (_what, a, b, expected) => {
    expect(Math.sign(compareTradeIds(a, b))).toBe(expected);
    expect(Math.sign(compareTradeIds(b, a))).toBe(0 - expected);
  });
});
