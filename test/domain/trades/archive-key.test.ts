import { describe, expect, test } from 'vitest';
import { archiveDayPrefix, archiveKey, hourOf, parseArchiveKey, poisonKeys } from '#domain/trades/archive-key.ts';

const MIDNIGHT = Date.UTC(2023, 10, 17);

describe('the key of an archive object', () => {
  test('names exchange, day, hour, shard and records', () => {
    const key = archiveKey('kraken', MIDNIGHT + 5 * 3_600_000, { shard: '000000000007', firstSequence: '1', lastSequence: '22' });
    expect(key).toBe('trades/exchange=kraken/date=2023-11-17/hour=05/000000000007-1-22.ndjson.zst');
    expect(key.startsWith(archiveDayPrefix('kraken', MIDNIGHT + 86_399_999))).toBe(true);
    expect(parseArchiveKey(key)).toEqual({ exchange: 'kraken', hourMs: MIDNIGHT + 5 * 3_600_000 });
  });

  test('of the last moment of an hour is still that hour', () => {
    expect([hourOf(MIDNIGHT + 3_599_999), hourOf(MIDNIGHT + 3_600_000)]).toEqual([MIDNIGHT, MIDNIGHT + 3_600_000]);
  });

  test.each([
    'trades/exchange=nasdaq/date=2023-11-17/hour=05/0-1-2.ndjson.zst',
    'trades/exchange=kraken/date=2023-13-17/hour=05/0-1-2.ndjson.zst',
    'trades/exchange=kraken/date=2023-11-17/hour=25/0-1-2.ndjson.zst',
    'trades/exchange=kraken/date=2023-11-17/hour=05/0-1-2.parquet',
    'x/trades/exchange=kraken/date=2023-11-17/hour=05/0-1-2.ndjson.zst',
    'trades/exchange=kraken/date=2023-11-17/hour=05/0-1-2.ndjson.zst.part',
    'poison/0-1.bin',
    '',
  ])('is not %j', (key) => {
    expect(parseArchiveKey(key)).toBeUndefined();
  });

  test('of a poison record says from where it is', () => {
    expect(poisonKeys('000000000007', '12')).toEqual({ bytes: 'poison/000000000007-12.bin', reason: 'poison/000000000007-12.json' });
  });
});
