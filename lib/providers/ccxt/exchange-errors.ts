import { ExchangeError, type ExchangeErrorCode } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import { ccxtErrors } from './exchanges.ts';

export function badPayload(exchange: Exchange, expected: string): ExchangeError {
  return new ExchangeError(`${exchange} answered with something else than ${expected}`, { code: 'BAD_PAYLOAD', exchange, retryable: true });
}

/** Most specific class first. What ccxt classifies by message text only arrives here when the status itself was fine. */
const CCXT_CODES: readonly (readonly [new (message: string) => Error, ExchangeErrorCode, boolean])[] = [
  [ccxtErrors.BadSymbol, 'BAD_SYMBOL', false],
  [ccxtErrors.RateLimitExceeded, 'RATE_LIMITED', true],
  [ccxtErrors.DDoSProtection, 'RATE_LIMITED', true],
  [ccxtErrors.ExchangeNotAvailable, 'UNREACHABLE', true],
  [ccxtErrors.NetworkError, 'UNREACHABLE', true],
];

/** Words for an unknown market and for throttling that ccxt passes on unclassified. */
const BAD_SYMBOL_TEXT = /NOT_FOUND|Unknown asset pair|Invalid product_id/i;
const THROTTLED_TEXT = /EService: ?Throttled/i;

export function toExchangeError(exchange: Exchange, what: string, error: unknown): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').slice(0, 300) : String(error);
  const message = `${exchange} did not answer for ${what}: ${reason}`;
  const [, code, retryable] = CCXT_CODES.find(([Class]) => error instanceof Class) ?? [
    null,
    textCode(reason),
    !BAD_SYMBOL_TEXT.test(reason),
  ];
  return new ExchangeError(message, { code, exchange, retryable }, { cause: error });
}

function textCode(reason: string): ExchangeErrorCode {
  if (BAD_SYMBOL_TEXT.test(reason)) return 'BAD_SYMBOL';
  return THROTTLED_TEXT.test(reason) ? 'RATE_LIMITED' : 'REFUSED';
}
