import { createEma } from './ema.ts';
import type { Indicator } from './indicator.ts';
import { createMacd } from './macd.ts';
import { createRsi } from './rsi.ts';
import { createSma } from './sma.ts';
import { createStochastic } from './stochastic.ts';

/** Every kind of indicator. A further one is a file, a row here and a line of YAML. */
const INDICATORS = {
  sma: createSma,
  ema: createEma,
  rsi: createRsi,
  macd: createMacd,
  stochastic: createStochastic,
} as const;

export type IndicatorKind = keyof typeof INDICATORS;

/** What a user configures: the kind and its lengths in candles. */
export type IndicatorSetting = { [Kind in IndicatorKind]: Parameters<(typeof INDICATORS)[Kind]>[0] }[IndicatorKind];

export const INDICATOR_KINDS = Object.keys(INDICATORS) as readonly IndicatorKind[];

/** The indicator of a setting. Throws `RangeError` naming the setting when a length is out of range. */
export function createIndicator(setting: IndicatorSetting): Indicator {
  const create = INDICATORS[setting.kind] as (setting: IndicatorSetting) => Indicator;
  return create(setting);
}

/** The ten values that are computed unless configured otherwise. */
export const DEFAULT_INDICATORS: readonly IndicatorSetting[] = [
  { kind: 'sma', length: 20 },
  { kind: 'sma', length: 50 },
  { kind: 'ema', length: 12 },
  { kind: 'ema', length: 26 },
  { kind: 'rsi', length: 14 },
  { kind: 'macd', fast: 12, slow: 26, signal: 9 },
  { kind: 'stochastic', k: 14, smoothK: 3, d: 3 },
];
