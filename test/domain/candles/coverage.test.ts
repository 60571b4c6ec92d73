import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { coverSeries, triedAgain, type Coverage, type CoverageInput } from '#domain/candles/coverage.ts';

const MINUTE = 60_000;
const NOW = 5_000_000 * MINUTE;
const series = { exchange: 'coinbase', symbol: parseMarketSymbol('BTC/USD') as MarketSymbol, timeframe: '1m' } as const;

type Given = Omit<Partial<CoverageInput>, 'has' | 'answers'> & {
  readonly newestSentMs?: number;
  readonly answeredUntilMs?: number;
  readonly askedFromMs?: number;
  readonly missing?: readonly number[];
  readonly until?: number;
  readonly from?: number;
};

/** Times are minutes; everything is there but `missing`, and everything from 0 to `until` was asked for and answered. */
function cover({ missing = [], until = 20, from = 10, newestSentMs, answeredUntilMs, askedFromMs, ...given }: Given = {}): Coverage {
  return coverSeries({
    series,
    timeframeMs: MINUTE,
    isFirst: false,
    completeUntilMs: from * MINUTE,
    closedUntilMs: until * MINUTE,
    has: (timeMs) => !missing.includes(timeMs / MINUTE),
    answers: [{ fromMs: askedFromMs ?? 0, untilMs: answeredUntilMs ?? until * MINUTE, newestSentMs: newestSentMs ?? (until - 1) * MINUTE }],
    reachableFromMs: 0,
    failure: null,
    fresh: null,
    written: given.gaps ?? [],
    gaps: [],
    explain: () => ({ reason: 'no_trades', evidence: 'as silent as before' }),
    nowMs: NOW,
    ...given,
  });
}

const range = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, i) => from + i);

const short = ({ fromMs, untilMs, reason, state, attempts }: CandleGap): unknown[] => [
  fromMs / MINUTE,
  untilMs / MINUTE,
  reason,
  state,
  attempts,
];

const shortly = ({ completeUntilMs, changed }: Coverage): unknown => ({ until: completeUntilMs / MINUTE, changed: changed.map(short) });

/** The next tick, a minute later. */
function next(before: Coverage, given: Given = {}): Coverage {
  return cover({ from: before.completeUntilMs / MINUTE, gaps: before.gaps, nowMs: NOW + MINUTE, ...given });
}

describe('the watermark', () => {
  test('moves over everything that is there', () => {
    expect(shortly(cover({ from: 18 }))).toEqual({ until: 20, changed: [] });
  });

  test('stops before a candle that one answer lacks, and passes it after the second', () => {
    const first = cover({ from: 17, missing: [18] });
    expect(shortly(first)).toEqual({ until: 18, changed: [[18, 19, 'unknown', 'open', 1]] });
    expect(shortly(next(first, { missing: [18], until: 21 }))).toEqual({ until: 21, changed: [[18, 19, 'no_trades', 'explained', 2]] });
  });

  test('never passes what has nothing behind it in the answer', () => {
    const first = cover({ from: 17, missing: [18, 19], newestSentMs: 17 * MINUTE });
    expect(shortly(first)).toEqual({ until: 18, changed: [[18, 20, 'unknown', 'open', 0]] });
    const second = next(first, { missing: [18, 19, 20], until: 21, newestSentMs: 17 * MINUTE });
    expect(shortly(second)).toEqual({ until: 18, changed: [] });
  });

  test('passes two gaps that have grown together, each of which keeps its row', () => {
    const first = cover({ from: 11, missing: range(12, 18), answeredUntilMs: 15 * MINUTE, newestSentMs: 14 * MINUTE });
    expect(first.changed.map(short)).toEqual([
      [12, 15, 'unknown', 'open', 0],
      [15, 18, 'our_outage', 'open', 0],
    ]);
    const second = next(first, { missing: range(12, 18) });
    expect(second.changed.map(short)).toEqual([
      [12, 15, 'unknown', 'open', 1],
      [15, 18, 'unknown', 'open', 1],
    ]);
    expect(next(second, { missing: range(12, 18), nowMs: NOW + 2 * MINUTE }).changed.map(short)).toEqual([
      [12, 15, 'no_trades', 'explained', 2],
      [15, 18, 'no_trades', 'explained', 2],
    ]);
  });

  test('does not pass at the second answer to one tick', () => {
    const first = cover({ from: 17, missing: [18] });
    expect(shortly(next(first, { missing: [18], nowMs: NOW + 5000 }))).toEqual({ until: 18, changed: [] });
  });

  test('never goes back', () => {
    expect(cover({ from: 25, until: 20 }).completeUntilMs).toBe(25 * MINUTE);
  });
});

