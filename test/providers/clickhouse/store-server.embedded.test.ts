import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, deflateSync, gunzipSync, gzipSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHttpClient } from '#providers/clickhouse/client.ts';
import { createClickHouseDb } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine, type EmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { INSIDE_TABLE_FUNCTIONS, OUTSIDE_FUNCTIONS } from '#providers/clickhouse/statement-guard.ts';
import { startStoreServer, type StoreServer } from '#providers/clickhouse/store-server.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { timeSeriesDbContract } from '../../contracts/time-series-db.contract.ts';

const PASSWORD = 'written-in-runtime-json';
const directory = mkdtempSync(join(tmpdir(), 'tidemark-endpoint-'));
let engine: EmbeddedEngine;
let server: StoreServer;
let reader: ClickHouseClient;
let writer: ClickHouseClient;

beforeAll(async () => {
  engine = await openEmbeddedEngine(directory);
  server = await startStoreServer({ engine, port: 0, writerPassword: PASSWORD, database: 'trading' });
  reader = createClient({ url: server.url, database: 'trading', log: { level: ClickHouseLogLevel.OFF } });
  writer = createHttpClient({ url: server.url, username: 'writer', password: PASSWORD });
  await createDb().migrate();
});
afterAll(async () => {
  await reader.close();
  await writer.close();
  await server.close();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

function createDb() {
  const schema = { directory: 'schema/clickhouse', ttlDays: null };
  return createClickHouseDb({
    client: writer,
    database: 'trading',
    timer: createSystemTimer(),
    deadlineMs: 20_000,
    gatherMs: 0,
    schema,
    close: async () => {},
  });
}

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly bytes: Buffer; readonly text: string };
type Call = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly search?: Record<string, string>;
  readonly path?: string;
};

/** A request as curl makes it: nothing is added. */
function call({ method, headers = {}, body, search = {}, path = '/' }: Call): Promise<Answer> {
  const query = new URLSearchParams(search).toString();
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      path: query === '' ? path : `${path}?${query}`,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      agent: false,
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString('utf8') });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Writes the text as it is and returns all that comes back until the server closes. */
function talk(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

const ask = (query: string, search: Record<string, string> = {}) => call({ search: { query, ...search } });

const basic = (user: string, password: string) => ({ Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });
const asWriter = basic('writer', PASSWORD);

timeSeriesDbContract('ClickHouse over the store endpoint', async () => createDb());

describe('without a query', () => {
  test.each([['/ping'], ['/'], ['/replicas_status']])('%s says Ok', async (path) => {
    expect(await call({ path })).toMatchObject({ status: 200, text: 'Ok.\n' });
  });

  test('another path is not found', async () => {
    expect(await call({ path: '/play' })).toMatchObject({ status: 404, text: expect.stringContaining('"/play"') });
  });

  test('an empty query is a syntax error', async () => {
    expect(await call({ body: ' -- nothing\n' })).toMatchObject({ status: 400, text: expect.stringContaining('Empty query') });
  });

  test('a method that is none of the interface is refused', async () => {
    expect(await call({ method: 'DELETE' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } });
  });

  test('HEAD carries headers and no body', async () => {
    expect(await call({ method: 'HEAD', search: { query: 'SELECT 1' } })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'x-clickhouse-format': 'TabSeparated', 'content-length': '2' },
    });
  });
});

