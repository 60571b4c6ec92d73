import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { startPageServer } from '#local/page/page-server.ts';
import { createPageWorld, servePage, WEB } from './page-fixture.ts';

const HEADERS = {
  'content-security-policy': "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

type RawAnswer = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** Sends bytes as they are and reads until the server ends the connection. */
async function raw(port: number, request: string): Promise<RawAnswer> {
  const text = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(request));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('end', () => resolve(received));
    // A server that has answered need not read the rest of what is sent.
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)));
  });
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)]),
  );
  return { status: Number(line.split(' ')[1]), headers, body: body.join('\r\n\r\n') };
}

async function get(port: number, path: string, fields: readonly string[] = []): Promise<RawAnswer> {
  return await raw(port, [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Connection: close', ...fields, '', ''].join('\r\n'));
}

describe('what the server has', () => {
  test('the page, its parts and its data are answered with their types', async () => {
    const { url } = await servePage(createPageWorld());
    const typeOf = async (path: string) => {
      const response = await fetch(url + path);
      return [response.status, response.headers.get('content-type'), (await response.text()).length > 0];
    };
    expect(await typeOf('/')).toEqual([200, 'text/html; charset=utf-8', true]);
    expect(await typeOf('/app/page.ts')).toEqual([200, 'text/javascript; charset=utf-8', true]);
    expect(await typeOf('/app/style.css')).toEqual([200, 'text/css; charset=utf-8', true]);
    expect(await typeOf('/vendor/lightweight-charts.js')).toEqual([200, 'text/javascript; charset=utf-8', true]);
    expect(await typeOf('/api/status')).toEqual([200, 'application/json; charset=utf-8', true]);
  });

  test('HEAD has the headers of GET and no body', async () => {
    const { url } = await servePage(createPageWorld());
    const head = await fetch(url, { method: 'HEAD' });
    const whole = await (await fetch(url)).text();
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(whole)));
    expect(await head.text()).toBe('');
  });

  test('it listens on this machine alone', async () => {
    const { url, port } = await servePage(createPageWorld());
    expect(url).toBe(`http://127.0.0.1:${port}`);
    await expect(fetch(`http://[::1]:${port}/`)).rejects.toThrow('fetch failed');
    await expect(fetch(`http://127.0.0.2:${port}/`)).rejects.toThrow('fetch failed');
  });

  test('closing it ends connections that are kept open', async () => {
    const server = await servePage(createPageWorld());
    const ended = new Promise((resolve) =>
      connect({ host: '127.0.0.1', port: server.port })
        .on('connect', () => void server.close())
        .on('close', resolve),
    );
    await ended;
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });

  test('a taken port is named with the cure', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const start = startPageServer({ ...createPageWorld(), port, webDirectory: WEB });
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(
      `port ${port} of 127.0.0.1 is taken by another process, expected a free one for the page; stop that process or choose another with --port N`,
    );
  });
});

