import { expect, test } from 'vitest';
import { EXCHANGES } from '#core/exchange.ts';
import type { TimeSeriesDb } from '#core/ports/time-series-db.ts';
import { auditStore, type AuditReport } from '#usecases/audit-store.ts';
import { FROM, goodStore, INDICATORS, MINUTE, SYMBOLS } from '../campaigns/audited-store.ts';

const HOUR = 60 * MINUTE;

async function audit(db: TimeSeriesDb, nowMs?: number): Promise<AuditReport> {
  const input = { exchanges: EXCHANGES, indicators: INDICATORS, sampleCandles: 10, keptFromMs: Number.NEGATIVE_INFINITY };
  return await auditStore({ db }, { ...input, ...(nowMs === undefined ? {} : { nowMs }) });
}

/** A day of three markets; one of them lacks an hour that is asked for at every tick. */
async function storeWithOpenGap(): Promise<TimeSeriesDb> {
  const db = await goodStore(1440, 4);
  const series = { exchange: 'coinbase', symbol: SYMBOLS[0]!, timeframe: '1h' } as const;
  const untilMs = FROM + 1440 * MINUTE;
  await db.insertCandleGaps([
    {
      series,
      fromMs: untilMs,
      untilMs: untilMs + 2 * HOUR,
      reason: 'fetch_failed',
      evidence: 'TIMEOUT: no answer',
      state: 'open',
      attempts: 0,
      nextTryMs: null,
      detectedAtMs: untilMs + HOUR,
      resolvedAtMs: null,
      resolvedBy: '',
      updatedAtMs: untilMs + HOUR,
    },
  ]);
  return db;
}

test('the report names the exchanges that the store knows, and counts what is explained by timeframe', async () => {
  const report = await audit(await goodStore(1440, 4));
  expect(report.exchanges).toEqual(['coinbase']);
  expect(report.explainedBy).toEqual({ '1m': { no_trades: report.explained['no_trades'] } });
  expect(report).toMatchObject({ open: [], findings: [] });
});

test('what is open is told, and is a finding when it is older than a day', async () => {
  const db = await storeWithOpenGap();
  const openAtMs = FROM + 1440 * MINUTE + HOUR;
  const young = await audit(db, openAtMs + 24 * HOUR);
  expect(young.open).toMatchObject([{ reason: 'fetch_failed', fromMs: FROM + 1440 * MINUTE }]);
  expect(young.findings).toEqual([]);
  const old = await audit(db, openAtMs + 25 * HOUR);
  expect(old.findings).toMatchObject([{ check: 'open gap', candles: 2, message: 'open for 25 hours: fetch_failed, TIMEOUT: no answer' }]);
  expect(old.byCheck['open gap']).toBe(1);
});

test('without a time the age of an open gap is told by the newest watermark, as in a replay', async () => {
  const db = await storeWithOpenGap();
  expect((await audit(db)).findings).toEqual([]);
  const [mark] = await db.readWatermarks('coinbase');
  await db.insertWatermarks([
    { ...mark!, completeUntilMs: mark!.completeUntilMs, rereadUntilMs: FROM + 1, updatedAtMs: FROM + 100 * HOUR },
  ]);
  expect((await audit(db)).findings).toMatchObject([{ check: 'open gap' }]);
});
