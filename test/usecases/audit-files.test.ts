import { describe, expect, test } from 'vitest';
import type { FileCheck } from '#core/file-finding.ts';
import type { CandleRow } from '#domain/audit/recording-row.ts';
import { readAnswer } from '#recorded-exchange/recorded-answers.ts';
import { readSessionLine } from '#recorded-exchange/session-trades.ts';
import { auditFiles, type AuditFilesReport } from '#usecases/audit-files.ts';
import type { LineBatch } from '#usecases/read-recording.ts';
import { seeded } from '../campaigns/audited-store.ts';

const MINUTE = 60_000;
const FROM = Date.UTC(2025, 5, 10);

type Files = Readonly<Record<string, readonly string[]>>;

async function audit(files: Files, damage: Readonly<Record<string, string>> = {}): Promise<AuditFilesReport> {
  async function* lines(name: string): AsyncGenerator<LineBatch> {
    const all = files[name] ?? [];
    for (let i = 0; i < all.length; i += 100) yield all.slice(i, i + 100);
    if (damage[name] !== undefined) yield { damage: damage[name] };
  }
  const sendsEveryStep = (exchange: string): boolean => exchange === 'binance';
  return await auditFiles({ lines, readSessionLine, readAnswer }, { names: Object.keys(files), sendsEveryStep });
}

/** A walk of prices in cents, with volumes of three decimals; the same seed gives the same candles. */
function market(minutes: number, seed: number): readonly CandleRow[] {
  const random = seeded(seed);
  let last = 10_000;
  return Array.from({ length: minutes }, (_, i) => {
    const prices = Array.from({ length: 4 }, () => (last += Math.floor(random() * 21) - 10) / 100);
    const [open = 0, , , close = 0] = prices;
    const volume = (1 + Math.floor(random() * 5000)) / 1000;
    return {
      symbol: '',
      openTimeMs: FROM + i * MINUTE,
      open,
      high: Math.max(...prices) / 1,
      low: Math.min(...prices) / 1,
      close,
      volume,
      trades: 4,
    };
  }).map((row) => ({
    ...row,
    ...Object.fromEntries((['open', 'high', 'low', 'close'] as const).map((field) => [field, Math.round(row[field] * 100) / 100])),
  }));
}

function rolledUp(minutes: readonly CandleRow[], stepMs: number): readonly CandleRow[] {
  return Array.from(
    Map.groupBy(minutes, ({ openTimeMs }) => Math.floor(openTimeMs / stepMs) * stepMs),
    ([openTimeMs, group]) => ({
      symbol: '',
      openTimeMs,
      open: group[0]!.open,
      high: Math.max(...group.map(({ high }) => high)),
      low: Math.min(...group.map(({ low }) => low)),
      close: group.at(-1)!.close,
      volume: Math.round(group.reduce((sum, { volume }) => sum + volume, 0) * 1000) / 1000,
      trades: 4 * group.length,
    }),
  );
}

const table = (rows: readonly CandleRow[]): readonly string[] => [
  'open_time,open,high,low,close,volume,trades',
  ...rows.map(({ openTimeMs, open, high, low, close, volume, trades }) => [openTimeMs, open, high, low, close, volume, trades].join(',')),
];

const found = ({ files }: AuditFilesReport): readonly (readonly [string, FileCheck, number])[] =>
  files.flatMap(({ file, findings }) => findings.map(({ check, count }) => [file, check, count] as const));

