import type { Config } from '#config/load.ts';
import type { Exchange } from '#core/exchange.ts';
import type { MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import { runSql } from './sql.ts';

export type GapsOptions = {
  readonly exchange: Exchange | null;
  readonly symbol: MarketSymbol | null;
  readonly timeframe: Timeframe | null;
  /** Also gaps whose candles are there by now. */
  readonly isAll: boolean;
  readonly isJson: boolean;
  readonly dataDirectory: string;
};

/** Lists the ledger of gaps: what is missing, why, and how that is known. Names are of closed alphabets, so the statement needs no quoting. */
export async function runGaps(options: GapsOptions, config: Config, write: (text: string) => void): Promise<void> {
  const { exchange, symbol, timeframe, isAll, isJson, dataDirectory } = options;
  const conditions = [
    ...(isAll ? [] : ["state != 'resolved'"]),
    ...Object.entries({ exchange, symbol, timeframe }).flatMap(([column, value]) => (value === null ? [] : [`${column} = '${value}'`])),
  ];
  const query = `SELECT exchange, symbol, timeframe, formatDateTime(from_time, '%Y-%m-%dT%H:%i:%SZ') AS from,
      formatDateTime(until_time, '%Y-%m-%dT%H:%i:%SZ') AS until,
      toUInt32(intDiv(dateDiff('second', from_time, until_time), multiIf(timeframe = '1m', 60, timeframe = '5m', 300, 3600))) AS candles,
      reason, state, attempts,${isAll ? ` ${iso('detected_at')}, ${iso('resolved_at')}, resolved_by,` : ''} evidence
    FROM gaps FINAL ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
    ORDER BY from_time, exchange, symbol, timeframe`;
  let isEmpty = true;
  await runSql({ query, format: isJson ? 'JSONEachRow' : 'PrettyCompactMonoBlock', dataDirectory }, config, (text) => {
    isEmpty &&= text.trim() === '';
    write(text);
  });
  if (isEmpty && !isJson) write(`no gaps${isAll ? '' : ' but those whose candles came later (--all)'}\n`);
}

function iso(column: string): string {
  return `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%SZ') AS ${column}_utc`;
}
