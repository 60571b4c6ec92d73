import { expect, onTestFinished, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import { createRedisCache } from '#providers/redis/redis-cache.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { startRedisServer } from '../providers/redis/redis-server.ts';
import { startFaultProxy, sweepCuts } from '../support/fault-proxy.ts';

// Campaign F8, cache: the connection is cut at every byte of a write and a read.

const DEADLINE_MS = 1000;

test('F8: a cache’s connection that is cut at any byte leaves each hash as it was or as it shall be', async () => {
  const redis = await startRedisServer();
  const proxy = await startFaultProxy(redis.port);
  onTestFinished(async () => {
    await proxy.close();
    await redis.stop();
  });
  const open = (port: number) =>
    createRedisCache({
      url: `redis://127.0.0.1:${port}`,
      username: '',
      password: '',
      timer: createSystemTimer(),
      random: { next: () => 0.5 },
      deadlineMs: DEADLINE_MS,
    });
  const direct = open(redis.port);
  onTestFinished(() => direct.close());
  let round = 0;
  const count = { cuts: 0, done: 0, errors: 0, wrong: 0, slow: 0 };
  const entryOf = (number: number) => ({ key: 'latest_price:kraken:BTC/USD', fields: { price: `${20_000 + number}.5`, source: 'stream' } });
  count.cuts = await sweepCuts(proxy, async () => {
    const number = ++round;
    // The longer way: the server does not know the script yet.
    await redis.command('SCRIPT', 'FLUSH');
    const before = await direct.readHash('latest_price:kraken:BTC/USD');
    const startedMs = performance.now();
    const cache = open(proxy.port);
    const { key, fields } = entryOf(number);
    const outcome = await (async () => {
      await cache.advanceHashes([{ key, fields, orderMs: number, orderId: '1' }], 60);
      return await cache.readHash(key);
    })().then(
      (read) => (read?.['price'] === fields.price ? 'done' : 'wrong'),
      (error: unknown) => (error instanceof SinkError ? 'errors' : 'wrong'),
    );
    await cache.close();
    count[outcome]++;
    if (performance.now() - startedMs > 3 * DEADLINE_MS) count.slow++;
    const after = await direct.readHash(key);
    const written = { ...fields, event_time: String(number), trade_id: '1' };
    const isWhole = [before, written].some((whole) => JSON.stringify(sorted(whole)) === JSON.stringify(sorted(after)));
    if (!isWhole) count.wrong++;
  });
  process.stdout.write(
    `F8 cache: ${count.cuts} cuts, ${count.wrong} wrong, ${count.slow} hangs, 0 process exits (${count.errors} errors, ${count.done} done)\n`,
  );
  expect(count).toMatchObject({ wrong: 0, slow: 0 });
  // Every cut fell within the conversation; only the whole one was done.
  expect(count).toMatchObject({ errors: count.cuts, done: 1 });
  expect(count.cuts).toBeGreaterThan(500);
});

function sorted(fields: Readonly<Record<string, string>> | null): readonly (readonly [string, string])[] | null {
  return fields === null ? null : Object.entries(fields).toSorted(([a], [b]) => a.localeCompare(b));
}
