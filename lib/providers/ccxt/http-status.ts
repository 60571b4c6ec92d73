import { ExchangeError, type ExchangeErrorFacts } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import { retryAfterMs } from './retry-after.ts';

export type HttpAnswer = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** When the answer was made, UTC ms: dates in it count from there. */
  readonly atMs: number;
  readonly contentType: string | undefined;
  readonly body: string;
  readonly url: URL;
};

/**
 * Throws what the status alone tells, before anybody parses the body. Statuses that carry an answer of the exchange itself (2xx, and
 * 400 and 404 with JSON, such as an unknown symbol) pass.
 */
export function refuseStatus(exchange: Exchange, answer: HttpAnswer): void {
  const { status, url } = answer;
  const facts = factsOf(exchange, answer);
  if (facts !== null)
    throw new ExchangeError(
      `${exchange} answered HTTP ${status} for ${url.pathname}: ${meaningOf(exchange, status)}${excerpt(answer.body)}`,
      facts,
    );
  if (!looksLikeJson(answer)) {
    throw new ExchangeError(
      `${exchange} answered HTTP ${status} for ${url.pathname} with something that is not JSON${excerpt(answer.body)}`,
      {
        code: 'BAD_PAYLOAD',
        exchange,
        status,
        retryable: true,
      },
    );
  }
}

function factsOf(exchange: Exchange, answer: HttpAnswer): ExchangeErrorFacts | null {
  const { status } = answer;
  const base = { exchange, status, retryAfterMs: retryAfterMs(answer.retryAfter, answer.atMs) };
  if (status === 429) return { ...base, code: 'RATE_LIMITED', retryable: true };
  if (status === 418 || status === 403) return { ...base, code: 'BANNED', retryable: false };
  if (status === 451) return { ...base, code: 'GEO_BLOCKED', retryable: false };
  if (status >= 500) return { ...base, code: 'UNREACHABLE', retryable: true };
  const ownAnswer = (status >= 200 && status < 300) || ((status === 400 || status === 404) && looksLikeJson(answer));
  return ownAnswer ? null : { ...base, code: 'REFUSED', retryable: false };
}

const VISION_HOST = 'set exchanges.binance.rest_url to https://data-api.binance.vision in config/exchanges.yaml (market data only), or ';

function meaningOf(exchange: Exchange, status: number): string {
  if (status === 429) return 'too many requests';
  if (status === 418) return 'this address is banned for a while';
  if (status === 403) return 'a firewall refused this address';
  if (status === 451)
    return `the exchange does not serve the region that this address is in; ${exchange === 'binance' ? VISION_HOST : ''}run in another region`;
  return status >= 500 ? 'the exchange is not available' : 'the request was refused';
}

function looksLikeJson({ contentType, body }: HttpAnswer): boolean {
  const first = body.trimStart()[0];
  return (first === '{' || first === '[') && !(contentType ?? '').includes('html');
}

function excerpt(body: string): string {
  const text = body
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 160);
  return text === '' ? ' (empty body)' : ` (the answer begins: ${text})`;
}
