import { expect, test } from 'vitest';
import type { PlatformStatus, SeriesStatus } from '#local/platform-status.ts';
import { freshnessOf } from '../../web/freshness.ts';
import { MINUTE, seriesOf, START } from '../local/page/page-fixture.ts';

const HOUR = 60 * MINUTE;
const NEWEST = 'newest candle 2023-03-11 00:00 UTC';

function statusAt(nowMs: number, part: Partial<PlatformStatus> = {}): PlatformStatus {
  return { mode: 'replay', recording: 'r', nowMs, speed: 60, tickMs: nowMs, phase: 'running', series: [], problems: [], ...part };
}

function seriesWith(part: Partial<SeriesStatus> = {}): SeriesStatus {
  return { ...seriesOf('kraken', 'BTC/USD', '1m'), newestOpenTimeMs: START, missing: 0, ...part };
}

test('a candle that has just closed is fresh', () => {
  expect(freshnessOf(statusAt(START + MINUTE), seriesWith(), MINUTE)).toEqual({
    state: 'fresh',
    text: `${NEWEST} \u00b7 just closed \u00b7 none missing`,
  });
});

test('the age counts from the close, in the time of the replay', () => {
  expect(freshnessOf(statusAt(START + 3 * MINUTE), seriesWith(), MINUTE).text).toBe(
    `${NEWEST} \u00b7 closed 2 min ago in replay time \u00b7 none missing`,
  );
  expect(freshnessOf(statusAt(START + 3 * MINUTE, { mode: 'live' }), seriesWith(), MINUTE).text).toBe(
    `${NEWEST} \u00b7 closed 2 min ago \u00b7 none missing`,
  );
});

test('missing candles are counted', () => {
  const textWith = (missing: number): string => freshnessOf(statusAt(START + MINUTE), seriesWith({ missing }), MINUTE).text;
  expect(textWith(1)).toContain('\u00b7 1 candle missing');
  expect(textWith(7)).toContain('\u00b7 7 candles missing');
});

test('a candle is stale when the next one is overdue by more than three ticks', () => {
  expect(freshnessOf(statusAt(START + 5 * MINUTE), seriesWith(), MINUTE).state).toBe('fresh');
  const stale = freshnessOf(statusAt(START + 6 * MINUTE), seriesWith(), MINUTE);
  expect(stale).toEqual({
    state: 'stale',
    text: `stale: the next candle is overdue by 4 min \u00b7 ${NEWEST} \u00b7 closed 5 min ago in replay time \u00b7 none missing`,
  });
});

test('an hour is not stale while the next hour is still open', () => {
  expect(freshnessOf(statusAt(START + 2 * HOUR + 3 * MINUTE), seriesWith(), HOUR).state).toBe('fresh');
  expect(freshnessOf(statusAt(START + 2 * HOUR + 4 * MINUTE), seriesWith(), HOUR).state).toBe('stale');
});

test('no tick for more than three ticks is stale, however new the candle', () => {
  const nowMs = START + 4 * MINUTE;
  expect(freshnessOf(statusAt(nowMs, { tickMs: START + MINUTE }), seriesWith({ newestOpenTimeMs: START + 3 * MINUTE }), MINUTE).state).toBe(
    'fresh',
  );
  const stopped = freshnessOf(statusAt(nowMs, { tickMs: START }), seriesWith({ newestOpenTimeMs: START + 3 * MINUTE }), MINUTE);
  expect([stopped.state, stopped.text.split(' \u00b7 ')[0]]).toEqual(['stale', 'stale: no tick for 4 min']);
});

test.each(['backfilling', 'catching up', 'starting'] as const)('nothing is called stale while the platform is %s', (phase) => {
  expect(freshnessOf(statusAt(START + 9 * HOUR, { phase, tickMs: null }), seriesWith(), MINUTE).state).toBe('fresh');
});

test('at the end of a recording nothing is stale, and the end is said', () => {
  const ended = freshnessOf(statusAt(START + 9 * HOUR, { phase: 'recording ended', tickMs: START }), seriesWith(), MINUTE);
  expect([ended.state, ended.text.split(' \u00b7 ')[0]]).toEqual(['ended', 'recording ended']);
});

test('without a candle the phase is what there is to say', () => {
  const waiting = { state: 'waiting', text: 'no candle yet \u00b7 backfilling' };
  const status = statusAt(START, { phase: 'backfilling' });
  expect(freshnessOf(status, seriesWith({ newestOpenTimeMs: null }), MINUTE)).toEqual(waiting);
  expect(freshnessOf(status, undefined, MINUTE)).toEqual(waiting);
});
