import { describe, expect, test } from 'vitest';
import { healthOf } from '#fargate/collector/health.ts';
import type { FeedHealth, SymbolState } from '#core/trade-feed.ts';
import { symbolOf } from '../../usecases/fake-exchange.ts';

const NOW = Date.UTC(2026, 10, 22);
const NO_COUNTS = { accepted: 0, repeated: 0, suspicious: 0, refused: 0, interruptions: 0, gaps: 0, openGaps: 0, missing: 0, repaired: 0 };

function report(given: Partial<FeedHealth>, states: readonly SymbolState[] = ['live']) {
  const symbols = new Map(states.map((state, index) => [symbolOf(`A${index}/USD`), state]));
  const feed: FeedHealth = {
    hasHeartbeats: true,
    openSockets: 1,
    connects: 1,
    messages: 1,
    trades: 0,
    refusedPayloads: 0,
    droppedEvents: 0,
    newestMessageMs: NOW - 1000,
    newestTradeMs: null,
    symbols,
    ...given,
  };
  return { exchanges: { kraken: { ...NO_COUNTS, feed } } };
}

describe('a collector', () => {
  test('is healthy while every exchange reaches it, also when nothing trades', () => {
    expect(healthOf(report({}, ['live', 'silent', 'refused']), NOW)).toEqual({ atMs: NOW, isHealthy: true, problems: [] });
  });

  test('is healthy in a quiet market of an exchange that has no heartbeats', () => {
    expect(healthOf(report({ hasHeartbeats: false, newestMessageMs: null }, ['pending']), NOW).isHealthy).toBe(true);
    expect(healthOf(report({ hasHeartbeats: false, openSockets: 0 }), NOW).isHealthy).toBe(false);
  });

  test.each([
    ['has no socket', { openSockets: 0 }, ['live'], 'kraken: no socket is open'],
    ['has heard nothing yet', { newestMessageMs: null }, ['live'], 'kraken: nothing has arrived yet'],
    ['has heard nothing for long', { newestMessageMs: NOW - 20_000 }, ['live'], 'kraken: nothing has arrived for 20 s'],
    ['waits for a market', {}, ['live', 'pending'], 'kraken: 1 of 2 markets are not subscribed yet'],
  ] as const)('is not when it %s', (_what, given, states, problem) => {
    expect(healthOf(report(given, states), NOW)).toEqual({ atMs: NOW, isHealthy: false, problems: [problem] });
  });
});