describe('planted faults', () => {
  const DAY = 3 * 1440;
  const minutes = market(DAY, 1);
  const good: Files = { 'binance_A-B_1m.csv': table(minutes), 'binance_A-B_5m.csv': table(rolledUp(minutes, 5 * MINUTE)) };

  test('are none in a good recording', async () => {
    const report = await audit(good);
    expect(found(report)).toEqual([]);
    expect(report).toMatchObject({ candles: DAY + DAY / 5, findings: 0 });
    expect(report.files[1]?.rollUps).toEqual([{ with: 'binance_A-B_1m.csv', compared: DAY / 5, equal: DAY / 5 }]);
  });

  const PLANTS = {
    lost: () => [],
    'there twice': (row) => [row, row],
    'read while open': (row) => [{ ...row, close: row.low, volume: row.volume / 2 }],
    'another high': (row) => [{ ...row, high: row.high + 1 }],
    'a low above the open': (row) => [{ ...row, low: row.open + 50, high: row.open + 60 }],
    'beside the grid': (row) => [{ ...row, openTimeMs: row.openTimeMs + 1000 }],
    'out of order': (row) => [{ ...row, openTimeMs: row.openTimeMs - 2 * MINUTE }],
  } as const satisfies Record<string, (row: CandleRow) => readonly CandleRow[]>;

  test.each(Object.keys(PLANTS) as (keyof typeof PLANTS)[])('"%s" is found at each of 100 places, and nowhere else', async (kind) => {
    const random = seeded(7);
    const slots = Array.from({ length: DAY / 5 - 2 }, (_, i) => i + 1);
    const places = new Set(Array.from({ length: 100 }, () => 5 * (slots.splice(Math.floor(random() * slots.length), 1)[0] ?? 0) + 3));
    const spoiled = minutes.flatMap((row, i) => (places.has(i) ? PLANTS[kind](row) : [row]));
    const report = await audit({ ...good, 'binance_A-B_1m.csv': table(spoiled) });
    const slotsFound = new Set(
      report.files.flatMap(({ file, findings }) =>
        findings
          .filter(({ check }) => file.includes('5m') || check === 'duplicate')
          .flatMap(({ fromMs, toMs }) => {
            const first = Math.floor(((fromMs ?? 0) - FROM) / (5 * MINUTE));
            const last = Math.floor(((toMs ?? 0) - FROM) / (5 * MINUTE));
            return Array.from({ length: last - first + 1 }, (_, i) => first + i);
          }),
      ),
    );
    expect([...slotsFound].sort((a, b) => a - b)).toEqual([...places].map((place) => Math.floor(place / 5)).sort((a, b) => a - b));
  });
});

test('files of one market are held against each other, those of another market or folder are not', async () => {
  const minutes = market(60, 3);
  const wrong = rolledUp(minutes, 5 * MINUTE).map((row) => ({ ...row, close: row.open }));
  const report = await audit({
    'a/kraken_A-B_1m.csv': table(minutes),
    'a/kraken_C-D_5m.csv': table(wrong),
    'b/kraken_A-B_5m.csv': table(wrong),
  });
  expect(report.files.flatMap(({ rollUps }) => rollUps)).toEqual([]);
  expect(report.findings).toBe(0);
});

test('minutes are held against the trades beside them', async () => {
  const trades = Array.from({ length: 40 }, (_, i) => [FROM + i * 15_000 + 1, 100 + i, 'buy', (1000 + (i % 5)) / 10, 0.5].join(','));
  const minutes = Array.from({ length: 10 }, (_, i) => {
    const prices = Array.from({ length: 4 }, (_trade, n) => (1000 + ((4 * i + n) % 5)) / 10);
    const [open = 0, , , close = 0] = prices;
    return `${FROM + i * MINUTE},${open},${Math.max(...prices)},${Math.min(...prices)},${i === 4 ? open : close},2`;
  });
  const report = await audit({
    'r/klines/kraken_A-B_1m.csv': ['open_time,open,high,low,close,volume', ...minutes],
    'r/trades/kraken_A-B.csv': ['timestamp,trade_id,side,price,amount', ...trades],
  });
  expect(report.files[0]).toMatchObject({ kind: 'candles', witnesses: [{ with: 'r/trades/kraken_A-B.csv', compared: 10, equal: 9 }] });
  expect(found(report)).toEqual([['r/klines/kraken_A-B_1m.csv', 'trades', 1]]);
});

