import { describe, expect, test } from 'vitest';
import { ExchangeError } from '#core/errors.ts';
import type { Exchange } from '#core/exchange.ts';
import { refuseStatus, type HttpAnswer } from '#providers/ccxt/http-status.ts';

const URL_ASKED = new URL('https://api.example.com/api/v3/klines?symbol=BTCUSDT');
const JSON_ANSWER: HttpAnswer = {
  status: 200,
  retryAfter: undefined,
  atMs: 0,
  contentType: 'application/json',
  body: '[]',
  url: URL_ASKED,
};

function refusal(change: Partial<HttpAnswer>, exchange: Exchange = 'binance'): ExchangeError | null {
  try {
    refuseStatus(exchange, { ...JSON_ANSWER, ...change });
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ExchangeError);
    return error as ExchangeError;
  }
}

describe('refuseStatus', () => {
  test.each<[string, Partial<HttpAnswer>]>([
    ['a list with status 200', {}],
    ['an object with status 201', { status: 201, body: '{}' }],
    ['JSON behind white space', { body: ' \n{"a":1}' }],
    ['JSON without a content type', { contentType: undefined }],
    ['an error of the exchange itself with status 400', { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }],
    ['an error of the exchange itself with status 404', { status: 404, body: '{"error":"NOT_FOUND"}' }],
  ])('lets pass %s', (_what, answer) => {
    expect(refusal(answer)).toBeNull();
  });

  test.each<[string, Partial<HttpAnswer>, string, boolean]>([
    ['429', { status: 429 }, 'RATE_LIMITED', true],
    ['418', { status: 418 }, 'BANNED', false],
    ['403', { status: 403, contentType: 'text/html', body: '<html>' }, 'BANNED', false],
    ['451', { status: 451, body: '{"code":0}' }, 'GEO_BLOCKED', false],
    ['500', { status: 500, body: '' }, 'UNREACHABLE', true],
    ['503', { status: 503 }, 'UNREACHABLE', true],
    ['520', { status: 520 }, 'UNREACHABLE', true],
    ['a redirect', { status: 302, body: '' }, 'REFUSED', false],
    ['401', { status: 401 }, 'REFUSED', false],
    ['404 with a page', { status: 404, contentType: 'text/html', body: '<html>' }, 'REFUSED', false],
    ['400 with a text', { status: 400, contentType: 'text/plain', body: 'no' }, 'REFUSED', false],
    ['200 with a page', { contentType: 'text/html', body: '<html>challenge</html>' }, 'BAD_PAYLOAD', true],
    ['200 with a page that says it is JSON', { body: '<html>challenge</html>' }, 'BAD_PAYLOAD', true],
    ['200 with JSON that says it is a page', { contentType: 'text/html; charset=utf-8', body: '{}' }, 'BAD_PAYLOAD', true],
    ['200 with nothing', { body: '' }, 'BAD_PAYLOAD', true],
    ['200 with a word', { body: 'OK' }, 'BAD_PAYLOAD', true],
  ])('refuses %s', (_what, answer, code, retryable) => {
    expect(refusal(answer)).toMatchObject({ code, retryable, exchange: 'binance', status: answer.status ?? 200 });
  });

  test('takes the wait from Retry-After, as a date from the time of the answer on', () => {
    expect(refusal({ status: 429, retryAfter: '17' })?.retryAfterMs).toBe(17_000);
    const atMs = Date.UTC(2023, 2, 11, 12);
    expect(refusal({ status: 418, retryAfter: 'Sat, 11 Mar 2023 12:02:00 GMT', atMs })?.retryAfterMs).toBe(120_000);
    expect(refusal({ status: 429, retryAfter: '-1' })?.retryAfterMs).toBeUndefined();
  });

  test('names exchange, status, path and the beginning of the answer, in one line', () => {
    const body = `<html>\n\u0007<title>Attention ${'x'.repeat(500)}`;
    const message = refusal({ status: 403, body })?.message ?? '';
    expect(message).toMatch(
      /^binance answered HTTP 403 for \/api\/v3\/klines: a firewall refused this address \(the answer begins: <html> <title>Attention x+\)$/,
    );
    expect(message.length).toBeLessThan(300);
  });

  test('tells what to do where a region is blocked', () => {
    const cure = 'set exchanges.binance.rest_url to https://data-api.binance.vision in config/exchanges.yaml';
    expect(refusal({ status: 451 })?.message).toContain(cure);
    expect(refusal({ status: 451 }, 'coinbase')?.message).toContain('; run in another region');
    expect(refusal({ status: 451 }, 'coinbase')?.message).not.toContain('vision');
  });

  test('says that a body is empty', () => {
    expect(refusal({ status: 500, body: '' })?.message).toBe(
      'binance answered HTTP 500 for /api/v3/klines: the exchange is not available (empty body)',
    );
  });
});
