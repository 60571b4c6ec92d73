import type { StoredCandle } from '#core/candle.ts';
import type { AuditCheck, AuditFinding } from '#core/audit-finding.ts';
import type { CandleGap } from '#core/candle-gap.ts';
import { compareDecimals, ZERO } from '#core/decimal.ts';
import type { Series } from '#core/series.ts';
import type { Watermark } from '#core/watermark.ts';
import { floorToGrid, holesOf } from '../candles/grid.ts';
import { fetchedAtMs } from '../candles/version.ts';

export type SeriesFacts = {
  readonly series: Series;
  readonly timeframeMs: number;
  /** In the order of the store. */
  readonly candles: readonly StoredCandle[];
  readonly watermark: Watermark | null;
  /** Rows of the ledger that are not resolved. */
  readonly gaps: readonly CandleGap[];
  /** Candles before this may have been removed for their age; -Infinity where nothing is. UTC ms. */
  readonly keptFromMs: number;
  /** By which the age of open gaps is told, UTC ms. */
  readonly nowMs: number;
};

/**
 * Everything about one series that can be told from its own rows: whether each candle is possible and was closed when it was fetched, whether
 * each stands once and on its place, and whether the ledger and the candles account for every step of time between the first and the newest.
 */
export function auditSeries(facts: SeriesFacts): readonly AuditFinding[] {
  return [...facts.candles.flatMap((candle, i) => auditCandle(facts, candle, facts.candles[i - 1])), ...auditLedger(facts)];
}

function auditCandle(
  { series, timeframeMs }: SeriesFacts,
  candle: StoredCandle,
  previous: StoredCandle | undefined,
): readonly AuditFinding[] {
  const { openTimeMs, open, high, low, close, volume, version } = candle;
  const findings: AuditFinding[] = [];
  const add = (check: AuditCheck, message: string): void => void findings.push({ check, series, openTimeMs, message });
  if (openTimeMs % timeframeMs !== 0) add('grid', `its open time is not a multiple of ${series.timeframe}`);
  if (previous?.openTimeMs === openTimeMs) add('duplicate', 'the candle is there twice');
  else if (previous !== undefined && previous.openTimeMs > openTimeMs) add('order', 'the candle comes after a later one');
  const isInOrder = [open, close].every((price) => compareDecimals(low, price) <= 0 && compareDecimals(price, high) <= 0);
  if (!isInOrder || compareDecimals(low, ZERO) <= 0) add('prices', `open ${open}, high ${high}, low ${low}, close ${close} cannot be`);
  if (compareDecimals(volume, ZERO) < 0) add('prices', `its volume is ${volume}`);
  const fetchedMs = fetchedAtMs(version);
  if (fetchedMs < openTimeMs + timeframeMs) add('finality', `fetched at ${new Date(fetchedMs).toISOString()}, before it closed`);
  return findings;
}

function auditLedger({ series, timeframeMs, candles, watermark, gaps, keptFromMs, nowMs }: SeriesFacts): readonly AuditFinding[] {
  const newestMs = candles.at(-1)?.openTimeMs;
  if (watermark === null) {
    if (newestMs === undefined) return [];
    return [{ check: 'watermark', series, openTimeMs: newestMs, message: 'the series has candles and no watermark' }];
  }
  const times = new Set(candles.map(({ openTimeMs }) => openTimeMs));
  const explained = new Set(times);
  const findings: AuditFinding[] = [];
  for (const gap of gaps) {
    for (let timeMs = gap.fromMs; timeMs < gap.untilMs; timeMs += timeframeMs) explained.add(timeMs);
    const inside = candlesIn(gap, times, timeframeMs);
    const message = `the ledger says ${gap.reason} (${gap.state}), and there ${inside.length === 1 ? 'is a candle' : `are ${inside.length} candles`}`;
    if (inside[0] !== undefined) findings.push({ check: 'candle in a gap', series, openTimeMs: inside[0], message });
    const openMs = nowMs - gap.detectedAtMs;
    // What the exchange does not list is not waited for by anybody.
    if (gap.state === 'open' && gap.reason !== 'not_listed' && openMs > LONGEST_OPEN_MS)
      findings.push({ ...missing(series, gap.fromMs, gap.untilMs, timeframeMs), check: 'open gap', message: openText(gap, openMs) });
  }
  const fromMs = Math.max(watermark.fromMs, Math.ceil(keptFromMs / timeframeMs) * timeframeMs);
  // On the grid, also where the newest candle is not: a hole that ends there would be lost.
  const untilMs = Math.max(watermark.completeUntilMs, floorToGrid(newestMs ?? 0, timeframeMs) + timeframeMs);
  for (const { firstMs, lastMs, candles: count } of holesOf(explained, fromMs, untilMs, timeframeMs)) {
    const what = count === 1 ? 'no candle' : `no candle up to ${new Date(lastMs).toISOString()}, ${count} in all`;
    const message = `${what}, and no row in the ledger of gaps`;
    findings.push({ ...missing(series, firstMs, lastMs + timeframeMs, timeframeMs), check: 'unexplained gap', message });
  }
  return findings;
}

const HOUR_MS = 3_600_000;

/** What every tick asks for in vain for longer than this is more than a fault of the moment. */
const LONGEST_OPEN_MS = 24 * HOUR_MS;

function openText({ reason, evidence }: CandleGap, openMs: number): string {
  return `open for ${Math.floor(openMs / HOUR_MS)} hours: ${reason}, ${evidence}`;
}

function missing(series: Series, fromMs: number, untilMs: number, timeframeMs: number): Omit<AuditFinding, 'check' | 'message'> {
  return { series, openTimeMs: fromMs, candles: (untilMs - fromMs) / timeframeMs };
}

function candlesIn({ fromMs, untilMs }: CandleGap, times: ReadonlySet<number>, timeframeMs: number): readonly number[] {
  const inside: number[] = [];
  for (let timeMs = fromMs; timeMs < untilMs; timeMs += timeframeMs) if (times.has(timeMs)) inside.push(timeMs);
  return inside;
}