test('a table of several markets is checked market by market', async () => {
  const header = 'symbol,open_time,open,high,low,close,volume';
  const rowsOf = (symbol: string, gone: number) =>
    Array.from({ length: 600 }, (_, i) => i)
      .filter((i) => i !== gone)
      .map((i) => [symbol, FROM + i * 5 * MINUTE, 1, 1, 1, 1, 1].join(','));
  const report = await audit({ 'binance_2-pairs_5m.csv': [header, ...rowsOf('AUSDT', -1), ...rowsOf('BUSDT', 300)] });
  expect(report.files[0]?.markets.map(({ symbol, timeframe }) => [symbol, timeframe])).toEqual([
    ['AUSDT', '5m'],
    ['BUSDT', '5m'],
  ]);
  expect(report.files[0]?.findings).toMatchObject([{ symbol: 'BUSDT', check: 'missing', count: 1 }]);
});

describe('a file', () => {
  test('whose name says no timeframe is taken by the shortest step of its rows', async () => {
    const report = await audit({ 'candles.csv': table(rolledUp(market(600, 5), 5 * MINUTE)) });
    expect(report.files[0]?.markets[0]?.timeframe).toBe('5m');
    expect(report.findings).toBe(0);
  });

  test('of an unknown format is named as such', async () => {
    const report = await audit({ 'log.csv': ['time;pair;interval;message', '1;2;3;4'], 'text.ndjson': ['no json'] });
    expect(report.files.map(({ kind, findings }) => [kind, findings[0]?.check, findings[0]?.message])).toEqual([
      ['unknown', 'format', 'unknown format: it begins with "time;pair;interval;message"'],
      ['unknown', 'format', 'unknown format: it begins with "no json"'],
    ]);
  });

  test('that is empty, has no row, or is damaged is a finding; what of it could be read is checked', async () => {
    const files = { 'a.csv': [], 'b.csv': table([]), 'kraken_c_1m.csv': table(market(50, 6)) };
    const report = await audit(files, { 'kraken_c_1m.csv': 'no whole gzip file (Z_BUF_ERROR)' });
    expect(report.files.map(({ findings, markets }) => [findings[0]?.message, markets.length])).toEqual([
      ['the file is empty', 0],
      ['there is a header, and no row', 0],
      ['no whole gzip file (Z_BUF_ERROR)', 1],
    ]);
  });

  test('with rows that are none tells how many, and where the first is', async () => {
    const lines = table(market(50, 6)).map((line, i) => (i === 20 || i === 30 ? 'x' : line));
    const report = await audit({ 'binance_c_1m.csv': lines });
    expect(report.files[0]?.findings[0]).toMatchObject({
      check: 'row',
      count: 2,
      message: '2 rows cannot be read, the first in line 21: 1 fields, the header names 7',
    });
  });

  test('of a recorded answer is checked where it holds candles or trades, and named where it does not', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => [FROM / 1000 + i * 60, '1', '2', '1', '2', '0.0', '1.5', 3]);
    const broken = JSON.stringify({
      error: [],
      result: { AB: rows.filter((_, i) => i !== 7).map((row, i) => (i === 3 ? [...row.slice(0, 6), '0', 0] : row)) },
    });
    const report = await audit({
      'kraken_AssetPairs.json': ['{"error":[],"result":{"AB":{"altname":"AB"}}}'],
      'kraken_OHLC_AB_1m.json': [broken],
      'kraken_x.json': ['no json'],
    });
    expect(report.files.map(({ kind, findings }) => [kind, findings.map(({ check }) => check)])).toEqual([
      ['answer', []],
      ['candles', ['missing']],
      ['unknown', ['format']],
    ]);
  });
});

