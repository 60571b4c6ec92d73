import { expect, test } from 'vitest';
import { openStreamClient } from '#factories/stream-client.ts';
import { createSystemTimer } from '#providers/system/system-timer.ts';
import { shippedConfig } from './shipped-config.ts';

const options = { timer: createSystemTimer(), clock: { nowMs: () => 17, sleepUntil: async () => {} } };

test('the stream is the one of streaming.yaml, as large, and stamped by the clock', async () => {
  const { stream, memory } = openStreamClient(shippedConfig({ TIDEMARK_STREAMING__STREAM__MAX_RECORDS: '2' }), options);
  await stream.putRecords([1, 2, 3].map((byte) => ({ partitionKey: 'kraken', data: Uint8Array.of(byte) })));
  expect([memory?.records().length, memory?.dropped(), memory?.take(1)[0]?.arrivedAtMs]).toEqual([2, 1, 17]);
});

test('a stream on Kinesis has no reader in this process', async () => {
  const { stream, memory } = openStreamClient(shippedConfig({ TIDEMARK_STREAMING__STREAM__PROVIDER: 'kinesis' }), options);
  expect(memory).toBeNull();
  await stream.close();
});
