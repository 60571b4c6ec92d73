import { expect, test } from 'vitest';
import { createStreamClient } from '#factories/stream-client.ts';
import type { MemoryStream } from '#providers/memory/memory-stream.ts';
import { shippedConfig } from './shipped-config.ts';

test('the stream is the one of streaming.yaml, and as large', async () => {
  const stream = createStreamClient(shippedConfig({ TIDEMARK_STREAMING__STREAM__MAX_RECORDS: '2' })) as MemoryStream;
  await stream.putRecords([1, 2, 3].map((byte) => ({ partitionKey: 'kraken', data: Uint8Array.of(byte) })));
  expect([stream.records().length, stream.dropped()]).toEqual([2, 1]);
});
