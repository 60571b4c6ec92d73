import type { Chart } from '#local/page/page-chart.ts';

export const PANELS = ['price', 'volume', 'rsi', 'macd'] as const;

export type Panel = (typeof PANELS)[number];

/** Names of the values drawn over the price: simple averages first, shorter before longer, whatever lengths are configured. */
export function overlayNames(chart: Chart): readonly string[] {
  return namesLike(chart, /^(SMA|EMA)_\d+$/).sort((a, b) => order(a) - order(b));
}

export function rsiNames(chart: Chart): readonly string[] {
  return namesLike(chart, /^RSI_\d+$/).sort((a, b) => order(a) - order(b));
}

function namesLike({ indicators }: Chart, pattern: RegExp): string[] {
  return Object.keys(indicators).filter((name) => pattern.test(name));
}

function order(name: string): number {
  const length = Number(name.split('_')[1]);
  return name.startsWith('EMA') ? 1e9 + length : length;
}
