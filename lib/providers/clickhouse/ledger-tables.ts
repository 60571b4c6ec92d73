import type { StoredCandle } from '#core/candle.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import type { CandleRevision } from '#core/candle-revision.ts';
import type { Exchange } from '#core/exchange.ts';
import type { CandleGapQuery, CandleRevisionQuery } from '#core/ports/time-series-db.ts';
import type { Watermark } from '#core/watermark.ts';
import type { ClickHouseAccess } from './client.ts';
import { dateTimeText, queryRows, storedCandle } from './statements.ts';
import { seriesOf } from './tables.ts';

export const CANDLE_GAP_COLUMNS =
  'exchange, symbol, timeframe, from_time, until_time, reason, evidence, state, attempts, next_try, detected_at, resolved_at, resolved_by, updated_at';

export const WATERMARK_COLUMNS = 'exchange, symbol, timeframe, from_time, complete_until, reread_until, updated_at';

const FIGURES = ['open', 'high', 'low', 'close', 'volume', 'quote_volume', 'trade_count'] as const;
const BEFORE = FIGURES.map((name) => `${name}_before`).join(', ');

export const REVISION_COLUMNS = `exchange, symbol, timeframe, timestamp, version_before, ${BEFORE}, version, ${FIGURES.join(', ')}, detected_at`;

export function candleGapRow({ series, ...gap }: CandleGap): unknown[] {
  return [
    series.exchange,
    series.symbol,
    series.timeframe,
    dateTimeText(gap.fromMs),
    dateTimeText(gap.untilMs),
    gap.reason,
    gap.evidence,
    gap.state,
    gap.attempts,
    gap.nextTryMs === null ? null : dateTimeText(gap.nextTryMs),
    dateTimeText(gap.detectedAtMs),
    gap.resolvedAtMs === null ? null : dateTimeText(gap.resolvedAtMs),
    gap.resolvedBy,
    dateTimeText(gap.updatedAtMs),
  ];
}

export async function readCandleGaps(access: ClickHouseAccess, query: CandleGapQuery): Promise<readonly CandleGap[]> {
  const { exchange, symbols, fromMs, untilMs, states } = query;
  const sql = `
    SELECT symbol, timeframe, toUnixTimestamp64Milli(from_time), toUnixTimestamp64Milli(until_time), reason, evidence, state, attempts,
      toUnixTimestamp64Milli(next_try), toUnixTimestamp64Milli(detected_at), toUnixTimestamp64Milli(resolved_at), resolved_by,
      toUnixTimestamp64Milli(updated_at)
    FROM ${access.database}.gaps FINAL
    WHERE exchange = {exchange: String} AND symbol IN {symbols: Array(String)} AND state IN {states: Array(String)}
      AND until_time > fromUnixTimestamp64Milli({from: Int64}) AND from_time < fromUnixTimestamp64Milli({until: Int64})
    ORDER BY timeframe, symbol, from_time`;
  const params = { exchange, symbols: [...symbols], states: [...states], from: String(fromMs), until: String(untilMs) };
  const rows = await queryRows(access, 'read gaps', sql, params);
  return rows.map(
    ([symbol, timeframe, from, until, reason, evidence, state, attempts, nextTry, detected, resolved, resolvedBy, updated]) => ({
      series: seriesOf(exchange, symbol, timeframe),
      fromMs: Number(from),
      untilMs: Number(until),
      // The table's own checks allow no other reasons and states.
      reason: String(reason) as CandleGap['reason'],
      evidence: String(evidence),
      state: String(state) as CandleGap['state'],
      attempts: Number(attempts),
      nextTryMs: nextTry === null ? null : Number(nextTry),
      detectedAtMs: Number(detected),
      resolvedAtMs: resolved === null ? null : Number(resolved),
      resolvedBy: String(resolvedBy) as CandleGap['resolvedBy'],
      updatedAtMs: Number(updated),
    }),
  );
}

export function watermarkRow({ series, fromMs, completeUntilMs, rereadUntilMs, updatedAtMs }: Watermark): unknown[] {
  const { exchange, symbol, timeframe } = series;
  return [exchange, symbol, timeframe, ...[fromMs, completeUntilMs, rereadUntilMs, updatedAtMs].map(dateTimeText)];
}

export async function readWatermarks(access: ClickHouseAccess, exchange: Exchange): Promise<readonly Watermark[]> {
  const sql = `
    SELECT symbol, timeframe, toUnixTimestamp64Milli(from_time), toUnixTimestamp64Milli(complete_until),
      toUnixTimestamp64Milli(reread_until), toUnixTimestamp64Milli(updated_at)
    FROM ${access.database}.watermarks FINAL WHERE exchange = {exchange: String} ORDER BY timeframe, symbol`;
  const rows = await queryRows(access, 'read watermarks', sql, { exchange });
  return rows.map(([symbol, timeframe, fromMs, completeUntilMs, rereadUntilMs, updatedAtMs]) => ({
    series: seriesOf(exchange, symbol, timeframe),
    fromMs: Number(fromMs),
    completeUntilMs: Number(completeUntilMs),
    rereadUntilMs: Number(rereadUntilMs),
    updatedAtMs: Number(updatedAtMs),
  }));
}

export function revisionRow({ series, openTimeMs, before, after, detectedAtMs }: CandleRevision): unknown[] {
  return [
    series.exchange,
    series.symbol,
    series.timeframe,
    dateTimeText(openTimeMs),
    String(before?.version ?? 0n),
    ...figuresOf(before),
    String(after.version),
    ...figuresOf(after),
    dateTimeText(detectedAtMs),
  ];
}

function figuresOf(candle: StoredCandle | null): readonly unknown[] {
  if (candle === null) return FIGURES.map(() => null);
  const { open, high, low, close, volume, quoteVolume, tradeCount } = candle;
  return [open, high, low, close, volume, quoteVolume, tradeCount];
}

export async function readCandleRevisions(access: ClickHouseAccess, query: CandleRevisionQuery): Promise<readonly CandleRevision[]> {
  const { exchange, fromMs, untilMs } = query;
  const sql = `
    SELECT symbol, timeframe, toUnixTimestamp64Milli(timestamp), toUnixTimestamp64Milli(detected_at),
      ${BEFORE}, version_before, ${FIGURES.join(', ')}, version
    FROM ${access.database}.revisions FINAL
    WHERE exchange = {exchange: String}
      AND detected_at >= fromUnixTimestamp64Milli({from: Int64}) AND detected_at < fromUnixTimestamp64Milli({until: Int64})
    ORDER BY detected_at, timeframe, symbol, timestamp`;
  const rows = await queryRows(access, 'read revisions', sql, { exchange, from: String(fromMs), until: String(untilMs) });
  return rows.map(([symbol, timeframe, time, detectedAtMs, ...versions]) => {
    const openTimeMs = Number(time);
    const [before, after] = [versions.slice(0, FIGURES.length + 1), versions.slice(FIGURES.length + 1)];
    return {
      series: seriesOf(exchange, symbol, timeframe),
      openTimeMs,
      before: String(before.at(-1)) === '0' ? null : storedCandle(openTimeMs, before),
      after: storedCandle(openTimeMs, after),
      detectedAtMs: Number(detectedAtMs),
    };
  });
}
