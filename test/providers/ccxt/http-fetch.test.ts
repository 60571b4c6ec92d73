import { gzipSync, deflateSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ExchangeError } from '#core/errors.ts';
import type { Timer } from '#core/ports/timer.ts';
import { createHttpFetch } from '#providers/ccxt/http-fetch.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { handTimer } from '../../std/hand-timer.ts';
import { answeringServer, body, json, type Answer } from './answering-server.ts';

const DEADLINE_MS = 200;
const NOW = Date.UTC(2023, 2, 11, 3, 27, 1);
const MEGABYTE = 1024 * 1024;

async function asked(answer: Answer, { timer = createSystemTimer(), deadlineMs = 5000 }: { timer?: Timer; deadlineMs?: number } = {}) {
  const server = await answeringServer(answer);
  const serverTimes: number[] = [];
  const http = createHttpFetch({
    exchange: 'kraken',
    timer,
    deadlineMs,
    userAgent: 'tidemark-test',
    onServerTime: (timeMs) => serverTimes.push(timeMs),
    nowMs: () => NOW,
  });
  onTestFinished(http.close);
  const fetch = () => http.fetch(`${server.url}/0/public/OHLC?pair=XBTUSD`, { method: 'GET' });
  const failure = async (): Promise<ExchangeError> => {
    const outcome: unknown = await fetch().then(
      () => 'it was answered',
      (error: unknown) => error,
    );
    expect(outcome).toBeInstanceOf(ExchangeError);
    return outcome as ExchangeError;
  };
  return { server, http, serverTimes, fetch, failure };
}

