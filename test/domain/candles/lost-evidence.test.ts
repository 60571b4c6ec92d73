import { expect, test } from 'vitest';
import type { CandleGap } from '#core/candle-gap.ts';
import { lostEvidence } from '#domain/candles/lost-evidence.ts';
import { BTC } from '../../usecases/sync-world.ts';

const REACHABLE = Date.UTC(2023, 2, 11);
const WINDOW = { fromMs: 100, untilMs: 200 };
const LOST = 'the exchange keeps nothing before 2023-03-11T00:00:00.000Z';

function gap(fromMs: number, untilMs: number, reason: CandleGap['reason'], evidence: string): CandleGap {
  const rest = { attempts: 0, nextTryMs: null, detectedAtMs: 0, resolvedAtMs: null, resolvedBy: '', updatedAtMs: 0 } as const;
  return { series: { exchange: 'kraken', symbol: BTC, timeframe: '1m' }, fromMs, untilMs, reason, evidence, state: 'open', ...rest };
}

test('what is lost keeps the reasons that it had before, each once', () => {
  const before = [
    gap(50, 120, 'fetch_failed', 'TIMEOUT'),
    gap(120, 150, 'exchange_outage', 'all silent'),
    gap(150, 180, 'fetch_failed', 'TIMEOUT'),
  ];
  expect(lostEvidence(WINDOW, REACHABLE, before)).toBe(`${LOST}; before that: fetch_failed (TIMEOUT), exchange_outage (all silent)`);
});

test('gaps beside the window, and that it was lost already, say nothing about it', () => {
  expect(lostEvidence(WINDOW, REACHABLE, [gap(0, 100, 'unknown', 'x'), gap(200, 300, 'unknown', 'x')])).toBe(LOST);
  expect(lostEvidence(WINDOW, REACHABLE, [gap(100, 200, 'retention_lost', LOST)])).toBe(LOST);
});

test('a long history is cut', () => {
  const before = [gap(100, 200, 'fetch_failed', 'x'.repeat(1000))];
  expect(lostEvidence(WINDOW, REACHABLE, before)).toHaveLength(LOST.length + '; before that: '.length + 300);
});
