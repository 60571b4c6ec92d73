import type { Chart, ChartCandle } from '#local/page/page-chart.ts';
import { COLORS, overlayColor } from './colors.ts';
import { change, figure, fractionDigits, signedFigure, utcMinute, valueLabel } from './format.ts';
import type { LegendItem } from './legend.ts';
import { overlayNames, rsiNames } from './panels.ts';

export type PanelText = { readonly title: string; readonly rows: readonly (readonly LegendItem[])[] };

/** What the four legends say about one candle of the chart, or about its newest one. */
export type LegendTexts = { readonly price: PanelText; readonly volume: PanelText; readonly rsi: PanelText; readonly macd: PanelText };

const NO_VALUE = '\u2013';

export function legendTexts(chart: Chart, candle: ChartCandle): LegendTexts {
  const { symbol } = chart.series;
  const [base = '', quote = ''] = symbol.split('/');
  const valueOf = createLookup(chart, candle.t);
  const digits = priceDigits(chart);
  const fine = macdDigits(chart);
  const indicator = (name: string, color: string, fraction: number): LegendItem => ({
    name,
    label: valueLabel(name),
    value: textOf(valueOf(name), fraction),
    color,
  });
  return {
    price: {
      title: `Price of ${base} in ${quote}`,
      rows: [priceItems(candle, digits), overlayNames(chart).map((name, i) => indicator(name, overlayColor(name, i), digits))],
    },
    volume: {
      title: `Volume in ${base}`,
      rows: [[{ name: 'volume', label: '', value: figure(candle.v, 0), color: directionColor(candle) }]],
    },
    rsi: rsiText(rsiNames(chart).map((name) => indicator(name, COLORS.rsi, 2))),
    macd: {
      title: `MACD 12 26 9 in ${quote}`,
      rows: [
        [
          { ...indicator('MACD', COLORS.macd, fine), label: '' },
          { ...indicator('MACD_signal', COLORS.signal, fine), label: 'signal' },
          { ...indicator('MACD_histogram', histogramColor(valueOf('MACD_histogram')), fine), label: 'histogram' },
        ],
      ],
    },
  };
}

function rsiText(items: readonly LegendItem[]): PanelText {
  const [only] = items;
  return items.length === 1 && only !== undefined
    ? { title: only.label, rows: [[{ ...only, label: '' }]] }
    : { title: 'RSI', rows: [items] };
}

/** Fraction digits of the prices of a chart; at most 8 on an axis. */
export function priceDigits({ candles }: Pick<Chart, 'candles'>): number {
  return Math.min(8, fractionDigits(candles.flatMap(({ o, h, l, c }) => [o, h, l, c])));
}

/** Differences of averages of small prices need more digits than the prices. */
export function macdDigits(chart: Pick<Chart, 'candles'>): number {
  const digits = priceDigits(chart);
  return digits < 4 ? digits : digits + 2;
}

function priceItems(candle: ChartCandle, digits: number): readonly LegendItem[] {
  const color = directionColor(candle);
  const price = (name: string, label: string, decimal: string): LegendItem => ({ name, label, value: figure(decimal, digits), color });
  const items = [
    { name: 'time', label: '', value: `${utcMinute(candle.t)} UTC`, color: COLORS.text },
    price('open', 'O', candle.o),
    price('high', 'H', candle.h),
    price('low', 'L', candle.l),
    price('close', 'C', candle.c),
  ];
  const end = candle.filled
    ? { name: 'filled', label: '', value: 'filled: no candle stored', color: COLORS.text }
    : { name: 'change', label: '', value: change(Number(candle.o), Number(candle.c)), color };
  return [...items, end];
}

function directionColor({ o, c, filled }: ChartCandle): string {
  if (filled) return COLORS.filled;
  return Number(c) < Number(o) ? COLORS.down : COLORS.up;
}

function histogramColor(value: number | undefined): string {
  return (value ?? 0) < 0 ? COLORS.down : COLORS.up;
}

function createLookup({ indicators }: Chart, t: number): (name: string) => number | undefined {
  return (name) => indicators[name]?.findLast(([time]) => time === t)?.[1];
}

function textOf(value: number | undefined, digits: number): string {
  return value === undefined ? NO_VALUE : signedFigure(value, digits);
}
