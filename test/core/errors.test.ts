import { expect, test } from 'vitest';
import { ConfigError, ExchangeError, SinkError, StalePriceError, StoreError } from '#core/errors.ts';

test('each error says what it is, what an operator needs, whether to try again, and why', () => {
  const cause = new Error('socket closed');
  expect(new ConfigError('x', { cause })).toMatchObject({ name: 'ConfigError', code: 'CONFIG', retryable: false, cause });
  expect(new StoreError('x', { retryable: true, storeCode: 159 }, { cause })).toMatchObject({
    name: 'StoreError',
    code: 'STORE',
    retryable: true,
    storeCode: 159,
    cause,
  });
  const facts = { code: 'RATE_LIMITED', exchange: 'kraken', retryable: true, status: 429, retryAfterMs: 1000 } as const;
  expect(new ExchangeError('x', facts, { cause })).toMatchObject({ name: 'ExchangeError', ...facts, cause });
  const stale = { name: 'StalePriceError', code: 'STALE_PRICE', retryable: true, ageMs: 300_001, message: 'x' };
  expect(new StalePriceError('x', { ageMs: 300_001 })).toMatchObject(stale);
  expect(new SinkError('x', { code: 'STREAM', retryable: false }, { cause })).toMatchObject({
    name: 'SinkError',
    code: 'STREAM',
    retryable: false,
    cause,
  });
});
