import { describe, expect, test } from 'vitest';
import { CONFIRM_TIMEOUT_MS, createSubscriptions } from '#providers/websocket/subscriptions.ts';
import { marketSymbol } from './feed-world.ts';

const [A, B, C] = ['A/USD', 'B/USD', 'C/USD'].map(marketSymbol) as [
  ReturnType<typeof marketSymbol>,
  ReturnType<typeof marketSymbol>,
  ReturnType<typeof marketSymbol>,
];

describe('the subscriptions of a socket', () => {
  test('are confirmed once', () => {
    const subscriptions = createSubscriptions();
    subscriptions.requestSent(subscriptions.request([A, B]), 0);
    expect(subscriptions.confirm([A, C])).toEqual([A]);
    expect(subscriptions.confirm([A])).toEqual([]);
    expect([
      subscriptions.isConfirmed(A),
      subscriptions.isConfirmed(B),
      subscriptions.pendingCount(),
      subscriptions.confirmedCount(),
    ]).toEqual([true, false, 1, 1]);
  });

  test('have their deadline from when they were sent, not from when they were wanted', () => {
    const subscriptions = createSubscriptions();
    const request = subscriptions.request([A]);
    expect(subscriptions.overdue(10 * CONFIRM_TIMEOUT_MS)).toEqual({ again: [], givenUp: [] });
    subscriptions.requestSent(request, 1000);
    expect(subscriptions.overdue(CONFIRM_TIMEOUT_MS + 999).again).toEqual([]);
    expect(subscriptions.overdue(CONFIRM_TIMEOUT_MS + 1000).again).toEqual([A]);
  });

  test('are asked for three times more, and then given up', () => {
    const subscriptions = createSubscriptions();
    const rounds = Array.from({ length: 5 }, (_, round) => {
      if (round === 0 || subscriptions.pendingCount() > 0)
        subscriptions.requestSent(subscriptions.request([A]), round * CONFIRM_TIMEOUT_MS);
      const { again, givenUp } = subscriptions.overdue((round + 1) * CONFIRM_TIMEOUT_MS);
      return [again.length, givenUp.length];
    });
    expect(rounds).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  test('of an error without a name are those of the oldest request that waits', () => {
    const subscriptions = createSubscriptions();
    const [first, second] = [subscriptions.request([A, B]), subscriptions.request([C])];
    expect(subscriptions.pendingOf(null)).toEqual([]);
    subscriptions.requestSent(first, 0);
    subscriptions.requestSent(second, 0);
    expect([subscriptions.pendingOf(null), subscriptions.pendingOf(second), subscriptions.pendingOf(99)]).toEqual([[A, B], [C], []]);
    subscriptions.drop([A, B]);
    expect(subscriptions.pendingOf(null)).toEqual([C]);
  });

  test('that are asked for again are not confirmed until they are answered again', () => {
    const subscriptions = createSubscriptions();
    subscriptions.request([A]);
    subscriptions.confirm([A]);
    subscriptions.request([A]);
    expect(subscriptions.isConfirmed(A)).toBe(false);
  });

  test('that may be lost are all those without an answer', () => {
    const subscriptions = createSubscriptions();
    subscriptions.requestSent(subscriptions.request([A, B]), 0);
    subscriptions.confirm([A]);
    expect(subscriptions.forgetRequests()).toEqual([B]);
    expect(subscriptions.overdue(10 * CONFIRM_TIMEOUT_MS)).toEqual({ again: [], givenUp: [] });
  });
});
