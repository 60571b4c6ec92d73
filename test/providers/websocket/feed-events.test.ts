import { describe, expect, test } from 'vitest';
import type { FeedEvent } from '#core/trade-feed.ts';
import type { Trade } from '#core/trade.ts';
import { createFeedEvents } from '#providers/websocket/feed-events.ts';
import { decimal, symbolOf } from '../../usecases/fake-exchange.ts';
import { START_MS, virtualTime } from './virtual-time.ts';

const BTC = symbolOf('BTC/USD');
const tradesOf = (firstId: number, count: number, isSnapshot = false): FeedEvent => ({
  kind: 'trades',
  isSnapshot,
  trades: Array.from({ length: count }, (_, index): Trade => ({
    exchange: 'kraken',
    symbol: BTC,
    id: String(firstId + index),
    price: decimal(1),
    size: decimal(1),
    side: 'buy',
    eventTimeMs: START_MS,
    receivedAtMs: START_MS,
  })),
});
const SUBSCRIBED: FeedEvent = { kind: 'subscribed', symbol: BTC, atMs: START_MS };

/** What a consumer gets that comes late: kinds, and ids of trades. */
async function told(...all: readonly FeedEvent[]): Promise<string[]> {
  const events = createFeedEvents(50_000, virtualTime().clock);
  for (const event of all) events.emit(event);
  events.close();
  const got: string[] = [];
  for await (const event of events)
    got.push(event.kind === 'trades' ? `${event.isSnapshot ? 'snapshot ' : ''}${event.trades.map(({ id }) => id).join(' ')}` : event.kind);
  return got;
}

describe('events that wait', () => {
  test('are joined where they are trades of one message after the other, in their order', async () => {
    expect(await told(tradesOf(1, 1), tradesOf(2, 2), tradesOf(4, 1))).toEqual(['1 2 3 4']);
  });

  test('are left apart by anything else between them, and snapshots stay alone', async () => {
    expect(await told(tradesOf(1, 1), SUBSCRIBED, tradesOf(2, 1), tradesOf(3, 1), tradesOf(7, 2, true), tradesOf(9, 1, true))).toEqual([
      '1',
      'subscribed',
      '2 3',
      'snapshot 7 8',
      'snapshot 9',
    ]);
  });

  test('do not become one without end', async () => {
    const got = await told(...Array.from({ length: 50 }, (_, index) => tradesOf(1 + index * 50, 50)));
    expect(got.map((ids) => ids.split(' ').length)).toEqual([1000, 1000, 500]);
    expect(got.join(' ').split(' ').map(Number)).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1));
  });
});
