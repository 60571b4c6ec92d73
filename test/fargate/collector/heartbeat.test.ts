import { describe, expect, test } from 'vitest';
import type { FeedHealth } from '#core/trade-feed.ts';
import { heartbeatsOf } from '#fargate/collector/heartbeat.ts';

const NOW = Date.UTC(2026, 10, 22);
const NO_COUNTS = { accepted: 0, repeated: 0, suspicious: 0, refused: 0, interruptions: 0, gaps: 0, openGaps: 0, missing: 0, repaired: 0 };
const FEED: FeedHealth = {
  hasHeartbeats: true,
  openSockets: 1,
  connects: 1,
  messages: 1,
  trades: 0,
  refusedPayloads: 0,
  droppedEvents: 0,
  newestMessageMs: NOW - 1000,
  newestTradeMs: null,
  symbols: new Map(),
};

const report = (counts: Partial<typeof NO_COUNTS>, feed: Partial<FeedHealth> = {}) => ({
  exchanges: { kraken: { ...NO_COUNTS, ...counts, feed: { ...FEED, ...feed } } },
});

describe('a heartbeat of the collector', () => {
  test('counts since the one before, and gaps as they are now', () => {
    const before = report({ accepted: 10, repaired: 1, suspicious: 2, refused: 3, openGaps: 4 });
    expect(heartbeatsOf(report({ accepted: 15, repaired: 3, suspicious: 2, refused: 4, openGaps: 1 }), before, NOW)).toEqual([
      { exchange: 'kraken', trades: 5, repaired: 2, suspicious: 0, refused: 1, openGaps: 1, problem: null },
    ]);
    expect(heartbeatsOf(report({ accepted: 15 }), null, NOW)).toMatchObject([{ trades: 15 }]);
  });

  test('comes also when nothing trades, and says what is wrong', () => {
    expect(heartbeatsOf(report({}, { openSockets: 0 }), null, NOW)).toMatchObject([
      { exchange: 'kraken', trades: 0, problem: 'kraken: no socket is open' },
    ]);
  });
});