describe('every answer carries the security headers', () => {
  const requests = {
    'the page': (port: number) => get(port, '/'),
    data: (port: number) => get(port, '/api/status'),
    'bad parameters': (port: number) => get(port, '/api/chart'),
    'an unknown path': (port: number) => get(port, '/nothing'),
    'a foreign host': (port: number) => raw(port, 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n'),
    'a method that writes': (port: number) => raw(port, `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`),
    'no HTTP at all': (port: number) => raw(port, 'HELLO\r\n\r\n'),
    'too many headers': (port: number) =>
      get(
        port,
        '/',
        Array.from({ length: 10_000 }, (_, i) => `X-${i}: y`),
      ),
    'an unknown expectation': (port: number) => get(port, '/', ['Expect: a-miracle']),
  };
  test.each(Object.entries(requests))('%s', async (_name, request) => {
    const { port } = await servePage(createPageWorld());
    expect((await request(port)).headers).toMatchObject(HEADERS);
  });

  test('there is no permission for other sites to read', async () => {
    const { port } = await servePage(createPageWorld());
    const { headers } = await get(port, '/api/status', [`Origin: http://127.0.0.1:${port}`]);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describe('who may ask', () => {
  const ask = async (fields: (port: number) => readonly string[], version = '1.1'): Promise<number> => {
    const { port } = await servePage(createPageWorld());
    return (await raw(port, [`GET /api/status HTTP/${version}`, 'Connection: close', ...fields(port), '', ''].join('\r\n'))).status;
  };

  test('both names of this machine are good, in any case', async () => {
    expect(await ask((port) => [`Host: 127.0.0.1:${port}`])).toBe(200);
    expect(await ask((port) => [`Host: LocalHost:${port}`])).toBe(200);
    expect(await ask((port) => [`Host: localhost:${port}`, `Origin: http://localhost:${port}`])).toBe(200);
  });

  test.each([
    ['another name', () => ['Host: evil.example']],
    ['another name with the port', (port: number) => [`Host: evil.example:${port}`]],
    ['another port', () => ['Host: 127.0.0.1:1']],
    ['no port', () => ['Host: 127.0.0.1']],
    ['a name that only begins well', (port: number) => [`Host: 127.0.0.1:${port}.evil.example`]],
    ['an address of the network', (port: number) => [`Host: 192.168.0.1:${port}`]],
    ['no host', () => []],
    ['a forwarded host', (port: number) => ['Host: evil.example', `X-Forwarded-Host: 127.0.0.1:${port}`]],
    ['another site', (port: number) => [`Host: 127.0.0.1:${port}`, 'Origin: https://evil.example']],
    ['a page without an origin', (port: number) => [`Host: 127.0.0.1:${port}`, 'Origin: null']],
    ['an origin of another scheme', (port: number) => [`Host: 127.0.0.1:${port}`, `Origin: https://127.0.0.1:${port}`]],
    ['an origin of another port', (port: number) => [`Host: 127.0.0.1:${port}`, 'Origin: http://127.0.0.1:1']],
  ])('%s is refused', async (_name, fields) => {
    expect(await ask(fields)).toBe(403);
  });

  test('HTTP/1.0 without a host is refused like any other', async () => {
    expect(await ask(() => [], '1.0')).toBe(403);
  });
});

describe('what may be asked', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])('%s is refused with what is allowed', async (method) => {
    const { port } = await servePage(createPageWorld());
    const answer = await raw(port, `${method} /api/status HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('a method override changes nothing', async () => {
    const { port } = await servePage(createPageWorld());
    expect((await get(port, '/api/status', ['X-HTTP-Method-Override: DELETE'])).status).toBe(200);
  });

  test.each([
    ['a gigabyte announced', 'Content-Length: 1073741824'],
    ['a body in chunks', 'Transfer-Encoding: chunked'],
    ['a body after permission', 'Expect: 100-continue\r\nContent-Length: 5'],
  ])('%s is refused without reading it', async (_name, field) => {
    const { port } = await servePage(createPageWorld());
    const answer = await raw(port, `GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${field}\r\n\r\n`);
    expect([answer.status, answer.headers['connection']]).toEqual([413, 'close']);
  });

  test.each([
    '//',
    '/..',
    '/../package.json',
    '/app/../../package.json',
    '/app/..%2f..%2fpackage.json',
    '/..%2f',
    '/%ff',
    '/%00',
    '/app/',
    '/app/page.ts/',
    '/app/page.ts%00.css',
    '/app/constructor',
    '/__proto__',
    '/index.html',
    '/vendor/../app/page.ts',
    'http://evil.example/',
    '*',
  ])('path %j finds nothing', async (path) => {
    const { port } = await servePage(createPageWorld());
    const { status, body } = await get(port, path);
    expect([status, body]).toEqual([404, 'not found\n']);
  });

  test.each(['/api/', '/api/x', '/api/status/', '/api/../', '/api/__proto__'])('path %j is no data', async (path) => {
    const { port } = await servePage(createPageWorld());
    const { status, body } = await get(port, path);
    expect([status, JSON.parse(body)]).toEqual([404, { error: 'no such path, expected /api/status, /api/prices or /api/chart' }]);
  });

  test('ten thousand headers and an address of 100,000 characters are refused, and the next request is answered', async () => {
    const { port } = await servePage(createPageWorld());
    expect(
      (
        await get(
          port,
          '/',
          Array.from({ length: 10_000 }, (_, i) => `X-${i}: y`),
        )
      ).status,
    ).toBe(431);
    expect((await get(port, `/api/chart?symbol=${'A'.repeat(100_000)}`)).status).toBe(431);
    expect((await get(port, '/')).status).toBe(200);
  });

  test('an upgrade is not made: the request is answered as it is', async () => {
    const { port } = await servePage(createPageWorld());
    const { status } = await raw(
      port,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(status).toBe(200);
  });
});

describe('how long it waits, and for how many', () => {
  test('a hundred connections are held; one more is let go of, and comes in when another has left', async () => {
    const { port } = await servePage(createPageWorld());
    const held = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port }));
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const more = connect({ host: '127.0.0.1', port });
    // Whether it sees an end or a reset is a matter of time.
    const answered = new Promise<number>((resolve) =>
      more.on('error', () => resolve(more.bytesRead)).on('close', () => resolve(more.bytesRead)),
    );
    expect(await answered).toBe(0);
    const [first, ...others] = held;
    first?.destroy();
    await expect.poll(async () => (await get(port, '/').catch(() => null))?.status).toBe(200);
    for (const socket of others) socket.destroy();
  });

  test('a client that never ends its headers is told and let go of', async () => {
    const { port } = await servePage({ ...createPageWorld(), requestTimeoutMs: 100 });
    expect((await raw(port, 'GET / HTTP/1.1\r\nHost: ')).status).toBe(408);
  });

  test('a store that never answers is reported', async () => {
    const world = createPageWorld();
    const db = { ...world.db, readCandles: () => new Promise<never>(() => {}) };
    world.say({ series: [{ exchange: 'kraken', symbol: 'BTC/USD' as never, timeframe: '1m', newestOpenTimeMs: 0, missing: 0 }] });
    const { url } = await servePage({ ...world, db, requestTimeoutMs: 100 });
    const response = await fetch(`${url}/api/chart?exchange=kraken&symbol=BTC/USD&timeframe=1m`);
    expect([response.status, await response.json()]).toEqual([503, { error: 'the store gave no answer within 100 ms' }]);
  });
});
