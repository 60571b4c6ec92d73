/// <reference lib="dom" />
import {
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
  type IChartApi,
  type IPaneApi,
  type ISeriesApi,
  type PriceFormat,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { Chart, ChartCandle } from '#local/page/page-chart.ts';
import { COLORS, overlayColor } from './colors.ts';
import { signedFigure, utcMinute } from './format.ts';
import { createLegend, type Legend } from './legend.ts';
import { legendTexts, macdDigits, priceDigits } from './legend-texts.ts';
import { overlayNames, PANELS, rsiNames, type Panel } from './panels.ts';

export type MarketChart = {
  /** Draws a chart; `whole` shows its newest candles, else the view stays where the reader put it. */
  draw(chart: Chart, whole: boolean): void;
};

type Line = ISeriesApi<'Line'>;
type Fixed = {
  readonly price: ISeriesApi<'Candlestick'>;
  readonly gaps: ISeriesApi<'Histogram'>;
  readonly volume: ISeriesApi<'Histogram'>;
};
type Macd = { readonly histogram: ISeriesApi<'Histogram'>; readonly macd: Line; readonly signal: Line };

const HEIGHTS: Readonly<Record<Panel, number>> = { price: 50, volume: 14, rsi: 17, macd: 19 };
const PANE: Readonly<Record<Panel, number>> = { price: 0, volume: 1, rsi: 2, macd: 3 };
const PIXELS_PER_CANDLE = 7;
// Only the bounds at 30 and 70 are labelled: ticks of a low panel would stand on top of them.
const RSI_FORMAT: PriceFormat = {
  type: 'custom',
  minMove: 0.1,
  formatter: (value: number) => String(Math.round(value * 10) / 10),
  tickmarksFormatter: (values) => values.map(() => ''),
};
const QUIET = { lastValueVisible: false, priceLineVisible: false } as const;

/** Four panels over one time axis, in `container`. */
export function createMarketChart(container: HTMLElement): MarketChart {
  const api = createChart(container, chartOptions());
  // Panels are kept while they have nothing to draw: their order is fixed.
  for (let more = PANELS.length - api.panes().length; more > 0; more--) api.addPane(true);
  const fixed = addFixed(api);
  const lines = new Map<string, Line>();
  const legends = PANELS.map(createLegend);
  const macd = addPanes(api, legends);
  let drawn: Chart | null = null;
  let pointedMs: number | null = null;
  const showLegends = (): void => {
    const candle = drawn?.candles.find(({ t }) => t === pointedMs) ?? drawn?.candles.at(-1);
    if (drawn === null || candle === undefined) return;
    const texts = legendTexts(drawn, candle);
    PANELS.forEach((panel, i) => legends[i]?.show(texts[panel].title, texts[panel].rows));
  };
  api.subscribeCrosshairMove(({ time }) => {
    pointedMs = typeof time === 'number' ? time * 1000 : null;
    showLegends();
  });
  return {
    draw(chart, whole) {
      drawn = chart;
      drawCandles(fixed, chart);
      drawLines(api, lines, chart);
      drawMacd(macd, chart);
      if (whole) showNewest(api, container.clientWidth, chart.candles.length);
      leaveRoomForLegends(api, container.clientWidth);
      showLegends();
    },
  };
}

/** Legends take more lines on a phone. */
function leaveRoomForLegends(api: IChartApi, width: number): void {
  const isNarrow = width < 640;
  api.priceScale('right', PANE.price).applyOptions({ scaleMargins: { top: isNarrow ? 0.3 : 0.14, bottom: 0.06 } });
  api.priceScale('right', PANE.macd).applyOptions({ scaleMargins: { top: isNarrow ? 0.34 : 0.22, bottom: 0.08 } });
}

function chartOptions(): Parameters<typeof createChart>[1] {
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: COLORS.background },
      textColor: COLORS.text,
      fontFamily: 'system-ui, sans-serif',
      fontSize: 11,
      // The logo would bring a style element, which the page's policy forbids; the notice is in the footer.
      attributionLogo: false,
      panes: { separatorColor: COLORS.axis, separatorHoverColor: COLORS.axis },
    },
    grid: { vertLines: { color: COLORS.grid }, horzLines: { color: COLORS.grid } },
    crosshair: {
      mode: CrosshairMode.Normal,
      vertLine: { color: COLORS.crosshair, labelBackgroundColor: COLORS.axis },
      horzLine: { color: COLORS.crosshair, labelBackgroundColor: COLORS.axis },
    },
    rightPriceScale: { borderColor: COLORS.axis, minimumWidth: 64 },
    timeScale: { borderColor: COLORS.axis, timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.5 },
    localization: { locale: 'en-GB', timeFormatter: (time: Time) => `${utcMinute(Number(time) * 1000)} UTC` },
  };
}

function addFixed(api: IChartApi): Fixed {
  const gaps = api.addSeries(HistogramSeries, {
    ...QUIET,
    priceScaleId: 'gaps',
    color: COLORS.gap,
    autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 1 } }),
  });
  api.priceScale('gaps').applyOptions({ scaleMargins: { top: 0, bottom: 0 } });
  const price = api.addSeries(CandlestickSeries, {
    upColor: COLORS.up,
    downColor: COLORS.down,
    wickUpColor: COLORS.up,
    wickDownColor: COLORS.down,
    borderVisible: false,
    priceLineStyle: LineStyle.Dotted,
  });
  const volume = api.addSeries(HistogramSeries, { ...QUIET, priceFormat: { type: 'volume', precision: 2 } }, PANE.volume);
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.24, bottom: 0 } });
  return { price, gaps, volume };
}