describe('a query', () => {
  test('comes in the URL, in the body, or in both', async () => {
    expect((await ask('SELECT 1, 2')).text).toBe('1\t2\n');
    expect((await call({ body: 'SELECT 1, 2' })).text).toBe('1\t2\n');
    expect((await call({ search: { query: 'SELECT 1,' }, body: '2' })).text).toBe('1\t2\n');
  });

  test('may end with a semicolon and a comment', async () => {
    expect((await ask('/* first */ SELECT 1; -- done')).text).toBe('1\n');
  });

  test('is answered with its headers', async () => {
    const { headers } = await ask('SELECT number FROM numbers(3)', { query_id: 'my-query.1' });
    expect(headers).toMatchObject({
      'content-type': 'text/tab-separated-values; charset=UTF-8',
      'x-clickhouse-format': 'TabSeparated',
      'x-clickhouse-query-id': 'my-query.1',
      'x-clickhouse-timezone': (await ask('SELECT timezone()')).text.trim(),
      'x-clickhouse-server-display-name': 'tidemark',
    });
    expect(JSON.parse(String(headers['x-clickhouse-summary']))).toMatchObject({ result_rows: '3', written_rows: '0' });
  });

  test('gets an id of its own in place of one that does not fit into a header', async () => {
    expect((await ask('SELECT 1', { query_id: 'a\r\nb' })).headers['x-clickhouse-query-id']).toMatch(/^[\da-f-]{36}$/);
  });

  test.each([
    [{ default_format: 'JSONEachRow' }, 'SELECT 1 AS n', '{"n":1}\n', 'JSONEachRow', 'application/x-ndjson; charset=UTF-8'],
    [{ default_format: 'JSONEachRow' }, 'SELECT 1 AS n FORMAT CSV', '1\n', 'CSV', 'text/csv; charset=UTF-8'],
    [{}, 'SELECT 1 AS n FORMAT JSONCompact', '"data"', 'JSONCompact', 'application/json; charset=UTF-8'],
    [{}, 'SELECT 1 AS n FORMAT CSVWithNames;', '"n"\n1\n', 'CSVWithNames', 'text/csv; charset=UTF-8'],
    [{}, 'SELECT toUInt8(65) FORMAT RowBinary', 'A', 'RowBinary', 'application/octet-stream'],
    [{}, 'SELECT 1 AS format', '1\n', 'TabSeparated', 'text/tab-separated-values; charset=UTF-8'],
    [{}, 'SELECT 1 AS n FORMAT Vertical', 'n: 1', 'Vertical', 'text/plain; charset=UTF-8'],
  ])('has the format of %o and "%s"', async (search, query, part, format, contentType) => {
    const { text, headers } = await ask(query, search);
    expect(text).toContain(part);
    expect(headers).toMatchObject({ 'x-clickhouse-format': format, 'content-type': contentType });
  });

  test('takes the format of a header', async () => {
    expect((await call({ body: 'SELECT 1 AS n', headers: { 'X-ClickHouse-Format': 'JSONEachRow' } })).text).toBe('{"n":1}\n');
  });

  test('finds tables in the database of the request, and without one in the default', async () => {
    expect((await ask('SELECT currentDatabase()')).text).toBe('trading\n');
    expect((await ask('SELECT currentDatabase()', { database: 'system' })).text).toBe('system\n');
    expect((await call({ search: { query: 'SELECT currentDatabase()' }, headers: { 'X-ClickHouse-Database': 'default' } })).text).toBe(
      'default\n',
    );
    expect((await ask('EXISTS candles_1m')).text).toBe('1\n');
  });

  test('cannot break out of the database name', async () => {
    expect(await ask('SELECT 1', { database: '`; DROP DATABASE trading; --' })).toMatchObject({
      status: 404,
      headers: { 'x-clickhouse-exception-code': '81' },
    });
    expect((await ask('EXISTS candles_1m')).text).toBe('1\n');
  });

  test('may have an answer of a hundred megabytes', async () => {
    const { bytes, headers } = await ask("SELECT repeat('x', 1000000) FROM numbers(120)");
    expect(bytes.length).toBe(120 * (1_000_000 + 1));
    expect(headers['content-length']).toBe(String(bytes.length));
  });

  test('shows a reader each candle once, however often it was written', async () => {
    const row = (version: bigint) => `('kraken', 'ONCE/USD', '2023-03-10 00:00:00.000', 10, 12, 9, 11, 0, ${version})`;
    for (const version of [2n ** 62n, 2n ** 62n + 1n]) {
      await writer.command({
        query: `INSERT INTO trading.candles_1m (exchange, symbol, timestamp, open, high, low, close, volume, version) VALUES ${row(version)}`,
      });
    }
    expect((await ask("SELECT count(), max(version) FROM candles_1m WHERE symbol = 'ONCE/USD'")).text).toBe(`1\t${2n ** 62n + 1n}\n`);
  });
});

