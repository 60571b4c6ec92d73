import type { KinesisStreamRecord } from 'aws-lambda';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { decompressZstd } from '#std/zstd.ts';
import { tradesFrom } from '../../domain/trades/made-trades.ts';
import { keepingLogger } from '../queue-event.ts';
import { goodData, POISONS, streamEvent, streamRecord } from './stream-event.ts';

export const SIZE = 100;
const TRADES_A_RECORD = 3;
const MAX_ATTEMPTS = 3;

/** Small, fast and seeded: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const GOOD = Array.from({ length: SIZE }, (_, index) => goodData(tradesFrom(index * TRADES_A_RECORD, TRADES_A_RECORD), index));

type Handler = ReturnType<typeof createArchiveHandler>;

/** What Lambda does with a batch that is given back in part: from the named record on, again. Returns how often it was handed over. */
async function deliver(handler: Handler, records: readonly KinesisStreamRecord[]): Promise<number> {
  let left = records;
  for (let attempts = 1; ; attempts++) {
    const { batchItemFailures } = await handler(streamEvent(left));
    if (batchItemFailures.length === 0) return attempts;
    const failed = batchItemFailures[0]?.itemIdentifier;
    left = left.slice(left.findIndex(({ kinesis }) => kinesis.sequenceNumber === failed));
    if (attempts > MAX_ATTEMPTS) throw new Error('the shard is blocked');
  }
}

/** Stands between the handler and Lambda, or between it and its storage. */
export type SpoiltArchive = {
  readonly handler?: (handler: Handler) => Handler;
  readonly storage?: (storage: StorageClient) => StorageClient;
};

/** Runs one batch with poison at these places and returns what is wrong with the outcome: nothing. */
export async function faultsOf(places: ReadonlySet<number>, storageFails: boolean, spoilt: SpoiltArchive = {}): Promise<readonly string[]> {
  const memory = createMemoryStorage();
  let writes = 0;
  const storage = {
    ...memory,
    async putObject(key: string, body: Uint8Array) {
      if (storageFails && ++writes === 2) throw new Error('503 SlowDown');
      await memory.putObject(key, body);
    },
  };
  const good = createArchiveHandler(async () => ({ storage: spoilt.storage?.(storage) ?? storage, logger: keepingLogger() }));
  const handler = spoilt.handler?.(good) ?? good;
  const poisonOf = (index: number) => POISONS[index % POISONS.length] ?? POISONS[0];
  const records = Array.from({ length: SIZE }, (_, index) =>
    streamRecord(index, places.has(index) ? (poisonOf(index)?.[1](index) ?? '') : (GOOD[index] ?? '')),
  );
  const attempts = await deliver(handler, records);

  const faults: string[] = attempts > MAX_ATTEMPTS ? [`${attempts} attempts`] : [];
  const ids = new Set<string>();
  for await (const key of memory.listObjects('trades/')) {
    const text = Buffer.from(decompressZstd((await memory.getObject(key)) ?? new Uint8Array(), 1e7)).toString();
    for (const line of text.trimEnd().split('\n')) ids.add((JSON.parse(line) as { id: string }).id);
  }
  const wanted = Array.from({ length: SIZE * TRADES_A_RECORD }, (_, id) => id).filter(
    (id) => !places.has(Math.floor(id / TRADES_A_RECORD)),
  );
  if (ids.size !== wanted.length || wanted.some((id) => !ids.has(String(id)))) faults.push(`${ids.size} trades of ${wanted.length}`);

  const parked: string[] = [];
  for await (const key of memory.listObjects('poison/')) parked.push(key);
  if (parked.length !== places.size * 2) faults.push(`${parked.length} objects for ${places.size} poisons`);
  for (const index of places) {
    const record = records[index];
    const key = `poison/000000000000-${record?.kinesis.sequenceNumber}`;
    const [, , reason] = poisonOf(index) ?? [];
    const data = record?.kinesis.data ?? '';
    const bytes = reason === 'the data is not base64' ? Buffer.from(data) : Buffer.from(data, 'base64');
    if (Buffer.compare(bytes, Buffer.from((await memory.getObject(`${key}.bin`)) ?? [])) !== 0) faults.push(`other bytes at ${index}`);
    const told = JSON.parse(Buffer.from((await memory.getObject(`${key}.json`)) ?? Buffer.from('{"lines":[{}]}')).toString()) as {
      lines: { reason: string }[];
    };
    if (told.lines[0]?.reason !== reason) faults.push(`another reason at ${index}: ${told.lines[0]?.reason}`);
  }
  return faults;
}
