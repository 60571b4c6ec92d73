import type { SQSEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import type { Clock } from '#core/ports/clock.ts';
import { parseTickMessage } from '#core/scheduled-tick.ts';
import { queueEvent, runTickLoop, type TickLoop, type TickService } from '#local/tick-loop.ts';
import { MINUTE, START } from '../usecases/fake-exchange.ts';

/** What the loop did, in order, with the seconds since the start at which it did that. */
function world(change: Partial<TickLoop> = {}) {
  let nowMs = START;
  const log: string[] = [];
  const stop = new AbortController();
  const clock: Clock = {
    nowMs: () => nowMs,
    async sleepUntil(timeMs, signal) {
      if (signal?.aborted !== true) nowMs = Math.max(nowMs, timeMs);
    },
  };
  const note = (text: string): void => void log.push(`${(nowMs - START) / 1000} s ${text}`);
  const service = (name: string, delayMs: number, work: (event: SQSEvent) => void = () => {}): TickService => ({
    delayMs,
    mode: 'tick',
    async handler(event) {
      const [record] = event.Records;
      note(`${name} ${record?.messageId}`);
      work(event);
      return { batchItemFailures: [] };
    },
  });
  const loop: TickLoop = {
    clock,
    exchanges: ['kraken'],
    services: [service('sync', 3000), service('indicators', 10_000)],
    firstTickMs: START,
    lastTickMs: START + MINUTE,
    signal: stop.signal,
    onTick: (tickMs, failed) => note(`tick ${(tickMs - START) / MINUTE} with ${failed} failed`),
    ...change,
  };
  return { loop, log, stop, service, pass: (ms: number) => void (nowMs += ms) };
}

const FIRST = `kraken-${START}`;
const SECOND = `kraken-${START + MINUTE}`;

describe('runTickLoop', () => {
  test('runs each service at its delay after the tick, up to the last tick', async () => {
    const { loop, log } = world();
    await runTickLoop(loop);
    expect(log).toEqual([
      `3 s sync ${FIRST}`,
      `10 s indicators ${FIRST}`,
      '10 s tick 0 with 0 failed',
      `63 s sync ${SECOND}`,
      `70 s indicators ${SECOND}`,
      '70 s tick 1 with 0 failed',
    ]);
  });

  test('runs a service with a minute of its own once an hour', async () => {
    const made = world();
    const verify = { ...made.service('verify', 0), atMinute: 7 };
    await runTickLoop({ ...made.loop, services: [verify], firstTickMs: START, lastTickMs: START + 130 * MINUTE });
    expect(made.log.filter((line) => line.includes('verify'))).toEqual([
      `420 s verify kraken-${START + 7 * MINUTE}`,
      `4020 s verify kraken-${START + 67 * MINUTE}`,
      `7620 s verify kraken-${START + 127 * MINUTE}`,
    ]);
  });

  test('runs nothing when the last tick is before the first', async () => {
    const { loop, log } = world({ lastTickMs: START - MINUTE });
    await runTickLoop(loop);
    expect(log).toEqual([]);
  });

  test('asks all exchanges at once, and begins indicators when all of them are done', async () => {
    const { loop, service } = world();
    const log: string[] = [];
    const slow = (name: string): TickService => ({
      ...service(name, 3000),
      async handler(event) {
        const exchange = event.Records[0]?.attributes.MessageGroupId ?? '';
        log.push(`${name} of ${exchange} begins`);
        for (let turn = 0; turn < (exchange === 'kraken' ? 5 : 1); turn++) await Promise.resolve();
        log.push(`${name} of ${exchange} ends`);
        return { batchItemFailures: [] };
      },
    });
    await runTickLoop({ ...loop, exchanges: ['kraken', 'coinbase'], services: [slow('sync'), slow('indicators')], lastTickMs: START });
    expect(log).toEqual(
      ['sync', 'indicators'].flatMap((name) => [
        `${name} of kraken begins`,
        `${name} of coinbase begins`,
        `${name} of coinbase ends`,
        `${name} of kraken ends`,
      ]),
    );
  });

  test('is late after a tick that took longer than a minute, and leaves none out', async () => {
    const { loop, log, service, pass } = world();
    const slow = service('sync', 3000, ({ Records }) => (Records[0]?.messageId === FIRST ? pass(150_000) : undefined));
    await runTickLoop({ ...loop, services: [slow], lastTickMs: START + 3 * MINUTE });
    expect(log.filter((line) => line.includes('tick'))).toEqual([
      '153 s tick 0 with 0 failed',
      '153 s tick 1 with 0 failed',
      '153 s tick 2 with 0 failed',
      '183 s tick 3 with 0 failed',
    ]);
  });

  test('counts the messages that handlers gave back', async () => {
    const { loop, log, service } = world();
    const failing: TickService = { ...service('sync', 3000), handler: async () => ({ batchItemFailures: [{ itemIdentifier: 'a' }] }) };
    await runTickLoop({ ...loop, exchanges: ['kraken', 'coinbase'], services: [failing, failing], lastTickMs: START });
    expect(log).toEqual(['3 s tick 0 with 4 failed']);
  });

  test('passes on a handler’s own failure', async () => {
    const { loop, service } = world();
    const broken: TickService = { ...service('sync', 3000), handler: () => Promise.reject(new Error('the store cannot be opened')) };
    await expect(runTickLoop({ ...loop, services: [broken] })).rejects.toThrow('the store cannot be opened');
  });

  test('without a last tick runs until it is stopped; a tick that is stopped in the middle is not told', async () => {
    const { loop, log, stop, service } = world({ lastTickMs: null });
    const stopping = service('sync', 3000, ({ Records }) => (Records[0]?.messageId === SECOND ? stop.abort() : undefined));
    await runTickLoop({ ...loop, services: [stopping, service('indicators', 10_000)] });
    expect(log).toEqual([`3 s sync ${FIRST}`, `10 s indicators ${FIRST}`, '10 s tick 0 with 0 failed', `63 s sync ${SECOND}`]);
  });

  test('does nothing when it is stopped before it begins', async () => {
    const { loop, log, stop } = world();
    stop.abort();
    await runTickLoop(loop);
    expect(log).toEqual([]);
  });
});

describe('queueEvent', () => {
  test.each(['tick', 'catch-up'] as const)('is the event from which a handler reads a %s', (mode) => {
    const { Records } = queueEvent({ exchange: 'coinbase', tickMs: START, mode });
    expect(Records).toHaveLength(1);
    const [record] = Records;
    expect(parseTickMessage({ messageGroupId: record?.attributes.MessageGroupId, body: record?.body ?? '' })).toEqual({
      exchange: 'coinbase',
      tickMs: START,
      mode,
    });
    expect(record).toMatchObject({ eventSource: 'aws:sqs', attributes: { SentTimestamp: String(START) } });
  });

  test('names its message by exchange and tick, so that no two are the same', () => {
    const ids = (['kraken', 'coinbase'] as const).flatMap((exchange) =>
      [START, START + MINUTE].map((tickMs) => queueEvent({ exchange, tickMs, mode: 'tick' }).Records[0]?.messageId),
    );
    expect(new Set(ids).size).toBe(4);
  });
});
