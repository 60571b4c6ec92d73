import fc from 'fast-check';
import { expect } from 'vitest';
import type { FeedMessage, FeedSession } from '#core/feed-protocol.ts';
import type { Trade } from '#core/trade.ts';

const RECEIVED_MS = 1_800_000_000_000;
const DECIMAL = /^(?:0|[1-9]\d{0,19})(?:\.\d{0,17}[1-9])?$/;

function tradesOf(message: FeedMessage): readonly Trade[] {
  if (message.kind === 'several') return message.messages.flatMap(tradesOf);
  return message.kind === 'trades' ? message.trades : [];
}

/** Any value where one was expected: the classics of broken and hostile senders. */
const ODD = fc.oneof(
  fc.constantFrom(null, true, '', '0', '-1', '1e400', 'NaN', '٣', '9'.repeat(30), '0x10', 0, -0, -1, 1e-30, 2 ** 53, 2 ** 63, 1e21, [], {}),
  fc.string(),
  fc.double(),
);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Paths of all values of a JSON document that have no parts. */
function leavesOf(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(part, [...path, name]));
}

function withLeaf(value: Json, path: readonly string[], odd: unknown): Json {
  const [name, ...rest] = path;
  if (name === undefined) return odd as Json;
  const copy = structuredClone(value) as { [name: string]: Json };
  copy[name] = withLeaf(copy[name]!, rest, odd);
  return copy;
}

/** Whatever happens to a frame: reading it does not throw, and a trade that comes out is a trade. */
export function expectMutationsHarmless(open: () => FeedSession, frames: readonly string[]): void {
  const sound = (frame: string): void => {
    for (const trade of tradesOf(open().read(frame, RECEIVED_MS))) {
      expect(trade.id).toMatch(/^(?:0|[1-9]\d{0,18})$/);
      expect(trade.price).toMatch(DECIMAL);
      expect(trade.size).toMatch(DECIMAL);
      expect([Number(trade.price) > 0, Number(trade.size) > 0, ['buy', 'sell'].includes(trade.side)]).toEqual([true, true, true]);
      expect(trade.eventTimeMs).toBeGreaterThan(1.23e12);
      expect(trade.eventTimeMs).toBeLessThan(4.11e12);
      expect(Number.isInteger(trade.eventTimeMs)).toBe(true);
    }
  };
  const frame = fc.constantFrom(...frames);
  fc.assert(
    fc.property(frame, fc.nat(), ODD, (text, at, odd) => {
      const value = JSON.parse(text) as Json;
      const leaves = leavesOf(value);
      sound(JSON.stringify(withLeaf(value, leaves[at % leaves.length]!, odd)));
    }),
    { numRuns: 400 },
  );
  fc.assert(
    fc.property(frame, fc.nat(), fc.string({ minLength: 1, maxLength: 3 }), (text, at, piece) => {
      const cut = at % text.length;
      sound(text.slice(0, cut) + piece + text.slice(cut + 1));
      sound(text.slice(0, cut));
    }),
    { numRuns: 300 },
  );
  fc.assert(fc.property(fc.string(), sound), { numRuns: 100 });
}

/** C21: what a hostile sender may try with JSON itself. */
export const HOSTILE = [
  '['.repeat(10_000) + ']'.repeat(10_000),
  '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
  `{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":1`).join()}}`,
  '{"__proto__":{"polluted":1}}',
  '',
  'null',
  '"text"',
  '\ud800',
] as const;
