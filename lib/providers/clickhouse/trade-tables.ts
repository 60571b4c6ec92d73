import type { TradeQuery } from '#core/ports/time-series-db.ts';
import type { TradeGap } from '#core/trade-gap.ts';
import type { TradeLine } from '#core/trade-line.ts';
import type { TradeMinute } from '#core/trade-minute.ts';
import type { ClickHouseAccess } from './client.ts';
import { dateTimeText, queryRows, storedDecimal } from './statements.ts';
import { symbolOf } from './tables.ts';

export const GAP_COLUMNS =
  'exchange, symbol, first_id, last_id, from_time, to_time, cause, state, repaired_count, repaired_by, detected_at, updated_at';

export const MINUTE_COLUMNS =
  'exchange, symbol, timestamp, first_id, last_id, trade_count, open, high, low, close, volume, is_complete, is_synthetic, updated_at';

export const LINE_COLUMNS = 'exchange, symbol, after_id, began_at';

export function lineRow({ exchange, symbol, afterId, beganAtMs }: TradeLine): unknown[] {
  return [exchange, symbol, String(afterId), dateTimeText(beganAtMs)];
}

export function gapRow(gap: TradeGap): unknown[] {
  return [
    gap.exchange,
    gap.symbol,
    String(gap.firstId),
    String(gap.lastId),
    dateTimeText(gap.fromMs),
    dateTimeText(gap.toMs),
    gap.cause,
    gap.state,
    gap.repairedCount,
    gap.repairedBy,
    dateTimeText(gap.detectedAtMs),
    dateTimeText(gap.updatedAtMs),
  ];
}

export function minuteRow(minute: TradeMinute): unknown[] {
  const { open, high, low, close, volume } = minute;
  return [
    minute.exchange,
    minute.symbol,
    dateTimeText(minute.openTimeMs),
    String(minute.firstId),
    String(minute.lastId),
    minute.tradeCount,
    open,
    high,
    low,
    close,
    volume,
    minute.isComplete,
    minute.isSynthetic,
    dateTimeText(minute.updatedAtMs),
  ];
}

export async function readTradeGaps(access: ClickHouseAccess, query: TradeQuery): Promise<readonly TradeGap[]> {
  const sql = `
    SELECT symbol, first_id, last_id, toUnixTimestamp64Milli(from_time), toUnixTimestamp64Milli(to_time), cause, state,
      repaired_count, repaired_by, toUnixTimestamp64Milli(detected_at), toUnixTimestamp64Milli(updated_at)
    FROM ${access.database}.trade_gaps FINAL
    WHERE ${WANTED} AND to_time >= fromUnixTimestamp64Milli({from: Int64}) AND to_time < fromUnixTimestamp64Milli({until: Int64})
    ORDER BY symbol, first_id`;
  const rows = await queryRows(access, 'read trade gaps', sql, paramsOf(query));
  return rows.map(([symbol, firstId, lastId, fromMs, toMs, cause, state, repairedCount, repairedBy, detectedAtMs, updatedAtMs]) => ({
    exchange: query.exchange,
    symbol: symbolOf(query.exchange, symbol),
    firstId: BigInt(String(firstId)),
    lastId: BigInt(String(lastId)),
    fromMs: Number(fromMs),
    toMs: Number(toMs),
    cause: String(cause) as TradeGap['cause'],
    // The table's own check allows no other.
    state: String(state) as TradeGap['state'],
    repairedCount: Number(repairedCount),
    repairedBy: String(repairedBy) as TradeGap['repairedBy'],
    detectedAtMs: Number(detectedAtMs),
    updatedAtMs: Number(updatedAtMs),
  }));
}

export async function readTradeMinutes(access: ClickHouseAccess, query: TradeQuery): Promise<readonly TradeMinute[]> {
  const sql = `
    SELECT symbol, toUnixTimestamp64Milli(timestamp), first_id, last_id, trade_count, open, high, low, close, volume,
      is_complete, is_synthetic, toUnixTimestamp64Milli(updated_at)
    FROM ${access.database}.trade_minutes FINAL
    WHERE ${WANTED} AND timestamp >= fromUnixTimestamp64Milli({from: Int64}) AND timestamp < fromUnixTimestamp64Milli({until: Int64})
    ORDER BY symbol, timestamp`;
  const rows = await queryRows(access, 'read trade minutes', sql, paramsOf(query));
  return rows.map(
    ([symbol, openTimeMs, firstId, lastId, tradeCount, open, high, low, close, volume, isComplete, isSynthetic, updatedAtMs]) => ({
      exchange: query.exchange,
      symbol: symbolOf(query.exchange, symbol),
      openTimeMs: Number(openTimeMs),
      firstId: BigInt(String(firstId)),
      lastId: BigInt(String(lastId)),
      tradeCount: Number(tradeCount),
      open: storedDecimal(open),
      high: storedDecimal(high),
      low: storedDecimal(low),
      close: storedDecimal(close),
      volume: storedDecimal(volume),
      isComplete: isComplete === true,
      isSynthetic: isSynthetic === true,
      updatedAtMs: Number(updatedAtMs),
    }),
  );
}

export async function readTradeLines(access: ClickHouseAccess, query: TradeQuery): Promise<readonly TradeLine[]> {
  const sql = `
    SELECT symbol, after_id, toUnixTimestamp64Milli(began_at)
    FROM ${access.database}.trade_lines FINAL
    WHERE ${WANTED} AND began_at >= fromUnixTimestamp64Milli({from: Int64}) AND began_at < fromUnixTimestamp64Milli({until: Int64})
    ORDER BY symbol`;
  const rows = await queryRows(access, 'read where lines of trades began', sql, paramsOf(query));
  return rows.map(([symbol, afterId, beganAtMs]) => ({
    exchange: query.exchange,
    symbol: symbolOf(query.exchange, symbol),
    afterId: BigInt(String(afterId)),
    beganAtMs: Number(beganAtMs),
  }));
}

const WANTED = 'exchange = {exchange: String} AND symbol IN {symbols: Array(String)}';

function paramsOf({ exchange, symbols, fromMs, untilMs }: TradeQuery): Record<string, unknown> {
  return { exchange, symbols: [...symbols], from: String(fromMs), until: String(untilMs) };
}
