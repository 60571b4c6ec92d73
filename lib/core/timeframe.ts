/** Timeframes that are fetched and stored. A further one is a row here, a `candles_<timeframe>` migration and a line of YAML. */
export const TIMEFRAMES = ['1m', '5m', '1h'] as const;

export type Timeframe = (typeof TIMEFRAMES)[number];

/** Length of one candle in milliseconds. */
export const TIMEFRAME_MS = {
  '1m': 60_000,
  '5m': 300_000,
  '1h': 3_600_000,
} as const satisfies Record<Timeframe, number>;

export function isTimeframe(value: unknown): value is Timeframe {
  return (TIMEFRAMES as readonly unknown[]).includes(value);
}