describe('a parameter', () => {
  test.each([
    ['String', 'BTC/USD', 'BTC/USD'],
    ['String', String.raw`it\'s a \\ and a tab\t`, String.raw`it's a \ and a tab` + '\t'],
    ['String', "'; DROP TABLE candles_1m; --", "'; DROP TABLE candles_1m; --"],
    ['String', '', ''],
    ['UInt64', '18446744073709551615', '18446744073709551615'],
    ['Int32', '-5', '-5'],
    ['Float64', '0.1', '0.1'],
    ['Bool', 'true', 'true'],
    ['Decimal(38, 18)', '12345678901234567890.123456789012345678', '12345678901234567890.123456789012345678'],
    ["DateTime64(3, 'UTC')", '2023-03-10 00:00:00.123', '2023-03-10 00:00:00.123'],
    ["DateTime64(3, 'UTC')", '1678406400.123', '2023-03-10 00:00:00.123'],
    ['Date', '2023-03-10', '2023-03-10'],
    ['Nullable(String)', String.raw`\N`, 'NULL'],
    ['LowCardinality(String)', 'x', 'x'],
    ['Array(String)', "['a','b']", "['a','b']"],
    ['Array(String)', '[]', '[]'],
    ['Array(String)', String.raw`['it\'s','b\\c']`, String.raw`['it\'s','b\\c']`],
    ['Array(UInt8)', '[1,2]', '[1,2]'],
    ['Tuple(UInt8, String)', "(1,'q')", "(1,'q')"],
  ])('of type %s is read from %s', async (type, wire, expected) => {
    const query = `SELECT ifNull(toString({value: ${type}}), 'NULL') FORMAT TSVRaw`;
    expect((await ask(query, { param_value: wire })).text).toBe(`${expected}\n`);
  });

  test('may be used several times and as an identifier', async () => {
    const query = 'SELECT {n: UInt8} + {n: UInt8}, count() FROM {db: Identifier}.{table: Identifier} WHERE 0';
    expect((await ask(query, { param_n: '2', param_db: 'trading', param_table: 'candles_5m' })).text).toBe('4\t0\n');
  });

  test('is left alone inside a string', async () => {
    expect((await ask("SELECT '{n: UInt8}'", { param_n: '2' })).text).toBe('{n: UInt8}\n');
  });

  test.each([
    ['of the wrong kind', 'SELECT {n: UInt8}', { param_n: 'x' }, '457'],
    ['that is missing', 'SELECT {n: UInt8}', {}, '456'],
    ['of a type that is none', 'SELECT {n: UInt8!}', { param_n: '1' }, '457'],
    ['of a type that cannot be given', 'SELECT {n: Map(String, UInt8)}', { param_n: '{}' }, '48'],
  ])('%s is refused', async (_what, query, search, code) => {
    expect((await ask(query, search)).headers['x-clickhouse-exception-code']).toBe(code);
  });
});

