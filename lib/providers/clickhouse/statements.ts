import type { StoredCandle } from '#core/candle.ts';
import { parseDecimal, type Decimal } from '#core/decimal.ts';
import { StoreError } from '#core/errors.ts';
import { withStore, type ClickHouseAccess } from './client.ts';

/** Rows of a query as arrays in the order of its columns. */
export async function queryRows(
  access: ClickHouseAccess,
  what: string,
  query: string,
  params: Record<string, unknown>,
): Promise<readonly unknown[][]> {
  return await withStore(access, what, async (signal) => {
    const result = await access.client.query({ query, query_params: params, format: 'JSONCompactEachRow', abort_signal: signal });
    return await result.json<unknown[]>();
  });
}

/** A decimal column. Throws `StoreError` for anything else. */
export function storedDecimal(value: unknown): Decimal {
  const decimal = parseDecimal(value);
  if (decimal === undefined) throw new StoreError(`the store returned "${value}" where a decimal was expected`, { retryable: false });
  return decimal;
}

/** A candle from its columns: open, high, low, close, volume, quote volume, trade count, version. */
export function storedCandle(
  openTimeMs: number,
  [open, high, low, close, volume, quoteVolume, tradeCount, version]: readonly unknown[],
): StoredCandle {
  return {
    openTimeMs,
    open: storedDecimal(open),
    high: storedDecimal(high),
    low: storedDecimal(low),
    close: storedDecimal(close),
    volume: storedDecimal(volume),
    quoteVolume: quoteVolume === null ? null : storedDecimal(quoteVolume),
    tradeCount: tradeCount === null ? null : Number(tradeCount),
    version: BigInt(String(version)),
  };
}

/** `1678406400000` -> `2023-03-10 00:00:00.000`, the text form that is unambiguous for DateTime64(3, 'UTC'). */
export function dateTimeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
}
