import type { Exchange } from '#core/exchange.ts';
import { seriesKey, type Series } from '#core/series.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import type { Timeframe } from '#core/timeframe.ts';
import type { syncCandles, SyncPorts, SyncSettings } from '#usecases/sync-candles.ts';
import { createDice } from './dice.ts';
import { PAGE_FAULTS, type PageFault } from './faults.ts';

export const MINUTE = 60_000;
export const START = Date.UTC(2026, 0, 5);

const VENUES = ['binance', 'coinbase', 'kraken'] as const satisfies readonly Exchange[];
export type Venue = (typeof VENUES)[number];

/** What a run is made of, beside its seed. */
export type Workload = {
  /** How long faults happen, virtual minutes; afterwards nothing does, and everything must heal. */
  readonly faultyMinutes: number;
  readonly quietMinutes: number;
  readonly venues: readonly Venue[];
  readonly symbols: number;
  readonly timeframes: readonly Timeframe[];
  /** Chance of a fault for each request to an exchange, of one of these kinds, and for each statement to the store. */
  readonly requestFaults: number;
  readonly pageFaults: readonly PageFault[];
  readonly storeFaults: number;
  /** How often ticks are lost, doubled and repeated, processes begin anew and our clock is wrong: 1 is the usual. */
  readonly processFaults: number;
  /** Outages of us, the exchange's network and the store, so many a day of each, and how long at the most, minutes. */
  readonly outagesADay: number;
  readonly longestOutage: number;
  /** A market is not traded for a while, or is taken off the list by mistake: so often a day and exchange. */
  readonly delistingsADay: number;
  /** Our clock may be wrong by so much, ms. */
  readonly skewMs: number;
  /** Share of candles that are corrected, and of those that are not sent any more some time later. */
  readonly revisedShare: number;
  readonly vanishedShare: number;
  /** Corrections come at most so long after the first ten seconds of a closed candle, hours. */
  readonly revisedWithinHours: number;
  /** Candles that open so many minutes after the start or later are not corrected: null when all may be. */
  readonly revisedMinutes: number | null;
  /** Share of the corrected candles that are corrected a second time. */
  readonly revisedTwiceShare: number;
  /** Ages at which closed candles are read a second time, hours. */
  readonly rereadAfterHours: readonly number[];
  /** Share of empty minutes of a quiet market on an exchange that has no rows for them. */
  readonly emptyShare: number;
  /** Outages that do not follow the dice. */
  readonly outages?: readonly GivenOutage[];
  /** A way to break the platform on purpose; a battery that does not see it is worth nothing. */
  readonly sabotage?: Sabotage;
};

export type SimulationOptions = Workload & { readonly seed: number };

export type OutageKind = 'ours' | 'network' | 'store' | 'silence';

/** Minutes since the start, exclusive end; of every exchange. */
export type GivenOutage = { readonly kind: OutageKind; readonly fromMinute: number; readonly untilMinute: number };

/** Stands between sync and its ports, or in front of sync itself. */
export type Sabotage = {
  readonly ports?: (ports: SyncPorts) => SyncPorts;
  readonly settings?: Partial<SyncSettings>;
  readonly sync?: typeof syncCandles;
};

/** Eight hours of every fault, and as long without one as corrections need. */
export const DEFAULTS: Workload = {
  faultyMinutes: 480,
  quietMinutes: 240,
  venues: VENUES,
  symbols: 2,
  timeframes: ['1m', '5m'],
  requestFaults: 0.3,
  pageFaults: PAGE_FAULTS,
  storeFaults: 0.03,
  processFaults: 1,
  outagesADay: 12,
  longestOutage: 90,
  delistingsADay: 3,
  skewMs: 120_000,
  revisedShare: 0.01,
  vanishedShare: 0.003,
  // Corrections come before the last turn of the second reading, which is an hour after the candle, and comes once an hour.
  revisedWithinHours: 0.75,
  revisedMinutes: null,
  revisedTwiceShare: 0,
  rereadAfterHours: [0.5, 1],
  emptyShare: 0.3,
};

/** Nothing happens but what a test gives. */
export const PEACE: Partial<Workload> = {
  requestFaults: 0,
  storeFaults: 0,
  processFaults: 0,
  outagesADay: 0,
  delistingsADay: 0,
  revisedShare: 0,
  vanishedShare: 0,
};

/** A workload whose rates are drawn from the seed: seeds differ in kind, not only in order. Half of the kinds of bad answers at least. */
export function drawnWorkload(seed: number): SimulationOptions {
  const dice = createDice(seed ^ 0x5e_ed_5e_ed);
  const kinds = PAGE_FAULTS.filter(() => dice.hits(0.75));
  // So that they do not add up to more than Kraken's twelve hours: what is beyond is campaign F3.
  const [outagesADay, longestOutage] = dice.pick([
    [4, 120],
    [12, 40],
    [24, 20],
  ] as const);
  return {
    ...DEFAULTS,
    seed,
    faultyMinutes: 720,
    requestFaults: 0.2 + dice.next() * 0.5,
    pageFaults: kinds.length < PAGE_FAULTS.length / 2 ? PAGE_FAULTS : kinds,
    storeFaults: dice.pick([0.01, 0.03, 0.08]),
    processFaults: dice.pick([0.5, 1, 3]),
    outagesADay,
    longestOutage,
    delistingsADay: dice.pick([1, 4]),
    revisedShare: dice.pick([0.003, 0.01, 0.03]),
    emptyShare: dice.pick([0.05, 0.3, 0.6]),
  };
}

export const SETTINGS: Omit<SyncSettings, 'rereadAfterHours'> = {
  backfillLimit: 100,
  latestCandles: 5,
  recheckCandles: 300,
  closeGraceMs: 2000,
  concurrency: 4,
};

/** A candle vanishes from an exchange at most so long after it closed. */
export const VANISHED_WITHIN_MS = 0.75 * 3_600_000;
/** From this age on a candle is as the exchange has it in the end, with the second readings and corrections of the defaults. */
export const SETTLED_AFTER_MS = 2.25 * 3_600_000;
/** Candles before the start that a first backfill has to bring, whatever its first answers are. */
export const FIRST_CANDLES = 60;

const NAMES = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD', 'ADA/USD', 'DOT/USD', 'LTC/USD'].map((text) => parseMarketSymbol(text)!);

export function symbolsOf({ symbols }: Workload): readonly MarketSymbol[] {
  return NAMES.slice(0, symbols);
}

export type NamedSeries = Series & { readonly key: string; readonly exchange: Venue };

export function seriesOf(workload: Workload): readonly NamedSeries[] {
  return workload.venues.flatMap((exchange) =>
    workload.timeframes.flatMap((timeframe) =>
      symbolsOf(workload).map((symbol) => ({ exchange, symbol, timeframe, key: seriesKey({ exchange, symbol, timeframe }) })),
    ),
  );
}
