import type { MarketSymbol } from '#core/symbol.ts';
import type { Dice } from './dice.ts';
import type { Silence } from './simulated-truth.ts';
import { MINUTE, START, symbolsOf, type OutageKind, type SimulationOptions, type Venue } from './workload.ts';

/** UTC ms, exclusive end. */
export type Window = { readonly fromMs: number; readonly untilMs: number };

/** A market that the exchange does not have for a while, or says so. */
type Delisting = Window & {
  readonly exchange: Venue;
  readonly symbol: MarketSymbol;
  /** `traded`: it is only missing in the list. `listed`: it is still in the list, but requests for it are refused by name. */
  readonly kind: 'gone' | 'traded' | 'listed';
};

export type Outages = {
  readonly ours: readonly Window[];
  readonly store: readonly Window[];
  readonly network: Readonly<Record<Venue, readonly Window[]>>;
  readonly delistings: readonly Delisting[];
  /** Nothing is traded. */
  readonly silences: readonly Silence[];
};

/** Everything in a run that lasts, planned before it begins. */
export function planOutages(options: SimulationOptions, dice: Dice): Outages {
  const { outagesADay, delistingsADay, longestOutage, faultyMinutes, venues } = options;
  const endMs = START + faultyMinutes * MINUTE;
  const some = (aDay: number): readonly Window[] =>
    Array.from({ length: Math.round((aDay * faultyMinutes) / 1440) }, () => {
      // A first backfill reaches back over a hundred candles: the first hour is left to the faults of single requests.
      const fromMs = START + dice.between(60, faultyMinutes) * MINUTE;
      return { fromMs, untilMs: Math.min(fromMs + dice.between(1, longestOutage) * MINUTE, endMs) };
    });
  const given = (kind: OutageKind): readonly Window[] =>
    (options.outages ?? [])
      .filter((one) => one.kind === kind)
      .map(({ fromMinute, untilMinute }) => ({ fromMs: START + fromMinute * MINUTE, untilMs: START + untilMinute * MINUTE }));
  const ofNetwork = (): readonly Window[] => [...given('network'), ...some(outagesADay)];
  const delistings = venues.flatMap((exchange) =>
    some(delistingsADay).map((window): Delisting => ({
      ...window,
      exchange,
      symbol: dice.pick(symbolsOf(options)),
      kind: dice.pick(['gone', 'traded', 'listed'] as const),
    })),
  );
  const quiet = venues.flatMap((exchange) =>
    [...given('silence'), ...some(outagesADay / 4)].map((window): Silence => ({ exchange, symbol: null, ...window })),
  );
  return {
    ours: [...given('ours'), ...some(outagesADay)],
    store: [...given('store'), ...some(outagesADay / 2)],
    network: { binance: ofNetwork(), coinbase: ofNetwork(), kraken: ofNetwork() },
    delistings,
    silences: [...quiet, ...delistings.filter(({ kind }) => kind !== 'traded')],
  };
}

export function within(windows: readonly Window[], timeMs: number): boolean {
  return windows.some(({ fromMs, untilMs }) => timeMs >= fromMs && timeMs < untilMs);
}

/** The same time in windows that do not touch each other: outages that follow each other are one. */
export function united(windows: readonly Window[]): readonly Window[] {
  const merged: Window[] = [];
  for (const { fromMs, untilMs } of windows.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last !== undefined && fromMs <= last.untilMs)
      merged[merged.length - 1] = { fromMs: last.fromMs, untilMs: Math.max(untilMs, last.untilMs) };
    else merged.push({ fromMs, untilMs });
  }
  return merged;
}