function addPanes(api: IChartApi, legends: readonly Legend[]): Macd {
  const histogram = api.addSeries(HistogramSeries, { ...QUIET }, PANE.macd);
  const macd = api.addSeries(LineSeries, { ...QUIET, color: COLORS.macd, lineWidth: 1, crosshairMarkerVisible: false }, PANE.macd);
  const signal = api.addSeries(LineSeries, { ...QUIET, color: COLORS.signal, lineWidth: 1, crosshairMarkerVisible: false }, PANE.macd);
  api.panes().forEach((pane, i) => {
    const panel = PANELS[i];
    const legend = legends[i];
    if (panel === undefined || legend === undefined) return;
    pane.setStretchFactor(HEIGHTS[panel]);
    attachLegend(pane, legend);
  });
  return { histogram, macd, signal };
}

/** The library makes a panel's elements with the first frame. */
function attachLegend(pane: IPaneApi<Time>, legend: Legend): void {
  const cell = pane.getHTMLElement()?.querySelector('td:nth-child(2)');
  if (cell === null || cell === undefined) requestAnimationFrame(() => attachLegend(pane, legend));
  else cell.append(legend.element);
}

function drawCandles({ price, gaps, volume }: Fixed, chart: Chart): void {
  price.applyOptions({ priceFormat: priceFormat(priceDigits(chart)) });
  price.setData(
    chart.candles.map(({ t, o, h, l, c, filled }) => {
      const bar = { time: seconds(t), open: Number(o), high: Number(h), low: Number(l), close: Number(c) };
      return filled ? { ...bar, color: COLORS.filled, wickColor: COLORS.filled } : bar;
    }),
  );
  gaps.setData(chart.candles.map(({ t, filled }) => (filled ? { time: seconds(t), value: 1 } : { time: seconds(t) })));
  volume.setData(chart.candles.map((candle) => ({ time: seconds(candle.t), value: Number(candle.v), color: volumeColor(candle) })));
}

function volumeColor({ o, c }: ChartCandle): string {
  return Number(c) < Number(o) ? COLORS.downSoft : COLORS.upSoft;
}

/** Lines over the price and in the RSI panel come and go with the configured indicators. */
function drawLines(api: IChartApi, lines: Map<string, Line>, chart: Chart): void {
  const format = priceFormat(priceDigits(chart));
  const overlays = overlayNames(chart);
  const rsi = rsiNames(chart);
  for (const [name, line] of lines) {
    if (overlays.includes(name) || rsi.includes(name)) continue;
    api.removeSeries(line);
    lines.delete(name);
  }
  overlays.forEach((name, i) => {
    const line = lineOf(lines, name, () => addOverlay(api, overlayColor(name, i)));
    line.applyOptions({ priceFormat: format });
    line.setData(points(chart, name));
  });
  for (const name of rsi) lineOf(lines, name, () => addRsi(api)).setData(points(chart, name));
}

function lineOf(lines: Map<string, Line>, name: string, add: () => Line): Line {
  const line = lines.get(name) ?? add();
  lines.set(name, line);
  return line;
}

function addOverlay(api: IChartApi, color: string): Line {
  return api.addSeries(LineSeries, { ...QUIET, color, lineWidth: 1, crosshairMarkerVisible: false }, PANE.price);
}

function addRsi(api: IChartApi): Line {
  const whole = { priceRange: { minValue: 0, maxValue: 100 } };
  const line = api.addSeries(
    LineSeries,
    {
      ...QUIET,
      color: COLORS.rsi,
      lineWidth: 1,
      crosshairMarkerVisible: false,
      priceFormat: RSI_FORMAT,
      autoscaleInfoProvider: () => whole,
    },
    PANE.rsi,
  );
  line.priceScale().applyOptions({ scaleMargins: { top: 0.04, bottom: 0.04 } });
  for (const price of [30, 70])
    line.createPriceLine({
      price,
      color: COLORS.rsiBound,
      lineWidth: 1,
      lineStyle: LineStyle.Dashed,
      axisLabelVisible: true,
      axisLabelColor: COLORS.background,
      axisLabelTextColor: COLORS.text,
    });
  return line;
}

function drawMacd({ histogram, macd, signal }: Macd, chart: Chart): void {
  for (const series of [histogram, macd, signal]) series.applyOptions({ priceFormat: priceFormat(macdDigits(chart)) });
  macd.setData(points(chart, 'MACD'));
  signal.setData(points(chart, 'MACD_signal'));
  histogram.setData(
    points(chart, 'MACD_histogram').map((point) => ({ ...point, color: point.value < 0 ? COLORS.downSoft : COLORS.upSoft })),
  );
}

function points({ indicators }: Chart, name: string): { time: UTCTimestamp; value: number }[] {
  return (indicators[name] ?? []).map(([t, value]) => ({ time: seconds(t), value }));
}

function showNewest(api: IChartApi, width: number, candles: number): void {
  const shown = Math.max(30, Math.round(width / PIXELS_PER_CANDLE));
  api.timeScale().setVisibleLogicalRange({ from: candles - shown, to: candles + 3 });
}

function priceFormat(digits: number): PriceFormat {
  return { type: 'custom', minMove: 10 ** -digits, formatter: (price: number) => signedFigure(price, digits) };
}

function seconds(timeMs: number): UTCTimestamp {
  return (timeMs / 1000) as UTCTimestamp;
}
