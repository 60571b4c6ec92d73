import { describe, expect, test } from 'vitest';
import { ExchangeError, SinkError, type ExchangeErrorFacts } from '#core/errors.ts';
import { createExchangePause, type SharedMemory } from '#providers/ccxt/exchange-pause.ts';
import { handClock } from './hand-clock.ts';
import { restParts } from './rest-parts.ts';

const NOW = Date.UTC(2023, 2, 11, 12);
const HOUR = 3_600_000;

function world() {
  const clock = handClock(NOW);
  const parts = restParts(clock);
  const process = (restUrl?: string, cache: SharedMemory = parts.cache) =>
    createExchangePause({ exchange: 'binance', restUrl, ...parts, cache });
  return { clock, parts, process };
}

function failure(facts: Partial<ExchangeErrorFacts>): ExchangeError {
  return new ExchangeError('binance answered HTTP 429', { code: 'RATE_LIMITED', exchange: 'binance', retryable: true, ...facts });
}

/** How long the pause lasts, ms; 0 without one. */
function lasts(pause: { refuseWhilePaused(): void }): number {
  try {
    pause.refuseWhilePaused();
    return 0;
  } catch (error) {
    expect(error).toBeInstanceOf(ExchangeError);
    return (error as ExchangeError).retryAfterMs ?? -1;
  }
}

describe('an exchange', () => {
  test.each<[string, Partial<ExchangeErrorFacts>, number]>([
    ['a 429 that says for how long', { status: 429, retryAfterMs: 17_000 }, 17_000],
    ['a 429 without a time, nearly until the next tick', { status: 429 }, 50_000],
    ['a 429 of zero seconds', { status: 429, retryAfterMs: 0 }, 1000],
    ['a ban that says for how long', { code: 'BANNED', status: 418, retryAfterMs: 3 * 24 * HOUR }, 3 * 24 * HOUR],
    ['a ban without a time', { code: 'BANNED', status: 418 }, 120_000],
    ['a firewall', { code: 'BANNED', status: 403 }, 600_000],
    ['a firewall that wants longer', { code: 'BANNED', status: 403, retryAfterMs: HOUR }, HOUR],
    ['a firewall that wants less', { code: 'BANNED', status: 403, retryAfterMs: 1000 }, 600_000],
    ['a blocked region', { code: 'GEO_BLOCKED', status: 451, retryAfterMs: 1000 }, 6 * HOUR],
    ['an inner error', { code: 'UNREACHABLE', status: 503, retryAfterMs: 17_000 }, 0],
    ['an unknown symbol', { code: 'BAD_SYMBOL', status: 400 }, 0],
  ])('is left alone after %s', async (_what, facts, pauseMs) => {
    const pause = world().process();
    await pause.learn(failure(facts));
    expect(lasts(pause)).toBe(pauseMs);
  });

  test('is asked again at the very end of its pause', async () => {
    const { clock, process } = world();
    const pause = process();
    await pause.learn(failure({ retryAfterMs: 17_000 }));
    clock.moveTo(NOW + 16_999);
    expect(lasts(pause)).toBe(1);
    clock.moveTo(NOW + 17_000);
    expect(lasts(pause)).toBe(0);
  });

  test('says until when, and why', async () => {
    const pause = world().process();
    await pause.learn(failure({ retryAfterMs: 17_000 }));
    expect(() => pause.refuseWhilePaused()).toThrow('binance is not asked before 2023-03-11T12:00:17.000Z: binance answered HTTP 429');
  });

  test('is not left alone for longer because it was not asked', async () => {
    const { clock, process } = world();
    const pause = process();
    await pause.learn(failure({ code: 'GEO_BLOCKED' }));
    clock.moveTo(NOW + HOUR);
    for (let asked = 0; asked < 3; asked++) {
      try {
        pause.refuseWhilePaused();
      } catch (error) {
        await pause.learn(error as ExchangeError);
      }
    }
    expect(lasts(pause)).toBe(5 * HOUR);
  });

  test('keeps the longer of two pauses', async () => {
    const pause = world().process();
    await pause.learn(failure({ retryAfterMs: 60_000 }));
    await pause.learn(failure({ retryAfterMs: 17_000 }));
    expect(lasts(pause)).toBe(60_000);
  });
});

describe('another process', () => {
  test('learns of the pause, and keeps it as long', async () => {
    const { clock, process } = world();
    await process().learn(failure({ code: 'BANNED', status: 418, retryAfterMs: HOUR }));
    clock.moveTo(NOW + 60_000);
    const next = process();
    expect(lasts(next)).toBe(0);
    await next.refresh();
    expect(lasts(next)).toBe(HOUR - 60_000);
    expect(() => next.refuseWhilePaused()).toThrow(expect.objectContaining({ code: 'BANNED', retryable: false }));
  });

  test('that asks another host is free', async () => {
    const { process } = world();
    await process().learn(failure({ code: 'GEO_BLOCKED', status: 451 }));
    const elsewhere = process('https://data-api.binance.vision');
    await elsewhere.refresh();
    expect(lasts(elsewhere)).toBe(0);
  });

  test('finds nothing once the pause is over', async () => {
    const { clock, parts, process } = world();
    await process().learn(failure({ retryAfterMs: 17_000 }));
    expect(await parts.cache.readHash('pause:binance')).toMatchObject({ code: 'RATE_LIMITED', event_time: String(NOW + 17_000) });
    clock.moveTo(NOW + 17_000);
    expect(await parts.cache.readHash('pause:binance')).toBeNull();
  });

  test.each<[string, Record<string, string>]>([
    ['of no time', { code: 'BANNED', reason: 'x' }],
    ['of words for a time', { event_time: 'soon', code: 'BANNED', reason: 'x' }],
    ['of a time beyond any ban', { event_time: String(NOW + 100 * 24 * HOUR), code: 'BANNED', reason: 'x' }],
    ['of an unknown kind', { event_time: String(NOW + HOUR), code: 'TIMEOUT', reason: 'x' }],
  ])('does not believe a record %s', async (_what, fields) => {
    const { parts, process } = world();
    await parts.cache.writeHashes([{ key: 'pause:binance', fields }], 60);
    const pause = process();
    await pause.refresh();
    expect(lasts(pause)).toBe(0);
  });
});

test('a cache that is away costs only what other processes would know, and is reported', async () => {
  const { parts, process } = world();
  const away = () => Promise.reject(new SinkError('the cache is away', { code: 'CACHE', retryable: true }));
  const pause = process(undefined, { advanceHashes: away, readHash: away, writeHashes: away });
  await pause.refresh();
  await pause.learn(failure({ retryAfterMs: 17_000 }));
  expect(lasts(pause)).toBe(17_000);
  expect(parts.lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'the pause of an exchange cannot be read',
    'an exchange is left alone for a while',
    'the pause of an exchange cannot be shared',
  ]);
});
