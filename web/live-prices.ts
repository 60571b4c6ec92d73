/// <reference lib="dom" />
import type { PagePrice, PagePrices } from '#local/page/page-prices.ts';
import { duration } from './format.ts';

/** The strip of live prices. `show(null)` says that they could not be read: no old price stays as if it were new. */
export type LivePrices = { show(prices: PagePrices | null): void };

/** Texts from data only ever become text nodes. */
export function createLivePrices(page: Document, onChoose: (exchange: string, symbol: string) => void): LivePrices {
  const [section, list, note] = ['prices', 'price-list', 'price-note'].map((id) => {
    const element = page.getElementById(id);
    if (element === null) throw new Error(`the page has no element "${id}"`);
    return element;
  }) as [HTMLElement, HTMLElement, HTMLElement];
  const items = new Map<string, HTMLElement>();

  return {
    show(prices) {
      section.dataset['state'] = prices === null ? 'lost' : prices.isLive ? 'live' : 'off';
      section.hidden = prices !== null && !prices.isLive;
      if (prices === null) for (const item of items.values()) fillItem(item, null, 0);
      for (const price of prices?.prices ?? []) {
        const key = `${price.exchange} ${price.symbol}`;
        const item = items.get(key) ?? newItem(page, price, onChoose);
        if (!items.has(key)) list.append(item);
        items.set(key, item);
        fillItem(item, price, prices?.nowMs ?? 0);
      }
      const text = noteOf(prices);
      if (note.textContent !== text) note.textContent = text;
    },
  };
}

function newItem(page: Document, { exchange, symbol }: PagePrice, onChoose: (exchange: string, symbol: string) => void): HTMLElement {
  const button = page.createElement('button');
  button.type = 'button';
  button.addEventListener('click', () => onChoose(exchange, symbol));
  for (const [name, text] of [
    ['market', `${symbol} `],
    ['venue', exchange],
    ['figure', ''],
    ['age', ''],
  ] as const) {
    const span = page.createElement('span');
    span.className = name;
    span.textContent = text;
    button.append(span);
  }
  const item = page.createElement('li');
  item.append(button);
  return item;
}

function fillItem(item: HTMLElement, price: PagePrice | null, nowMs: number): void {
  const part = (name: string): HTMLElement | null => item.querySelector(`.${name}`);
  const isGood = price !== null && price.refusal === null;
  item.dataset['state'] = isGood ? price.side : 'none';
  const figure = part('figure');
  const age = part('age');
  if (figure !== null) figure.textContent = isGood ? price.price : '\u2013';
  if (age !== null) age.textContent = isGood ? ageText(nowMs - price.eventTimeMs) : (price?.refusal ?? 'unknown');
}

function ageText(ageMs: number): string {
  return ageMs < 1000 ? 'now' : `${duration(ageMs)} ago`;
}

function noteOf(prices: PagePrices | null): string {
  if (prices === null) return 'Live prices cannot be read now.';
  const made = prices.prices.some((price) => price.refusal === null && price.source === 'synthetic');
  return made
    ? 'Live prices here are synthetic: trades made up from the recorded candles, which they add up to exactly. Ages are in replay time.'
    : 'Price of the newest trade of each market; green: the taker bought, red: the taker sold. A price older than two minutes is not shown.';
}
