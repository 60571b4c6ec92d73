import type { Exchange } from '#core/exchange.ts';
import type { Series } from '#core/series.ts';
import { seriesKey } from '#core/series.ts';
import type { IndicatorsReport } from '#usecases/compute-indicators.ts';
import type { SeriesSyncReport, SyncReport } from '#usecases/sync-candles.ts';
import type { VerifyReport } from '#usecases/verify-candles.ts';
import { TIMEFRAME_MS } from '#core/timeframe.ts';
import { iso } from './replay-plan.ts';

type SeriesTotals = {
  readonly series: Series;
  stored: number;
  changed: number;
  refused: number;
  newestOpenTimeMs: number | null;
  missing: SeriesSyncReport['missing'];
  missingReason: SeriesSyncReport['missingReason'];
};

/** What one run did, summed over its ticks; the `--json` line and the page's status are made from it. */
export type RunTotals = {
  addSync(report: SyncReport): void;
  addIndicators(report: IndicatorsReport): void;
  addVerify(report: VerifyReport): void;
  addTick(tickMs: number): void;
  addError(message: string): void;
  series(): readonly Readonly<SeriesTotals>[];
  errors(): readonly string[];
  lastTickMs(): number | null;
  /** Why no exchange at all answered at its last tick; null when one did. */
  unreachable(): string | null;
  /** One line for people. */
  summary(): string;
  toJson(facts: {
    readonly mode: 'replay' | 'live';
    readonly recording: string | null;
    readonly durationMs: number;
  }): Readonly<Record<string, unknown>>;
};

/** Distinct errors that are kept by their text; the rest is counted only. */
const MAX_ERRORS = 100;

/** Holes of one series that are kept, the newest ones. */
const MAX_HOLES = 10_000;

export function createRunTotals(): RunTotals {
  const bySeries = new Map<string, SeriesTotals>();
  const errors = new Map<string, number>();
  let ticks = 0;
  let lastTickMs: number | null = null;
  let indicatorValues = 0;
  let verified = 0;
  let findings = 0;
  let errorCount = 0;
  const failures = new Map<Exchange, string | null>();

  const addError = (message: string): void => {
    errorCount += 1;
    if (errors.has(message) || errors.size < MAX_ERRORS) errors.set(message, (errors.get(message) ?? 0) + 1);
  };

  return {
    addSync(report) {
      failures.set(report.exchange, report.failure?.message ?? null);
      if (report.failure !== null) addError(report.failure.message);
      for (const { symbol, reason } of report.unavailable) addError(`${report.exchange} ${symbol}: ${reason}`);
      for (const entry of report.series) {
        addSeries(bySeries, entry);
        if (entry.failure !== null) addError(entry.failure.message);
      }
    },
    addIndicators(report) {
      indicatorValues += report.valuesWritten;
      if (report.cacheFailure !== null) addError(report.cacheFailure);
    },
    addVerify(report) {
      verified += report.verified;
      findings += report.found.length;
    },
    addTick(tickMs) {
      ticks += 1;
      lastTickMs = tickMs;
    },
    addError,
    series: () => [...bySeries.values()],
    errors: () => [...errors.keys()],
    lastTickMs: () => lastTickMs,
    unreachable() {
      const reasons = [...failures.values()];
      return reasons.length > 0 && reasons.every((reason) => reason !== null) ? (reasons[0] ?? null) : null;
    },
    summary() {
      const candles = sum(bySeries, ({ stored }) => stored);
      const counts = [
        [ticks, 'ticks'],
        [candles, 'candles stored'],
        [indicatorValues, 'indicator values'],
        [errorCount, 'errors'],
      ] as const;
      return counts.map(([count, noun]) => `${count.toLocaleString('en-US')} ${noun}`).join(', ');
    },
    toJson: ({ mode, recording, durationMs }) => ({
      mode,
      recording,
      ticks,
      lastTick: lastTickMs === null ? null : iso(lastTickMs),
      candlesStored: Object.fromEntries([...bySeries].map(([key, { stored }]) => [key, stored])),
      candlesChanged: sum(bySeries, ({ changed }) => changed),
      rowsRefused: sum(bySeries, ({ refused }) => refused),
      indicatorsWritten: indicatorValues,
      candlesVerified: verified,
      candleFindings: findings,
      gaps: [...bySeries.values()].flatMap(gapsOf),
      errorCount,
      errors: [...errors].map(([message, times]) => ({ message, times })),
      durationMs: Math.round(durationMs),
    }),
  };
}

function addSeries(bySeries: Map<string, SeriesTotals>, entry: SeriesSyncReport): void {
  const key = seriesKey(entry.series);
  const totals = bySeries.get(key) ?? {
    series: entry.series,
    stored: 0,
    changed: 0,
    refused: 0,
    newestOpenTimeMs: null,
    missing: [],
    missingReason: null,
  };
  bySeries.set(key, totals);
  totals.stored += entry.stored;
  totals.changed += entry.changed;
  totals.refused += entry.refused.length;
  totals.missing = [...holesBefore(totals.missing, entry), ...entry.missing].slice(-MAX_HOLES);
  totals.missingReason = entry.missingReason;
  if (entry.newestOpenTimeMs !== null) totals.newestOpenTimeMs = Math.max(entry.newestOpenTimeMs, totals.newestOpenTimeMs ?? 0);
}

/** What earlier fetches have found missing before the range of this one; within its range it has seen for itself. */
function holesBefore(missing: SeriesTotals['missing'], { fromMs, series }: SeriesSyncReport): SeriesTotals['missing'] {
  const step = TIMEFRAME_MS[series.timeframe];
  return missing
    .filter(({ firstMs }) => firstMs < fromMs)
    .map((hole) =>
      hole.lastMs < fromMs ? hole : { firstMs: hole.firstMs, lastMs: fromMs - step, candles: (fromMs - hole.firstMs) / step },
    );
}

function gapsOf({ series, missing, missingReason }: SeriesTotals): readonly Record<string, unknown>[] {
  return missing.map(({ firstMs, lastMs, candles }) => ({
    series: seriesKey(series),
    first: iso(firstMs),
    last: iso(lastMs),
    candles,
    reason: missingReason,
  }));
}

function sum(bySeries: ReadonlyMap<string, SeriesTotals>, count: (totals: SeriesTotals) => number): number {
  return [...bySeries.values()].reduce((total, totals) => total + count(totals), 0);
}