describe('an answer', () => {
  test('that is damaged or an error is a finding under any name', async () => {
    const kline = (i: number): readonly unknown[] => [FROM + i * MINUTE, '1', '2', '1', '2', '5', FROM, '7', 176, '5', '3', '0'];
    const klines = Array.from({ length: 30 }, (_, i) => (i === 12 ? kline(i).slice(0, 8) : kline(i)));
    const report = await audit({
      'binance_klines_AB_1m.json': [JSON.stringify(klines)],
      'binance_x.json': ['{"code":-1121,"msg":"Invalid symbol."}'],
      'kraken_OHLC_AB_1m.json': ['{"error":["EGeneral:Internal error"],"result":{}}'],
      'x.json': ['[]'],
    });
    expect(report.files.map(({ findings }) => findings.map(({ check, message }) => `${check} ${message}`))).toEqual([
      [expect.stringMatching(/^row 1 row cannot be read, the first in line 14: \[.*\] is no candle$/)],
      ['format the exchange answered with an error: {"code":-1121,"msg":"Invalid symbol."}'],
      ['format the exchange answered with an error: {"error":["EGeneral:Internal error"],"result":{}}'],
      ['format the answer has no row'],
    ]);
  });

  test('about something else is a finding where its name says candles or trades', async () => {
    const body = ['{"name":"x","version":"1"}'];
    const report = await audit({ 'binance_AB_1m.json': body, 'kraken_Trades_AB.json': body, 'package.json': body });
    expect(report.files.map(({ file, findings }) => [file, findings.map(({ check }) => check)])).toEqual([
      ['binance_AB_1m.json', ['format']],
      ['kraken_Trades_AB.json', ['format']],
      ['package.json', []],
    ]);
    expect(report.files[0]?.findings[0]?.message).toContain('the name says candles or trades, and the answer holds none');
  });
});

test('messages of a session that are damaged are findings, with ids or without', async () => {
  const message = (data: string): string => JSON.stringify({ t: 'recv', data });
  const trade = (price: string, second: number): string =>
    message(JSON.stringify([1, [[price, '2', FROM / 1000 + second]], 'trade', 'A/B']));
  const report = await audit({ 's.ndjson': [trade('1', 1), trade('oops', 2), trade('1', 3).replace('\\"A/B\\"]', ''), trade('1', 4)] });
  expect(report).toMatchObject({ trades: 2, files: [{ findings: [{ check: 'row', count: 2 }] }] });
  expect(report.files[0]?.findings[0]?.message).toMatch(/^2 rows cannot be read, the first in line 2: \["oops",.*\] is no trade$/);
});

test('minutes beside trades whose pages overlap are what the trades say', async () => {
  const trades = Array.from({ length: 40 }, (_, i) => [FROM + i * 15_000 + 1, 100 + i, 10 + (i % 5), 0.5].join(','));
  const minutes = Array.from({ length: 10 }, (_, i) => {
    const prices = [0, 1, 2, 3].map((n) => 10 + ((4 * i + n) % 5));
    return `${FROM + i * MINUTE},${prices[0]},${Math.max(...prices)},${Math.min(...prices)},${prices[3]},2`;
  });
  const report = await audit({
    'kraken_A-B_1m.csv': ['open_time,open,high,low,close,volume', ...minutes],
    'kraken_A-B.csv': ['timestamp,trade_id,price,amount', ...trades.slice(0, 24), ...trades.slice(18)],
  });
  expect(new Set(found(report).map(([file, check]) => `${file} ${check}`))).toEqual(new Set(['kraken_A-B.csv duplicate']));
  expect(report.files[1]?.witnesses).toEqual([{ with: 'kraken_A-B.csv', compared: 10, equal: 10 }]);
});

test('captured sessions are checked for ids that are missing, market by market', async () => {
  const message = (s: string, t: number): string =>
    JSON.stringify({ t: 'recv', data: JSON.stringify({ data: { e: 'trade', s, t, p: '1.5', q: '2', T: FROM + t } }) });
  const report = await audit({
    's.ndjson': ['{"t":"connect"}', message('A', 1), message('B', 7), message('A', 2), message('B', 9), message('A', 3)],
  });
  expect(report).toMatchObject({ trades: 5, files: [{ kind: 'session' }] });
  expect(report.files[0]?.findings).toMatchObject([{ symbol: 'B', check: 'trade ids', message: 'trade 8 is missing' }]);
});