describe('an answer', () => {
  test('comes back with its status and body', async () => {
    const { fetch, server } = await asked(json({ error: ['EQuery:Unknown asset pair'] }, 404));
    const response = await fetch();
    expect([response.status, await response.json()]).toEqual([404, { error: ['EQuery:Unknown asset pair'] }]);
    expect(server.requests).toEqual(['/0/public/OHLC?pair=XBTUSD']);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('packed with %s is unpacked', async (encoding, pack) => {
    const { fetch, server } = await asked(body(pack('{"result":{}}'), { headers: { 'content-encoding': encoding } }));
    expect(await (await fetch()).json()).toEqual({ result: {} });
    expect(server.headers()['accept-encoding']).toContain(encoding);
  });

  test('tells the time of the exchange, also when it is a refusal', async () => {
    const { fetch, failure, serverTimes, server } = await asked(json({}, 200, { date: 'Sat, 11 Mar 2023 03:27:00 GMT' }));
    await fetch();
    server.answer(json({}, 429, { date: 'Sat, 11 Mar 2023 03:28:00 GMT' }));
    await failure();
    expect(serverTimes).toEqual([Date.UTC(2023, 2, 11, 3, 27), Date.UTC(2023, 2, 11, 3, 28)]);
  });

  test.each(['', 'yesterday'])('with the date %j tells no time', async (date) => {
    const { fetch, serverTimes } = await asked((response) => {
      response.sendDate = false;
      json({}, 200, date === '' ? {} : { date })(response, response.req);
    });
    await fetch();
    expect(serverTimes).toEqual([]);
  });

  test('goes to a client that says who it is', async () => {
    const { fetch, server } = await asked(json({}));
    await fetch();
    expect(server.headers()).toMatchObject({ 'user-agent': 'tidemark-test', accept: 'application/json' });
  });
});

describe('no usable answer', () => {
  test.each<[string, Answer, string, boolean]>([
    ['a page with status 200', body('<html>challenge</html>', { headers: { 'content-type': 'text/html' } }), 'BAD_PAYLOAD', true],
    ['an empty body', body(''), 'BAD_PAYLOAD', true],
    ['too many requests', json({}, 429), 'RATE_LIMITED', true],
    ['a ban', json({}, 418), 'BANNED', false],
    ['a firewall', body('<html>', { status: 403 }), 'BANNED', false],
    ['a blocked region', json({}, 451), 'GEO_BLOCKED', false],
    ['a broken gateway', body('<html>', { status: 502 }), 'UNREACHABLE', true],
    ['bytes that are not packed as they say', body('{"result":{}}', { headers: { 'content-encoding': 'gzip' } }), 'BAD_PAYLOAD', true],
    [
      'a packed body that is cut',
      body(gzipSync('{"result":{}}').subarray(0, 20), { headers: { 'content-encoding': 'gzip' } }),
      'BAD_PAYLOAD',
      true,
    ],
  ])('is %s', async (_what, answer, code, retryable) => {
    const { failure } = await asked(answer);
    expect(await failure()).toMatchObject({ code, retryable, exchange: 'kraken' });
  });

  test('is a redirect: it is not followed', async () => {
    const { failure, server } = await asked(body('', { status: 302, headers: { location: '/elsewhere' } }));
    expect(await failure()).toMatchObject({ code: 'REFUSED', status: 302 });
    expect(server.requests).toEqual(['/0/public/OHLC?pair=XBTUSD']);
  });

  test('is a body that ends in the middle', async () => {
    const { failure } = await asked((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"result":{"XXBTZUSD":[[1678', () => response.destroy());
    });
    expect(await failure()).toMatchObject({ code: 'UNREACHABLE', retryable: true });
  });

  test('is a connection that is cut before the headers', async () => {
    const { failure, server } = await asked((response) => response.destroy());
    const { code, message } = await failure();
    expect([code, message]).toEqual(['UNREACHABLE', expect.stringContaining(`kraken cannot be reached at ${server.url}: `)]);
  });

  test('is a refused connection', async () => {
    const http = createHttpFetch({
      exchange: 'kraken',
      timer: createSystemTimer(),
      deadlineMs: 5000,
      userAgent: 'x',
      onServerTime: () => {},
      nowMs: () => NOW,
    });
    await expect(http.fetch('http://127.0.0.1:1/', { method: 'GET' })).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
  });

  test('is a small body that unpacks into a huge one', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MEGABYTE, ' '));
    expect(bomb.length).toBeLessThan(MEGABYTE);
    const { failure } = await asked(body(bomb, { headers: { 'content-encoding': 'gzip' } }));
    const { code, message } = await failure();
    expect([code, message]).toEqual(['BAD_PAYLOAD', expect.stringContaining('kraken answered with a body that cannot be read')]);
  });

  test('is a body without an end: it is read up to a limit and the connection let go', async () => {
    const { failure, server } = await asked((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = Buffer.alloc(MEGABYTE, ' ');
      const pour = (): void => void response.write(more, (error) => (error ? undefined : pour()));
      pour();
    });
    expect(await failure()).toMatchObject({ code: 'BAD_PAYLOAD', message: expect.stringContaining('exceeds 5242880 bytes') });
    await expect.poll(server.connections).toBe(0);
  });
});

describe('the deadline', () => {
  const STALLS: readonly (readonly [string, Answer])[] = [
    ['headers that do not come', () => {}],
    [
      'a body that stalls behind the headers',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"result":');
      },
    ],
    [
      'a body that drips',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
    ],
  ];

  test.each(STALLS)('ends %s, and the connection with it', async (_what, answer) => {
    const { failure, server } = await asked(answer, { deadlineMs: DEADLINE_MS });
    expect(await failure()).toMatchObject({
      code: 'TIMEOUT',
      retryable: true,
      message: 'kraken (/0/public/OHLC) gave no answer within 200 ms',
    });
    await expect.poll(server.connections).toBe(0);
  });

  test('is by the timer alone', async () => {
    const timer = handTimer();
    let arrived = (): void => {};
    const asking = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { failure } = await asked(() => arrived(), { timer, deadlineMs: 3_600_000 });
    const failed = failure();
    await asking;
    timer.advance(3_599_999);
    timer.advance(1);
    expect(await failed).toMatchObject({ code: 'TIMEOUT' });
  });

  test('of an answered request leaves no timer behind', async () => {
    const timer = handTimer();
    const { fetch, failure, server } = await asked(json({}), { timer });
    await fetch();
    server.answer(json({}, 500));
    await failure();
    expect(timer.pending()).toBe(0);
  });
});

test('close lets go of the connections that are kept for the next request', async () => {
  const { fetch, http, server } = await asked(json({}));
  await fetch();
  await fetch();
  expect(await server.connections()).toBe(1);
  http.close();
  await expect.poll(server.connections).toBe(0);
});
