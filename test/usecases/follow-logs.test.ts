import { describe, expect, test } from 'vitest';
import type { LogEntry } from '#core/ports/log-reader.ts';
import { followLogs, type FollowLogsInput } from '#usecases/follow-logs.ts';

const NOON = Date.parse('2026-11-22T12:00:00Z');

function ours(id: string, second: number, event: string, level = 'info'): LogEntry {
  const atMs = NOON + second * 1000;
  return { id, atMs, text: JSON.stringify({ time: new Date(atMs).toISOString(), level, service: 'sync', event, exchange: 'kraken' }) };
}

/** A log that grows: at each look what has been taken in by then, as CloudWatch gives it. */
function world(looks: readonly Readonly<Record<string, readonly LogEntry[]>>[]) {
  const asked: number[] = [];
  const abort = new AbortController();
  let nowMs = NOON;
  let look = 0;
  const logs = {
    async read(service: string, fromMs: number) {
      if (service === 'sync') asked.push(fromMs);
      const entries = looks[look]?.[service];
      return entries === undefined ? null : entries.filter(({ atMs }) => atMs >= fromMs);
    },
    close: () => {},
  };
  const clock = {
    nowMs: () => nowMs,
    async sleepUntil(timeMs: number) {
      nowMs = timeMs;
      look += 1;
      if (look === looks.length) abort.abort();
    },
  };
  const input: FollowLogsInput = {
    services: ['sync'],
    fromMs: NOON,
    filter: { level: 'info', exchange: null },
    isFollowing: true,
    signal: abort.signal,
  };
  const told: string[] = [];
  const follow = (change: Partial<FollowLogsInput> = {}) =>
    followLogs({ logs, clock }, { ...input, ...change }, ({ event }) => told.push(event));
  return { follow, told, asked };
}

describe('following the logs', () => {
  test('tells each line once, also one that was taken in late', async () => {
    const [first, late, second] = [ours('1', 10, 'first'), ours('2', 5, 'late'), ours('3', 20, 'second')];
    const { follow, told } = world([{ sync: [first] }, { sync: [first, late] }, { sync: [first, late, second] }]);
    expect(await follow()).toEqual({ missing: [], lines: 3 });
    expect(told).toEqual(['first', 'late', 'second']);
  });

  test('asks again for the last half minute only', async () => {
    const { follow, asked } = world([{ sync: [ours('1', 300, 'first')] }, { sync: [] }]);
    await follow();
    expect(asked.map((fromMs) => (fromMs - NOON) / 1000)).toEqual([0, 270]);
  });

  test('looks once when it is not to follow, sorts by time, and leaves out what is not wanted', async () => {
    const { follow, told, asked } = world([{ sync: [ours('2', 9, 'b'), ours('1', 3, 'a'), ours('3', 4, 'quiet', 'debug')] }]);
    expect(await follow({ isFollowing: false })).toEqual({ missing: [], lines: 2 });
    expect(told).toEqual(['a', 'b']);
    expect(asked).toHaveLength(1);
  });

  test('names the services that have no log, as of the last look', async () => {
    const { follow } = world([{ sync: [] }, { sync: [], archive: [] }]);
    expect(await follow({ services: ['sync', 'archive', 'collector'] })).toEqual({ missing: ['collector'], lines: 0 });
  });
});
