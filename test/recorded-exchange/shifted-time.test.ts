import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadRecordingManifest } from '#config/recording.ts';
import { ConfigError } from '#core/errors.ts';
import { openVenue } from '#recorded-exchange/venue.ts';
import { RECORDINGS } from './replay.ts';

const HOUR_MS = 3_600_000;
const YEARS_MS = 30_000 * HOUR_MS;
const at = (time: string): number => Date.parse(time);

function venues(dir: string, exchange: 'kraken' | 'coinbase' | 'binance') {
  const manifest = loadRecordingManifest(join(RECORDINGS, dir));
  return { asItWas: openVenue(manifest, exchange, 0), later: openVenue(manifest, exchange, YEARS_MS) };
}

describe('a recording that happens so many hours later', () => {
  test.each(['1m', '5m', '1h'] as const)('has the same %s candles, each so much later, outages included', (timeframe) => {
    const { asItWas, later } = venues('outages/coinbase-2023-03-04', 'coinbase');
    const [from, until] = [at('2023-03-04T16:00:00Z'), at('2023-03-04T22:00:00Z')];
    const windowOf = ({ markets }: typeof asItWas) => markets.find(({ symbol }) => symbol === 'BTC/USD')?.windows[timeframe];
    const before = windowOf(asItWas)?.candlesWithin(from, until, until) ?? [];
    const after = windowOf(later)?.candlesWithin(from + YEARS_MS, until + YEARS_MS, until + YEARS_MS);
    expect(before.length).toBeGreaterThan(0);
    expect(after).toEqual(before.map((candle) => ({ ...candle, openTimeMs: candle.openTimeMs + YEARS_MS })));
  });

  test('has the same recorded trades with the same ids, each so much later', () => {
    const { asItWas, later } = venues('trades/kraken-2023-11', 'kraken');
    const [before, after] = [asItWas, later].map(({ markets }) => markets.find(({ tape }) => tape !== undefined)?.tape);
    const first = before?.within(0, Number.MAX_SAFE_INTEGER, 50, 'oldest') ?? [];
    expect(first).toHaveLength(50);
    expect(after?.within(0, Number.MAX_SAFE_INTEGER, 50, 'oldest')).toEqual(
      first.map((trade) => ({ ...trade, timeMs: trade.timeMs + YEARS_MS })),
    );
  });

  test('cannot be made of captured messages, which carry their own times', () => {
    const manifest = loadRecordingManifest(join(RECORDINGS, 'trades/coinbase-2026-08-09'));
    expect(() => openVenue(manifest, 'coinbase', HOUR_MS)).toThrow(ConfigError);
    expect(() => openVenue(manifest, 'coinbase', HOUR_MS)).toThrow(/captured messages, which carry their own times.*leave out --now/);
  });
});
