import type { CandleAgreement } from '#core/candle-agreement.ts';
import type { CandleFinding } from '#core/candle-finding.ts';
import type { TradeQuery } from '#core/ports/time-series-db.ts';
import type { ClickHouseAccess } from './client.ts';
import { dateTimeText, queryRows } from './statements.ts';
import { seriesOf, symbolOf } from './tables.ts';

export const AGREEMENT_COLUMNS = 'exchange, symbol, timestamp, candles, witnessed, agreed, verified, updated_at';

export const FINDING_COLUMNS = 'exchange, symbol, timeframe, timestamp, witness, message, found_at, settled_at, updated_at';

export function agreementRow({ exchange, symbol, hourMs, ...row }: CandleAgreement): unknown[] {
  return [exchange, symbol, dateTimeText(hourMs), row.candles, row.witnessed, row.agreed, row.verified, dateTimeText(row.updatedAtMs)];
}

export function findingRow({ series, ...finding }: CandleFinding): unknown[] {
  return [
    series.exchange,
    series.symbol,
    series.timeframe,
    dateTimeText(finding.openTimeMs),
    finding.witness,
    finding.message,
    dateTimeText(finding.foundAtMs),
    finding.settledAtMs === null ? null : dateTimeText(finding.settledAtMs),
    dateTimeText(finding.updatedAtMs),
  ];
}

export async function readAgreements(access: ClickHouseAccess, query: TradeQuery): Promise<readonly CandleAgreement[]> {
  const sql = `
    SELECT symbol, toUnixTimestamp64Milli(timestamp), candles, witnessed, agreed, verified, toUnixTimestamp64Milli(updated_at)
    FROM ${access.database}.agreements FINAL
    WHERE ${WANTED}
    ORDER BY symbol, timestamp`;
  const rows = await queryRows(access, 'read how far witnesses agree', sql, paramsOf(query));
  return rows.map(([symbol, hourMs, candles, witnessed, agreed, verified, updatedAtMs]) => ({
    exchange: query.exchange,
    symbol: symbolOf(query.exchange, symbol),
    hourMs: Number(hourMs),
    candles: Number(candles),
    witnessed: Number(witnessed),
    agreed: Number(agreed),
    verified: Number(verified),
    updatedAtMs: Number(updatedAtMs),
  }));
}

export async function readOpenFindings(access: ClickHouseAccess, query: TradeQuery): Promise<readonly CandleFinding[]> {
  const sql = `
    SELECT symbol, timeframe, toUnixTimestamp64Milli(timestamp), witness, message, toUnixTimestamp64Milli(found_at),
      toUnixTimestamp64Milli(updated_at)
    FROM ${access.database}.candle_findings FINAL
    WHERE ${WANTED} AND settled_at IS NULL
    ORDER BY timeframe, symbol, timestamp, witness`;
  const rows = await queryRows(access, 'read findings about candles', sql, paramsOf(query));
  return rows.map(([symbol, timeframe, openTimeMs, witness, message, foundAtMs, updatedAtMs]) => ({
    series: seriesOf(query.exchange, symbol, timeframe),
    openTimeMs: Number(openTimeMs),
    // The table's own check allows no other.
    witness: String(witness) as CandleFinding['witness'],
    message: String(message),
    foundAtMs: Number(foundAtMs),
    settledAtMs: null,
    updatedAtMs: Number(updatedAtMs),
  }));
}

const WANTED =
  'exchange = {exchange: String} AND symbol IN {symbols: Array(String)} AND timestamp >= fromUnixTimestamp64Milli({from: Int64}) AND timestamp < fromUnixTimestamp64Milli({until: Int64})';

function paramsOf({ exchange, symbols, fromMs, untilMs }: TradeQuery): Record<string, unknown> {
  return { exchange, symbols: [...symbols], from: String(fromMs), until: String(untilMs) };
}