describe('the ledger', () => {
  test('does not take the newest closed candle for a gap: it may come a moment later', () => {
    expect(shortly(cover({ from: 19, missing: [19], newestSentMs: 18 * MINUTE }))).toEqual({ until: 19, changed: [] });
  });

  test('closes the row of a gap that was filled', () => {
    const first = cover({ from: 17, missing: [18] });
    const { changed, gaps } = next(first, { until: 21 });
    expect(changed).toMatchObject([{ state: 'resolved', resolvedBy: 'rest', resolvedAtMs: NOW + MINUTE, nextTryMs: null }]);
    expect(gaps).toEqual([]);
  });

  test('closes an explained row when its candle comes late', () => {
    const first = cover({ from: 17, missing: [18] });
    const second = next(first, { missing: [18], until: 21 });
    expect(shortly(next(second, { until: 22 }))).toEqual({ until: 22, changed: [[18, 19, 'no_trades', 'resolved', 2]] });
  });

  test('keeps what is left of an explained gap that is filled in the middle', () => {
    const explained = next(cover({ from: 10, missing: range(11, 16) }), { missing: range(11, 16), until: 21 });
    const later = next(explained, { missing: [11, 12, 14, 15], until: 22 });
    expect(later.changed.map(short)).toEqual([
      [11, 13, 'no_trades', 'explained', 2],
      [14, 16, 'no_trades', 'explained', 2],
    ]);
    const last = next(later, { missing: [15], until: 23 });
    expect(last.changed.map(short)).toEqual([
      [11, 13, 'no_trades', 'resolved', 2],
      [14, 15, 'no_trades', 'resolved', 2],
      [15, 16, 'no_trades', 'explained', 2],
    ]);
  });

  test('says that the exchange gave no answer, and that it was asked in vain', () => {
    const failure = { reason: 'fetch_failed', message: 'TIMEOUT: no answer within 8000 ms' } as const;
    const { changed, completeUntilMs } = cover({ from: 19, missing: [19], answeredUntilMs: 0, failure });
    expect(changed).toMatchObject([{ reason: 'fetch_failed', evidence: failure.message, state: 'open', nextTryMs: NOW }]);
    expect(completeUntilMs).toBe(19 * MINUTE);
  });

  test('says what is not reached yet, and that it was our outage', () => {
    const { changed } = cover({ from: 14, missing: range(15, 20), answeredUntilMs: 15 * MINUTE });
    expect(changed.map(short)).toEqual([[15, 20, 'our_outage', 'open', 0]]);
  });

  test('says what the exchange no longer has, and goes on behind it', () => {
    const { changed, completeUntilMs } = cover({ missing: range(10, 14), reachableFromMs: 14 * MINUTE, askedFromMs: 14 * MINUTE });
    expect(changed.map(short)).toEqual([[10, 14, 'retention_lost', 'explained', 0]]);
    expect(completeUntilMs).toBe(20 * MINUTE);
  });

  test('keeps in the evidence of what is lost why it was missing before', () => {
    const failure = { reason: 'fetch_failed', message: 'TIMEOUT: no answer in 8 s' } as const;
    const { gaps } = cover({ missing: range(10, 14), answeredUntilMs: 0, failure });
    const { changed } = cover({ missing: range(10, 14), reachableFromMs: 14 * MINUTE, askedFromMs: 14 * MINUTE, gaps });
    expect(changed[0]).toMatchObject({ reason: 'retention_lost' });
    expect(changed[0]?.evidence).toMatch(/^the exchange keeps nothing before .*; before that: fetch_failed \(TIMEOUT: no answer in 8 s\)$/);
  });

  test('names an outage of ours that was healed at once', () => {
    const fresh = { firstMs: 10 * MINUTE, lastMs: 19 * MINUTE, candles: 10 };
    expect(shortly(cover({ from: 10, fresh }))).toEqual({ until: 20, changed: [[10, 19, 'our_outage', 'resolved', 0]] });
    expect(shortly(cover({ from: 10, fresh, isFirst: true }))).toEqual({ until: 20, changed: [] });
    expect(shortly(cover({ from: 18, fresh: { ...fresh, firstMs: 18 * MINUTE, candles: 2 } }))).toEqual({ until: 20, changed: [] });
  });

  test('writes a gap that grows again after every fifteen candles', () => {
    let coverage = cover({ from: 17, missing: range(18, 20), newestSentMs: 17 * MINUTE });
    let written = 0;
    for (let until = 21; until < 60; until++) {
      coverage = next(coverage, { missing: range(18, until), until, newestSentMs: 17 * MINUTE, nowMs: NOW + until * MINUTE });
      written += coverage.changed.length;
    }
    expect([written, coverage.gaps.map(short)]).toEqual([2, [[18, 59, 'unknown', 'open', 0]]]);
  });

  test('keeps when a gap was first seen', () => {
    const first = cover({ from: 17, missing: [18] });
    expect(next(first, { missing: [18], until: 21 }).gaps).toMatchObject([{ detectedAtMs: NOW, updatedAtMs: NOW + MINUTE }]);
  });
});

describe('a confirmed gap', () => {
  const confirmed = (reason: 'no_trades' | 'exchange_outage'): CandleGap => {
    const explain = () => ({ reason, evidence: 'seen' });
    const [gap] = next(cover({ from: 17, missing: [18] }), { missing: [18], until: 21, explain }).gaps;
    if (gap === undefined) throw new RangeError('no gap');
    return gap;
  };

  test('is asked for again when the exchange owes it, less and less often, and then no more', () => {
    let gap = confirmed('exchange_outage');
    const delays = [];
    for (; gap.nextTryMs !== null; gap = triedAgain(gap, gap.nextTryMs)) delays.push((gap.nextTryMs - gap.updatedAtMs) / MINUTE);
    expect(delays).toEqual([10, 60, 360]);
    expect(gap.attempts).toBe(5);
  });

  test('is not asked for by itself when nothing was traded', () => {
    expect(confirmed('no_trades').nextTryMs).toBeNull();
  });
});
