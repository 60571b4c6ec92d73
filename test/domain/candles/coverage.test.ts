import { describe, expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { parseMarketSymbol, type MarketSymbol } from '#core/symbol.ts';
import { coverSeries, triedAgain, type Coverage, type CoverageInput } from '#domain/candles/coverage.ts';

const MINUTE = 60_000;
const NOW = 5_000_000 * MINUTE;
const series = { exchange: 'coinbase', symbol: parseMarketSymbol('BTC/USD') as MarketSymbol, timeframe: '1m' } as const;

type Given = Omit<Partial<CoverageInput>, 'has'> & {
  readonly newestSentMs?: number;
  readonly answeredUntilMs?: number;
  readonly askedFromMs?: number;
  readonly missing?: readonly number[];
  readonly until?: number;
  readonly from?: number;
};

/** Minutes in, but for `...Ms`; everything is there but `missing`, and everything from 0 to `until` was asked for and answered. */
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

/** A row of the ledger that was written an hour before. */
function open(from: number, until: number, facts: Partial<CandleGap> = {}): CandleGap {
  return {
    series,
    fromMs: from * MINUTE,
    untilMs: until * MINUTE,
    reason: 'unknown',
    evidence: '',
    state: 'open',
    attempts: 0,
    nextTryMs: NOW,
    detectedAtMs: NOW - 60 * MINUTE,
    resolvedAtMs: null,
    resolvedBy: '',
    updatedAtMs: NOW - 60 * MINUTE,
    ...facts,
  };
}

function explained(from: number, until: number, facts: Partial<CandleGap> = {}): CandleGap {
  return open(from, until, { reason: 'no_trades', state: 'explained', attempts: 2, nextTryMs: null, ...facts });
}

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
    const third = next(second, { until: 22 });
    expect(shortly(third)).toEqual({ until: 22, changed: [[18, 19, 'no_trades', 'resolved', 2]] });
    expect(third.gaps).toEqual([]);
  });

  test('leaves an explained row as it is while nothing of it comes', () => {
    const second = next(cover({ from: 17, missing: [18] }), { missing: [18], until: 21 });
    expect(next(second, { missing: [18], until: 22, nowMs: NOW + 9 * MINUTE }).gaps).toEqual(second.gaps);
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
    expect(cover({ from: 10, fresh }).changed).toMatchObject([
      { evidence: 'nobody had asked; 9 candles came at once', resolvedBy: 'rest' },
    ]);
  });

  test('calls it an outage of ours from the fourth candle on', () => {
    const since = (first: number) => cover({ from: first, fresh: { firstMs: first * MINUTE, lastMs: 19 * MINUTE, candles: 20 - first } });
    expect(since(17).changed).toEqual([]);
    expect(since(16).changed.map(short)).toEqual([[16, 19, 'our_outage', 'resolved', 0]]);
  });

  test('names no second reason for an outage that has a row, and its own for one that only touches such a row', () => {
    const fresh = { firstMs: 12 * MINUTE, lastMs: 19 * MINUTE, candles: 8 };
    const healed = (from: number, until: number) =>
      cover({ fresh, gaps: [open(from, until, { reason: 'fetch_failed' })] }).changed.map(short);
    expect(healed(10, 13)).toEqual([[10, 13, 'fetch_failed', 'resolved', 0]]);
    expect(healed(18, 20)).toEqual([[18, 20, 'fetch_failed', 'resolved', 0]]);
    const outage = [12, 19, 'our_outage', 'resolved', 0];
    expect(healed(10, 12)).toEqual([[10, 12, 'fetch_failed', 'resolved', 0], outage]);
    expect(healed(19, 20)).toEqual([[19, 20, 'fetch_failed', 'resolved', 0], outage]);
  });

  test('tells what was asked for from what was not, to the candle, over several answers', () => {
    const answer = (from: number, until: number) => ({
      fromMs: from * MINUTE,
      untilMs: until * MINUTE,
      newestSentMs: (until - 1) * MINUTE,
    });
    const { changed } = cover({ missing: [11, 12, 14, 15, 17], answers: [answer(10, 12), answer(15, 20)] });
    expect(changed.map(short)).toEqual([
      [11, 12, 'unknown', 'open', 1],
      [12, 13, 'our_outage', 'open', 0],
      [14, 15, 'our_outage', 'open', 0],
      [15, 16, 'unknown', 'open', 1],
      [17, 18, 'unknown', 'open', 1],
    ]);
  });

  test('takes a candle behind a silence from whichever answer has one', () => {
    const silent = { fromMs: 10 * MINUTE, untilMs: 15 * MINUTE, newestSentMs: null };
    const newest = { fromMs: 15 * MINUTE, untilMs: 20 * MINUTE, newestSentMs: 19 * MINUTE };
    expect(cover({ missing: range(11, 14), answers: [silent, newest] }).changed.map(short)).toEqual([[11, 14, 'unknown', 'open', 1]]);
    expect(cover({ missing: range(11, 14), answers: [silent] }).changed.map(short)).toEqual([[11, 14, 'unknown', 'open', 0]]);
  });

  test('says in its evidence what the exchange has answered, and how much is missing', () => {
    const evidence = ({ changed }: Coverage) => changed.map((row) => row.evidence);
    const first = cover({ from: 17, missing: [18] });
    expect(evidence(first)).toEqual(['1 answer without it, with a later candle']);
    expect(evidence(next(first, { missing: [18], until: 21 }))).toEqual(['as silent as before; 1 candle']);
    const long = cover({ missing: range(11, 16), newestSentMs: 10 * MINUTE });
    expect(evidence(long)).toEqual(['not sent yet, and nothing later either']);
    const answered = next(cover({ missing: range(11, 16) }), { missing: range(11, 16), until: 21 });
    expect(evidence(answered)).toEqual(['as silent as before; 5 candles']);
    expect(evidence(cover({ from: 14, missing: range(15, 20), answeredUntilMs: 15 * MINUTE }))).toEqual(['not asked for yet']);
  });

  test('writes a row again when its reason changes, though nothing else does', () => {
    const failure = { reason: 'fetch_failed', message: 'TIMEOUT' } as const;
    const first = cover({ from: 17, missing: [18, 19], answeredUntilMs: 0, failure });
    const second = next(first, { missing: [18, 19], newestSentMs: 17 * MINUTE });
    expect(second.changed.map(short)).toEqual([[18, 20, 'unknown', 'open', 0]]);
  });

  test('asks only for what is missing before and behind an explained gap that lies ahead of the watermark', () => {
    const { changed, gaps, completeUntilMs } = cover({ from: 11, missing: [11, 12, 13, 15], gaps: [explained(12, 14)] });
    expect(changed.map(short)).toEqual([
      [11, 12, 'unknown', 'open', 1],
      [15, 16, 'unknown', 'open', 1],
    ]);
    expect(gaps.map(short)).toEqual([
      [11, 12, 'unknown', 'open', 1],
      [12, 14, 'no_trades', 'explained', 2],
      [15, 16, 'unknown', 'open', 1],
    ]);
    expect(completeUntilMs).toBe(11 * MINUTE);
  });

  test('closes what a slower process has opened again behind the watermark, also where it reaches over it', () => {
    const seenOnce = { attempts: 1, updatedAtMs: NOW - 5 * MINUTE };
    expect(shortly(cover({ from: 15, missing: range(11, 14), gaps: [open(11, 14, seenOnce)] }))).toEqual({
      until: 20,
      changed: [[11, 14, 'no_trades', 'explained', 2]],
    });
    expect(shortly(cover({ from: 15, missing: range(13, 17), gaps: [open(13, 17, seenOnce)] }))).toEqual({
      until: 20,
      changed: [[13, 17, 'no_trades', 'explained', 2]],
    });
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

describe('an open row', () => {
  const BEFORE = NOW - 60 * MINUTE;
  const seen = ({ gaps }: Coverage) => gaps.map((gap) => [...short(gap), gap.detectedAtMs === NOW ? 'now' : 'before']);

  test('says nothing of a gap that only touches it: neither how often that was missing, nor since when', () => {
    expect(seen(cover({ missing: range(15, 18), gaps: [open(12, 15, { attempts: 1 })] }))).toEqual([[15, 18, 'unknown', 'open', 1, 'now']]);
    expect(seen(cover({ missing: range(12, 18), gaps: [open(15, 18, { attempts: 1 })] }))).toEqual([
      [12, 15, 'unknown', 'open', 1, 'now'],
      [15, 18, 'no_trades', 'explained', 2, 'before'],
    ]);
  });

  test('that has grown has been missing as a whole for one answer, and since it was first seen', () => {
    expect(seen(cover({ missing: range(12, 16), gaps: [open(12, 14, { attempts: 1 })] }))).toEqual([
      [12, 16, 'unknown', 'open', 1, 'before'],
    ]);
  });

  test('that was filled in its middle is two, each of which has been missing as often', () => {
    const { changed, gaps } = cover({ missing: [12, 13, 15, 16, 17], gaps: [open(12, 18, { attempts: 1 })] });
    expect(gaps.map(short)).toEqual([
      [12, 14, 'no_trades', 'explained', 2],
      [15, 18, 'no_trades', 'explained', 2],
    ]);
    expect(changed).toEqual(gaps);
  });

  test('whose beginning has come ends there, and goes on behind', () => {
    expect(cover({ missing: [13, 14], gaps: [open(12, 15, { attempts: 1 })] }).changed.map(short)).toEqual([
      [13, 15, 'no_trades', 'explained', 2],
      [12, 13, 'unknown', 'resolved', 1],
    ]);
  });

  test('that was filled ends where it ended, whatever is missing before and behind it', () => {
    const gaps = [open(14, 15, { attempts: 1 }), open(15, 18, { attempts: 1 })];
    expect(cover({ missing: [12, 14, 18], gaps }).changed.map(short)).toEqual([
      [12, 13, 'unknown', 'open', 1],
      [14, 15, 'no_trades', 'explained', 2],
      [18, 19, 'unknown', 'open', 1],
      [15, 18, 'unknown', 'resolved', 1],
    ]);
  });

  const BETWEEN = 30_000;
  test('counts answers half a minute apart as two', () => {
    const first = cover({ from: 17, missing: [18] });
    expect(next(first, { missing: [18], nowMs: NOW + BETWEEN - 1 }).gaps).toMatchObject([{ attempts: 1 }]);
    expect(next(first, { missing: [18], nowMs: NOW + BETWEEN }).gaps).toMatchObject([{ attempts: 2 }]);
  });

  test('is not written again for the time at which it was looked at', () => {
    const gap = open(12, 15, { detectedAtMs: BEFORE });
    expect(cover({ missing: range(12, 15), gaps: [gap], newestSentMs: 11 * MINUTE }).changed).toEqual([]);
  });
});

describe('a market that is not listed', () => {
  const failure = { reason: 'not_listed', message: 'NOT_LISTED: BTC/USD is unknown at coinbase' } as const;
  const gone = cover({ from: 17, missing: [18, 19], answeredUntilMs: 0, failure });

  test('has a row in the words of the exchange, also for the candle that has only just closed', () => {
    expect(gone.changed.map(short)).toEqual([[18, 20, 'not_listed', 'open', 0]]);
    expect(gone.changed).toMatchObject([{ evidence: failure.message, nextTryMs: NOW }]);
    expect(cover({ from: 19, missing: [19], answeredUntilMs: 0, failure }).changed.map(short)).toEqual([[19, 20, 'not_listed', 'open', 0]]);
  });

  test('keeps that reason when a later request fails in another way', () => {
    const later = { reason: 'fetch_failed', message: 'TIMEOUT' } as const;
    const after = next(gone, { missing: [18, 19, 20], until: 21, answeredUntilMs: 0, failure: later });
    expect(after.gaps.map(short)).toEqual([
      [18, 20, 'not_listed', 'open', 0],
      [20, 21, 'fetch_failed', 'open', 0],
    ]);
    expect(after.gaps.map(({ evidence }) => evidence)).toEqual([failure.message, 'TIMEOUT']);
    expect(after.changed.map(short)).toEqual([[20, 21, 'fetch_failed', 'open', 0]]);
  });

  test('that is listed again without these candles keeps the reason, and the watermark passes after two answers', () => {
    const once = next(gone, { missing: [18, 19], until: 21 });
    expect([once.gaps.map(short), once.completeUntilMs / MINUTE]).toEqual([[[18, 20, 'not_listed', 'open', 1]], 18]);
    const twice = next(once, { missing: [18, 19], until: 22, nowMs: NOW + 2 * MINUTE });
    expect([twice.gaps.map(short), twice.completeUntilMs / MINUTE]).toEqual([[[18, 20, 'not_listed', 'explained', 2]], 22]);
    expect(twice.gaps).toMatchObject([{ evidence: failure.message, nextTryMs: null }]);
  });

  test('is not what another gap is, though it is open at the same time', () => {
    const gaps = [open(11, 12, { reason: 'not_listed', evidence: failure.message }), open(14, 15)];
    expect(cover({ missing: [11, 12, 14], gaps }).gaps.map(short)).toEqual([
      [11, 12, 'not_listed', 'open', 1],
      [12, 13, 'unknown', 'open', 1],
      [14, 15, 'unknown', 'open', 1],
    ]);
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

  test('is not asked for by itself when the exchange no longer has it', () => {
    expect(triedAgain(explained(12, 14, { reason: 'retention_lost' }), NOW).nextTryMs).toBeNull();
    expect(triedAgain(explained(12, 14, { reason: 'unknown' }), NOW)).toMatchObject({
      attempts: 3,
      nextTryMs: NOW + 60 * MINUTE,
      updatedAtMs: NOW,
    });
  });
});
