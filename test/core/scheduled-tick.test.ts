import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXCHANGES } from '#core/exchange.ts';
import { parseTickMessage, tickMessage } from '#core/scheduled-tick.ts';

const TICK = Date.UTC(2023, 2, 10, 8, 15);

describe('a tick', () => {
  test('comes back from its message as it went in', () => {
    const minutes = fc.integer({ min: 0, max: 40_000_000 }).map((minute) => minute * 60_000);
    fc.assert(
      fc.property(
        fc.constantFrom(...EXCHANGES),
        minutes,
        fc.constantFrom('tick' as const, 'catch-up' as const),
        (exchange, tickMs, mode) => {
          expect(parseTickMessage(tickMessage({ exchange, tickMs, mode }))).toEqual({ exchange, tickMs, mode });
        },
      ),
    );
  });

  test('is sent as EventBridge sends it, and a catch-up says so', () => {
    const sent = { version: '0', source: 'aws.events', 'detail-type': 'Scheduled Event', time: '2023-03-10T08:15:00Z', detail: {} };
    const { messageGroupId, body } = tickMessage({ exchange: 'kraken', tickMs: TICK, mode: 'tick' });
    expect([messageGroupId, JSON.parse(body)]).toEqual(['kraken', sent]);
    expect(JSON.parse(tickMessage({ exchange: 'kraken', tickMs: TICK, mode: 'catch-up' }).body)).toEqual({
      ...sent,
      detail: { mode: 'catch-up' },
    });
  });

  test('is read from the event that EventBridge sends, floored to its minute', () => {
    const body = JSON.stringify({
      version: '0',
      id: '53dc4d37',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      time: '2023-03-10T08:15:42Z',
      resources: [],
      detail: {},
    });
    expect(parseTickMessage({ messageGroupId: 'kraken', body })).toEqual({ exchange: 'kraken', tickMs: TICK, mode: 'tick' });
  });

  test.each([[null], ['catch-up'], [{ mode: 'CATCH-UP' }], [{ mode: ['catch-up'] }], [[]]])(
    'is a plain tick with the detail %j',
    (detail) => {
      expect(parseTickMessage({ messageGroupId: 'kraken', body: JSON.stringify({ time: '2023-03-10T08:15:00Z', detail }) })).toMatchObject({
        mode: 'tick',
      });
    },
  );
});

describe('a message is refused in words', () => {
  const time = '2023-03-10T08:15:00Z';
  test.each([
    ['without a group', undefined, { time }, 'the message group "undefined" is not an exchange'],
    ['of another group', 'Kraken', { time }, 'the message group "Kraken" is not an exchange'],
    ['without a time', 'kraken', {}, 'the event\'s time "undefined" is not an ISO time'],
    ['with a number for a time', 'kraken', { time: 1678435200 }, 'the event\'s time "1678435200" is not an ISO time'],
    ['with words for a time', 'kraken', { time: 'yesterday' }, 'the event\'s time "yesterday" is not an ISO time'],
    ['with words before a time', 'kraken', { time: `x${time}` }, 'the event\'s time "x2023-03-10T08:15:00Z" is not an ISO time'],
    ['with a date alone', 'kraken', { time: '2023-03-10' }, 'the event\'s time "2023-03-10" is not an ISO time'],
    ['with a list of a time', 'kraken', { time: [time] }, 'the event\'s time "2023-03-10T08:15:00Z" is not an ISO time'],
    ['of a day that is none', 'kraken', { time: '2023-13-10T08:15:00Z' }, 'the event\'s time "2023-13-10T08:15:00Z" is not an ISO time'],
  ])('%s', (_what, messageGroupId, event, reason) => {
    expect(parseTickMessage({ messageGroupId, body: JSON.stringify(event) })).toBe(reason);
  });

  test.each(['', '{', '[]', 'null', '"x"', '42'])('with the body %j', (body) => {
    expect(parseTickMessage({ messageGroupId: 'kraken', body })).toBe('the body is not a JSON object');
  });
});