describe('a failure', () => {
  test.each([
    ['SELEC 1', 164, 500],
    ['SELECT FROM WHERE', 62, 400],
    ['SELECT 1; SELECT 2', 62, 400],
    ["SELECT 'open", 62, 400],
    ['SELECT * FROM nowhere', 60, 404],
    ['SELECT * FROM nowhere.at_all', 81, 404],
    ['SELECT nothing FROM candles_1m', 47, 404],
    ['SELECT nofunction(1)', 46, 404],
    ['SELECT 1 FORMAT Nothing', 73, 404],
    ["SELECT toDateTime('x')", 41, 400],
    ['DROP TABLE candles_1m', 164, 500],
    ['SELECT throwIf(1)', 395, 500],
    ["SELECT * FROM file('/etc/passwd')", 497, 403],
  ])('of "%s" has code %i and status %i', async (query, code, status) => {
    const answer = await ask(query);
    expect(answer).toMatchObject({ status, headers: { 'x-clickhouse-exception-code': String(code) } });
    expect(answer.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .+ \\([A-Z_]+\\) \\(version 26\\.`, 's'));
  });

  test('reaches the client as its own error', async () => {
    await expect(reader.query({ query: 'SELECT * FROM nowhere' })).rejects.toMatchObject({
      name: 'Error',
      code: '60',
      type: 'UNKNOWN_TABLE',
      message: expect.stringContaining('nowhere'),
    });
  });

  test('leaves the next query unharmed', async () => {
    await ask('SELECT * FROM nowhere.at_all');
    expect((await ask('SELECT 1')).text).toBe('1\n');
  });
});

describe('a reader', () => {
  test.each([
    'INSERT INTO candles_1m (symbol) VALUES (1)',
    'TRUNCATE TABLE candles_1m',
    'ALTER TABLE candles_1m DELETE WHERE 1',
    'OPTIMIZE TABLE candles_1m FINAL',
    'CREATE TABLE mine (a UInt8) ENGINE = Memory',
    'SET max_result_rows = 0',
    'USE system',
    'SYSTEM SHUTDOWN',
    'KILL QUERY WHERE 1',
  ])('cannot run "%s"', async (query) => {
    expect(await call({ body: query })).toMatchObject({ status: 500, headers: { 'x-clickhouse-exception-code': '164' } });
  });

  test.each([
    "SELECT file('/etc/hostname')",
    "SELECT `file`('/etc/hostname')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "DESCRIBE s3('http://127.0.0.1:1/bucket/key')",
    `SELECT 1 INTO OUTFILE '${join(directory, 'leak')}'`,
  ])('cannot reach outside with "%s"', async (query) => {
    expect(await call({ body: query })).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '497' } });
  });

  test('cannot set anything by parameter', async () => {
    const answer = await ask("SELECT getSetting('max_result_rows'), getSetting('readonly'), getSetting('final')", {
      max_result_rows: '0',
      readonly: '0',
      final: '0',
      session_id: 's',
      nonsense: '1',
    });
    expect(answer).toMatchObject({ status: 200, text: '5000000\t1\ttrue\n' });
  });

  test('cannot set anything in the statement', async () => {
    expect((await ask('SELECT 1 SETTINGS max_result_rows = 0')).headers['x-clickhouse-exception-code']).toBe('164');
  });

  test('gets every table function of this engine refused that is not known to stay inside', async () => {
    const names = (await ask('SELECT name FROM system.table_functions FORMAT TSVRaw')).text.trim().split('\n');
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !INSIDE_TABLE_FUNCTIONS.has(name) && !OUTSIDE_FUNCTIONS.has(name.toLowerCase()))).toEqual([]);
  });
});

describe('the writer', () => {
  test.each([
    ['Basic credentials', { headers: asWriter }],
    ['headers', { headers: { 'X-ClickHouse-User': 'writer', 'X-ClickHouse-Key': PASSWORD } }],
    ['parameters', { search: { user: 'writer', password: PASSWORD } }],
  ])('is known by %s', async (_what, how) => {
    expect(
      await call({ ...how, body: 'CREATE TABLE IF NOT EXISTS notes (id UInt32, note String) ENGINE = MergeTree ORDER BY id' }),
    ).toMatchObject({ status: 200, text: '' });
  });

  test.each([
    ['a wrong password', { headers: basic('writer', 'guess') }],
    ['no password', { search: { user: 'writer' } }],
    ['a password of another length', { headers: basic('writer', `${PASSWORD}ü`) }],
    ['a password for a reader', { headers: basic('default', 'x') }],
    ['a token', { headers: { Authorization: 'Bearer x' } }],
  ])('is not known by %s', async (_what, how) => {
    expect(await call({ ...how, body: 'SELECT 1' })).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '516' } });
  });

  test.each([['default'], ['grafana'], ['']])('is not "%s", who reads without a password', async (user) => {
    expect(await call({ headers: basic(user, ''), body: 'SELECT 1' })).toMatchObject({ status: 200, text: '1\n' });
  });

  test('inserts rows that follow the statement, in the body or split', async () => {
    await writer.command({ query: 'TRUNCATE TABLE notes' });
    const tabs = 'INSERT INTO notes FORMAT TabSeparated\n1\tit; is fine\n2\t\n';
    expect(await call({ headers: asWriter, body: tabs })).toMatchObject({ status: 200 });
    const split = {
      headers: asWriter,
      search: { query: 'INSERT INTO notes FORMAT JSONEachRow' },
      body: '{"id":3,"note":"ß {n: UInt8}"}\n',
    };
    const summary = JSON.parse(String((await call(split)).headers['x-clickhouse-summary'])) as Record<string, string>;
    expect(summary['written_rows']).toBe('1');
    expect(await call({ headers: asWriter, body: "INSERT INTO notes (id, note) VALUES (4, 'four; $x$'), (5, '')" })).toMatchObject({
      status: 200,
    });
    expect((await ask('SELECT groupArray((id, note)) FROM (SELECT * FROM notes ORDER BY id) FORMAT TSVRaw')).text).toBe(
      "[(1,'it; is fine'),(2,''),(3,'ß {n: UInt8}'),(4,'four; $x$'),(5,'')]\n",
    );
  });

  test('cannot write with GET, which a link can make', async () => {
    expect(await call({ headers: asWriter, search: { query: 'DROP TABLE notes' } })).toMatchObject({
      status: 500,
      headers: { 'x-clickhouse-exception-code': '164' },
    });
  });

  test('is told that there are no sessions', async () => {
    expect(await call({ headers: asWriter, body: 'SET readonly = 1' })).toMatchObject({
      status: 501,
      headers: { 'x-clickhouse-exception-code': '48' },
    });
  });
});

describe('the unmodified client', () => {
  test('pings', async () => {
    expect(await reader.ping()).toEqual({ success: true });
    expect(await reader.ping({ select: true })).toEqual({ success: true });
  });

  test.each([[false], [true]])('reads every shape it knows, compressed: %s', async (compressed) => {
    const client = createClient({ url: server.url, database: 'trading', compression: { response: compressed, request: compressed } });
    const query = 'SELECT number AS n FROM numbers({count: UInt32})';
    const query_params = { count: 3 };
    expect(await (await client.query({ query, query_params, format: 'JSONEachRow' })).json()).toEqual([{ n: '0' }, { n: '1' }, { n: '2' }]);
    expect((await (await client.query({ query, query_params, format: 'JSON' })).json()).data).toHaveLength(3);
    expect(await (await client.query({ query, query_params, format: 'JSONCompactEachRow' })).json()).toEqual([['0'], ['1'], ['2']]);
    expect(await (await client.query({ query, query_params, format: 'CSV' })).text()).toBe('0\n1\n2\n');
    let rows = 0;
    const streamed = await client.query({ query, query_params: { count: 100_000 }, format: 'JSONEachRow' });
    for await (const chunk of streamed.stream()) rows += (chunk as unknown[]).length;
    expect(rows).toBe(100_000);
    await client.close();
  });

  test('binds values of many kinds', async () => {
    const query =
      "SELECT {s: String} AS s, {a: Array(String)} AS a, {d: DateTime64(3, 'UTC')} AS d, {n: Nullable(String)} AS n, {b: Bool} AS b";
    const given = { s: "it's\n\\", a: ["it's", 'a\tb', ''], d: new Date('2023-03-10T00:00:00.123Z'), n: null, b: true };
    expect(await (await reader.query({ query, query_params: given, format: 'JSONEachRow' })).json()).toEqual([
      { s: "it's\n\\", a: ["it's", 'a\tb', ''], d: '2023-03-10 00:00:00.123', n: null, b: true },
    ]);
  });

  test('writes with insert, command and exec', async () => {
    await writer.command({ query: 'CREATE TABLE IF NOT EXISTS trading.jots (id UInt32) ENGINE = MergeTree ORDER BY id' });
    await writer.insert({ table: 'jots', values: [{ id: 1 }, { id: 2 }], format: 'JSONEachRow' });
    const result = await writer.exec({ query: 'SELECT sum(id) FROM jots FORMAT CSV' });
    let text = '';
    for await (const chunk of result.stream) text += String(chunk);
    expect(text).toBe('3\n');
    expect(result.query_id).toMatch(/^[\da-f-]{36}$/);
  });
});

describe('compression', () => {
  test.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ])('of the answer with %s needs both the header and the parameter', async (encoding, decompress) => {
    const search = { query: "SELECT repeat('x', 10000)" };
    const headers = { 'Accept-Encoding': `identity, ${encoding}` };
    const squeezed = await call({ search: { ...search, enable_http_compression: '1' }, headers });
    expect(squeezed.headers['content-encoding']).toBe(encoding);
    expect(decompress(squeezed.bytes).toString()).toBe(`${'x'.repeat(10_000)}\n`);
    expect((await call({ search, headers })).headers['content-encoding']).toBeUndefined();
    expect(
      (await call({ search: { ...search, enable_http_compression: '1' }, headers: { 'Accept-Encoding': `${encoding};q=0` } })).headers[
        'content-encoding'
      ],
    ).toBeUndefined();
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ])('of the query with %s is undone', async (encoding, compress) => {
    expect((await call({ body: compress('SELECT 1'), headers: { 'Content-Encoding': encoding } })).text).toBe('1\n');
  });

  test('that is cut off or not known is refused', async () => {
    const cut = gzipSync('SELECT 1, 2, 3').subarray(0, 20);
    expect(await call({ body: cut, headers: { 'Content-Encoding': 'gzip' } })).toMatchObject({ status: 400 });
    expect((await call({ body: 'SELECT 1', headers: { 'Content-Encoding': 'lz4' } })).headers['x-clickhouse-exception-code']).toBe('89');
  });

  test('does not lift the limit of the body', async () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024, 32));
    expect(await call({ body: bomb, headers: { 'Content-Encoding': 'gzip' } })).toMatchObject({
      status: 413,
      headers: { 'x-clickhouse-exception-code': '229' },
    });
  });
});

describe('a request', () => {
  test('with more than 64 MiB is refused', async () => {
    expect(await call({ body: Buffer.alloc(64 * 1024 * 1024 + 1, 32) })).toMatchObject({ status: 413 });
  });

  test('that is not text is refused', async () => {
    expect(await call({ body: Buffer.from([0xff, 0xfe, 0x00]) })).toMatchObject({
      status: 400,
      text: expect.stringContaining('not UTF-8'),
    });
  });

  test('with parts is refused', async () => {
    expect(await call({ body: '--b--', headers: { 'Content-Type': 'multipart/form-data; boundary=b' } })).toMatchObject({ status: 415 });
  });

  test.each([['evil.example'], ['evil.example:8123'], ['127.0.0.1.evil.example'], ['[::1]']])(
    'with the Host "%s" is refused',
    async (host) => {
      expect(await call({ path: '/ping', headers: { Host: host } })).toMatchObject({ status: 403, text: expect.stringContaining(host) });
    },
  );

  test('without a Host is refused', async () => {
    expect(await talk('GET /?query=SELECT%201 HTTP/1.0\r\n\r\n')).toContain('403 Forbidden');
  });

  test.each([['localhost:8123'], ['LOCALHOST'], ['127.0.0.1']])('with the Host "%s" is answered', async (host) => {
    expect(await call({ path: '/ping', headers: { Host: host } })).toMatchObject({ status: 200 });
  });

  test.each([
    [{ Origin: 'https://evil.example' }, 403],
    [{ Origin: 'http://127.0.0.1.evil.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ Origin: 'http://127.0.0.1:8420' }, 200],
    [{ Origin: 'http://localhost' }, 200],
  ])('from a page with %o gets status %i', async (headers, status) => {
    expect((await call({ search: { query: 'SELECT 1' }, headers: headers as Record<string, string> })).status).toBe(status);
  });

  test('whose client goes away harms nobody', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('GET /?query=SELECT%20repeat(%27x%27,1000000)%20FROM%20numbers(50) HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect((await ask('SELECT 1')).text).toBe('1\n');
  });

  test('that is no HTTP is turned away', async () => {
    expect(await talk('\x16\x03\x01 hello\r\n\r\n')).toContain('400 Bad Request');
  });
});

describe('the server', () => {
  test('listens on 127.0.0.1 only', async () => {
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((entry) => entry !== undefined && entry.family === 'IPv4' && !entry.internal);
    for (const address of ['127.0.0.2', ...others.map((entry) => entry?.address ?? '')]) {
      const refused = await new Promise((resolve) => {
        const socket = connect(server.port, address, () => resolve(false));
        socket.once('error', () => resolve(true));
      });
      expect(refused, address).toBe(true);
    }
  });

  test('says that a port is taken', async () => {
    await expect(startStoreServer({ engine, port: server.port, writerPassword: PASSWORD, database: 'trading' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('cuts open connections when it closes, and closes twice', async () => {
    const other = await startStoreServer({ engine, port: 0, writerPassword: PASSWORD, database: 'trading' });
    const socket = connect(other.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await other.close();
    await ended;
    await other.close();
  });

  test('answers many readers at once, each with its own', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, async (_, index) => (await ask(`SELECT ${index}`)).text));
    expect(answers).toEqual(Array.from({ length: 40 }, (_, index) => `${index}\n`));
  });
});
