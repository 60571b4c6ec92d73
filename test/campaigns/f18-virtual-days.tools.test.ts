import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Exchange } from '#core/exchange.ts';
import { TIMEFRAME_MS, TIMEFRAMES } from '#core/timeframe.ts';
import { createClickHouseDb } from '#providers/clickhouse/clickhouse-db.ts';
import { openEmbeddedEngine } from '#providers/clickhouse/embedded-engine.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { syncCandles } from '#usecases/sync-candles.ts';
import { createSyncMemory, type SyncMemory } from '#usecases/sync-memory.ts';
import { seededRandom } from '../providers/websocket/virtual-time.ts';
import { fakeExchange, symbolOf } from '../usecases/fake-exchange.ts';
import { SETTINGS } from '../usecases/sync-world.ts';

// Campaign F18: three virtual days of 180 series on the real engine, through the real sync: ticks that come twice, ticks that are missed,
// one to eight in a row, processes that begin anew. What the engine then shows must be what the exchanges had, each candle once.

const DAYS = 3;
const MARKETS = 20;
const EXCHANGES = ['binance', 'coinbase', 'kraken'] as const satisfies readonly Exchange[];
const START = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const TICKS = DAYS * 1440;

test(`F18: ${TICKS} minutes of 180 series, on the real engine`, { timeout: 600_000 }, async () => {
  const rssBefore = process.memoryUsage().rss;
  const startedMs = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-days-'));
  const engine = await openEmbeddedEngine(directory);
  onTestFinished(async () => {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const schema = { directory: 'schema/clickhouse', ttlDays: null };
  const client = { client: engine.writer, database: 'trading', timer: createSystemTimer(), deadlineMs: 20_000 };
  const db = createClickHouseDb({ ...client, gatherMs: 2, schema, close: async () => {} });
  await db.migrate();

  const random = seededRandom(18);
  let nowMs = START;
  const clock = { nowMs: () => nowMs, sleepUntil: async () => {} };
  const symbols = Array.from({ length: MARKETS }, (_, index) => symbolOf(`C${index}/USD`));
  const apis = EXCHANGES.map((exchange) => ({ ...fakeExchange({ clock, historyFromMs: START - 100 * 60 * MINUTE }), exchange }));
  // Two processes an exchange: the second one is only called when a tick is delivered twice.
  const memories = [new Map<Exchange, SyncMemory>(), new Map<Exchange, SyncMemory>()] as const;
  const count = { ticks: 0, missed: 0, doubled: 0, begun: 0 };
  let missing = 0;
  for (let tick = 0; tick < TICKS; tick++) {
    const tickMs = START + tick * MINUTE;
    nowMs = tickMs + 3000;
    if (missing === 0 && random.next() < 0.01) missing = 1 + Math.floor(random.next() * 8);
    // The last one is not missed: it brings what is left.
    if (missing > 0 && tick < TICKS - 1) {
      missing--;
      count.missed++;
      continue;
    }
    const run = async (api: (typeof apis)[number], process: 0 | 1): Promise<void> => {
      const memory = memories[process].get(api.exchange) ?? createSyncMemory();
      memories[process].set(api.exchange, memory);
      const settings = { ...SETTINGS, recheckCandles: 300 };
      await syncCandles({ api, db, clock }, { symbols, timeframes: TIMEFRAMES, tickMs, settings, memory });
    };
    // oxlint-disable-next-line no-await-in-loop -- ticks follow each other
    await Promise.all(
      apis.flatMap((api) => {
        if (random.next() < 0.002) {
          memories[0].delete(api.exchange);
          count.begun++;
        }
        count.ticks++;
        const isDoubled = random.next() < 0.05;
        if (isDoubled) count.doubled++;
        return isDoubled ? [run(api, 0), run(api, 1)] : [run(api, 0)];
      }),
    );
    for (const api of apis) api.requests.length = 0;
  }

  const untilMs = START + (TICKS - 1) * MINUTE;
  let expected = 0;
  for (const timeframe of TIMEFRAMES) {
    const stepMs = TIMEFRAME_MS[timeframe];
    const fromMs = Math.floor(START / stepMs) * stepMs - SETTINGS.backfillLimit * stepMs;
    const candles = (Math.floor(untilMs / stepMs) * stepMs - fromMs) / stepMs;
    expected += candles * MARKETS * EXCHANGES.length;
  }
  const figures = `open = 1000 + n AND high = open + 2 AND low = open - 2 AND close = open + 1 AND toString(volume) = '1.5'`;
  const numbered = `positiveModulo(intDiv(toUnixTimestamp64Milli(timestamp) - ${Date.UTC(2023, 2, 11)}, 60000), 97) AS n`;
  const each = TIMEFRAMES.map(
    (timeframe) =>
      `SELECT (exchange, symbol, '${timeframe}', timestamp) AS candle, ${figures} AS isRight FROM (SELECT *, ${numbered} FROM trading.candles_${timeframe} FINAL)`,
  );
  const query = `SELECT toUInt32(count()), toUInt32(uniqExact(candle)), toUInt32(countIf(NOT isRight)) FROM (${each.join(' UNION ALL ')})`;
  const [row] = await (await engine.writer.query({ query, format: 'JSONCompactEachRow' })).json<number[]>();
  // Node itself, without what runs tests, has 60.
  const rssMib = 60 + (process.memoryUsage().rss - rssBefore) / 2 ** 20;
  console.log(
    `F18: ${JSON.stringify(count)}, ${expected} candles, FINAL ${row?.[0]}, unique ${row?.[1]}, bad ${row?.[2]}, about ${rssMib.toFixed(0)} MiB of memory${mappedText()}, ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
  );
  expect(row).toEqual([expected, expected, 0]);
  expect(count.doubled).toBeGreaterThan(300);
  expect(count.missed).toBeGreaterThan(150);
  // A good part of it is the engine's program, mapped from its file.
  expect(rssMib).toBeLessThan(750);
});

/** How much of this process' memory is pages of files, the engine's program above all; only Linux tells. */
function mappedText(): string {
  const status = '/proc/self/status';
  const kilobytes = existsSync(status) ? /^RssFile:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1] : undefined;
  return kilobytes === undefined ? '' : ` (${(Number(kilobytes) / 1024).toFixed(0)} of them mapped from files)`;
}
