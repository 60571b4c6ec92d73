/// <reference lib="dom" />
import type { Series } from '#core/series.ts';
import type { Chart } from '#local/page/page-chart.ts';
import type { PlatformStatus } from '#local/platform-status.ts';
import { offers } from './choice.ts';
import { figure, utcMinute } from './format.ts';
import type { Freshness } from './freshness.ts';
import { priceDigits } from './legend-texts.ts';

const CHOICES = ['exchange', 'symbol', 'timeframe'] as const;

export type ChoiceName = (typeof CHOICES)[number];

/** The page around the chart. Texts from data only ever become text nodes. */
export type PageParts = {
  readonly chart: HTMLElement;
  onChoice(act: (name: ChoiceName, value: string) => void): void;
  showStatus(status: PlatformStatus): void;
  showChoice(status: PlatformStatus, chosen: Series): void;
  showFreshness(freshness: Freshness): void;
  /** What stands in place of the candles while there are none; null removes it. */
  showEmpty(text: string | null): void;
  /** Says on the page's elements what is drawn: for title, assistive technology and tests. */
  describe(chart: Chart): void;
};

export function createPageParts(page: Document): PageParts {
  const part = (id: string): HTMLElement => {
    const element = page.getElementById(id);
    if (element === null) throw new Error(`the page has no element "${id}"`);
    return element;
  };
  const select = (name: ChoiceName): HTMLSelectElement => part(name) as HTMLSelectElement;
  const [chart, empty] = [part('chart'), part('empty')];
  return {
    chart,
    onChoice(act) {
      for (const name of CHOICES) select(name).addEventListener('change', () => act(name, select(name).value));
    },
    showStatus(status) {
      setText(part('source'), sourceText(status));
      setText(part('phase'), status.phase);
      part('phase').dataset['phase'] = status.phase;
      setText(part('provenance'), provenanceText(status));
      showNotes(part('note'), notesOf(status));
    },
    showChoice(status, chosen) {
      const offered = offers(status.series, chosen);
      for (const name of CHOICES) fillSelect(select(name), offered[name], chosen[name]);
    },
    showFreshness({ state, text }) {
      setText(part('freshness'), text);
      part('freshness').dataset['state'] = state;
      chart.dataset['state'] = state;
    },
    showEmpty(text) {
      empty.hidden = text === null;
      setText(empty, text ?? '');
    },
    describe: (drawn) => describe(page, chart, drawn),
  };
}

function describe(page: Document, element: HTMLElement, { series, candles }: Chart): void {
  const newest = candles.at(-1);
  const { exchange, symbol, timeframe } = series;
  const close = newest === undefined ? '' : figure(newest.c, priceDigits({ candles }));
  Object.assign(element.dataset, {
    series: `${exchange} ${symbol} ${timeframe}`,
    candles: String(candles.length),
    filled: String(candles.filter(({ filled }) => filled).length),
    newest: newest === undefined ? '' : utcMinute(newest.t),
  });
  element.setAttribute('role', 'img');
  element.setAttribute('aria-label', `Price, volume, RSI and MACD of ${symbol} at ${exchange} in ${timeframe} candles`);
  page.title = newest === undefined ? 'Tidemark' : `${close} ${symbol} ${exchange} \u00b7 Tidemark`;
}

function sourceText({ mode, recording, nowMs, speed }: PlatformStatus): string {
  const now = `${utcMinute(nowMs)} UTC`;
  if (mode === 'live') return `live market data \u00b7 ${now}`;
  const pace = speed === null ? '' : ` \u00b7 ${speed === 'max' ? 'at full speed' : `\u00d7${speed}`}`;
  return `recorded market data \u00b7 ${recording ?? 'a recording'} \u00b7 replay time ${now}${pace}`;
}

function provenanceText({ mode, series }: PlatformStatus): string {
  const source = mode === 'live' ? 'as their public REST APIs serve them' : 'recorded from their public data and replayed';
  const binanceus = series.some(({ exchange }) => exchange === 'binanceus')
    ? ' binanceus is Binance.US, a market of its own, not binance.'
    : '';
  return `Candles are the exchanges\u2019 own, ${source}.${binanceus}`;
}

function notesOf({ phase, nowMs, problems }: PlatformStatus): readonly string[] {
  const end = `The recording ends here, at ${utcMinute(nowMs)} UTC. Everything it brought is stored and stays on this page. To see it again from the beginning: npm start -- --fresh`;
  return phase === 'recording ended' ? [end, ...problems] : problems;
}

function showNotes(element: HTMLElement, notes: readonly string[]): void {
  element.hidden = notes.length === 0;
  setText(element, notes.join('\n'));
}

/** Touched only when its offers change: an open list would close under the reader's hand. */
function fillSelect(select: HTMLSelectElement, offered: readonly string[], chosen: string): void {
  const shown = Array.from(select.options, ({ value }) => value);
  if (shown.join('\n') !== offered.join('\n')) select.replaceChildren(...offered.map((text) => new Option(text, text)));
  if (select.value !== chosen) select.value = chosen;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
