import type { KinesisStreamEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { SinkError } from '#core/errors.ts';
import type { StorageClient } from '#core/ports/storage-client.ts';
import { createArchiveHandler } from '#lambdas/archive/handler.ts';
import { createMemoryStorage } from '#providers/memory/memory-storage.ts';
import { decompressZstd } from '#std/zstd.ts';
import { MAX_RECORD_BYTES, type ArchiveReport } from '#usecases/archive-trades.ts';
import { compressZstd } from '#std/zstd.ts';
import { tradeLine } from '#domain/trades/trade-record.ts';
import { checkedTrade, NOON, tradesFrom } from '../../domain/trades/made-trades.ts';
import { keepingLogger } from '../queue-event.ts';
import { base64, FIRST_SEQUENCE, goodData, POISONS, streamEvent, streamRecord } from './stream-event.ts';

const HOUR = 3_600_000;
const PREFIX = 'trades/exchange=kraken/date=2023-11-17/hour=12/';
const S = (index: number): string => String(FIRST_SEQUENCE + BigInt(index));

function service(storage: StorageClient = createMemoryStorage()) {
  const logger = keepingLogger();
  const reports: ArchiveReport[] = [];
  const handler = createArchiveHandler(async () => ({ storage, logger, onReport: (report) => void reports.push(report) }));
  const keys = async (prefix = ''): Promise<string[]> => {
    const found: string[] = [];
    for await (const key of storage.listObjects(prefix)) found.push(key);
    return found;
  };
  const text = async (key: string): Promise<string> =>
    Buffer.from(decompressZstd((await storage.getObject(key)) ?? new Uint8Array(), 1e8)).toString();
  return { handler, logger, reports, keys, text, storage };
}

/** Writes fail while `fails` says so of their key. */
function failingStorage(fails: (key: string) => boolean) {
  const storage = createMemoryStorage();
  const failing: StorageClient = {
    ...storage,
    async putObject(key, body) {
      if (fails(key)) throw new SinkError('503 SlowDown', { code: 'STORAGE', retryable: true });
      await storage.putObject(key, body);
    },
  };
  return failing;
}

describe('the archive handler', () => {
  test('stores a batch as one object an exchange and hour, named after its shard and records', async () => {
    const { handler, keys, reports, logger } = service();
    const event = streamEvent([
      streamRecord(0, goodData([...tradesFrom(1, 3), ...tradesFrom(1, 2, { exchange: 'coinbase' })])),
      streamRecord(1, goodData(tradesFrom(4, 2, { eventTimeMs: NOON + HOUR }))),
    ]);
    expect(await handler(event)).toEqual({ batchItemFailures: [] });
    const name = `000000000000-${S(0)}-${S(1)}.ndjson.zst`;
    const expected = [
      `trades/exchange=coinbase/date=2023-11-17/hour=12/${name}`,
      `${PREFIX}${name}`,
      `trades/exchange=kraken/date=2023-11-17/hour=13/${name}`,
    ];
    expect(await keys()).toEqual(expected);
    expect(reports).toMatchObject([{ records: 2, trades: 7, duplicates: 0, poisoned: [], failedSequence: null }]);
    expect(reports[0]?.objects.toSorted()).toEqual(expected.toSorted());
    expect(logger.of('archived')).toMatchObject([{ level: 'info', facts: { shard: '000000000000', trades: 7, objects: 3 } }]);
  });

  test('sorts trades by symbol and id, and stores each once', async () => {
    const { handler, text, reports } = service();
    const mixed = [
      checkedTrade({ symbol: 'ETH/USD', id: '7' }),
      checkedTrade({ id: '10' }),
      checkedTrade({ id: '9', source: 'rest' }),
      checkedTrade({ id: '10', receivedAtMs: NOON + 999 }),
    ];
    await handler(streamEvent([streamRecord(0, goodData(mixed)), streamRecord(1, goodData(mixed))]));
    const lines = [mixed[2], mixed[1], mixed[0]].map((trade) => `${tradeLine(trade ?? checkedTrade())}\n`);
    expect(await text(`${PREFIX}000000000000-${S(0)}-${S(1)}.ndjson.zst`)).toBe(lines.join(''));
    expect(reports).toMatchObject([{ trades: 3, duplicates: 5 }]);
  });

  test('gives the same key and the same bytes for the same batch', async () => {
    const [one, other] = [service(), service()];
    const event = streamEvent([streamRecord(0, goodData(tradesFrom(1, 500)))]);
    await one.handler(event);
    await other.handler(event);
    await other.handler(event);
    const keys = await one.keys();
    expect(await other.keys()).toEqual(keys);
    for (const key of keys) expect(await other.storage.getObject(key)).toEqual(await one.storage.getObject(key));
  });

  test.each(POISONS)('parks a record that %s, with its bytes and the reason, and goes on', async (_what, data, reason) => {
    const { handler, keys, reports, storage, logger } = service();
    const bad = data(17);
    const event = streamEvent([
      streamRecord(0, goodData(tradesFrom(1, 2))),
      streamRecord(1, bad),
      streamRecord(2, goodData(tradesFrom(3, 2))),
    ]);
    expect(await handler(event)).toEqual({ batchItemFailures: [] });
    const poison = `poison/000000000000-${S(1)}`;
    expect(await keys('poison/')).toEqual([`${poison}.bin`, `${poison}.json`]);
    const bytes = Buffer.from((await storage.getObject(`${poison}.bin`)) ?? []);
    expect(bytes).toEqual(reason === 'the data is not base64' ? Buffer.from(bad) : Buffer.from(bad, 'base64'));
    expect(JSON.parse(Buffer.from((await storage.getObject(`${poison}.json`)) ?? []).toString())).toMatchObject({
      shard: '000000000000',
      sequence: S(1),
      partitionKey: 'b17',
      arrived_at: 1_700_179_206_662,
      lines: [{ reason }],
    });
    expect(reports).toMatchObject([{ trades: 4, poisoned: [{ sequence: S(1), reason }] }]);
    expect(logger.of('a record could not be read and is parked')).toMatchObject([{ level: 'warn', facts: { sequence: S(1), reason } }]);
  });

  test('parks a record that would grow beyond its bound, without growing', async () => {
    const { handler, reports } = service();
    const bomb = base64(compressZstd(Buffer.alloc(MAX_RECORD_BYTES + 1), 1));
    await handler(streamEvent([streamRecord(0, bomb)]));
    expect(reports[0]?.poisoned).toEqual([{ sequence: S(0), reason: `the content is larger than ${MAX_RECORD_BYTES} bytes` }]);
  });

  test('stores the good lines of a record that is half bad, and parks the record', async () => {
    const { handler, text, keys } = service();
    const [first, second] = tradesFrom(1, 2).map(tradeLine);
    const half = compressZstd(`{"v":1,"task":"1/1","sequence":0,"count":3}\n${first}\n{"broken":\n${second}\n`, 1);
    await handler(streamEvent([streamRecord(0, base64(half))]));
    expect(await text(`${PREFIX}000000000000-${S(0)}-${S(0)}.ndjson.zst`)).toBe(`${first}\n${second}\n`);
    expect((await keys('poison/')).length).toBe(2);
  });

  test('gives back the oldest record of which something could not be written, and stores it when it comes again', async () => {
    let isAway = true;
    const storage = failingStorage((key) => isAway && key.includes('hour=13'));
    const { handler, logger, text, keys } = service(storage);
    const later = { eventTimeMs: NOON + HOUR };
    const records = [
      streamRecord(0, goodData(tradesFrom(1, 2))),
      streamRecord(1, goodData(tradesFrom(3, 2, later))),
      streamRecord(2, goodData(tradesFrom(5, 2, later))),
    ];
    expect(await handler(streamEvent(records))).toEqual({ batchItemFailures: [{ itemIdentifier: S(1) }] });
    expect(logger.of('an archive object could not be written; its records are read again')).toMatchObject([{ level: 'error' }]);
    isAway = false;
    expect(await handler(streamEvent(records.slice(1)))).toEqual({ batchItemFailures: [] });
    expect(await keys('trades/exchange=kraken/date=2023-11-17/hour=13/')).toEqual([
      `trades/exchange=kraken/date=2023-11-17/hour=13/000000000000-${S(1)}-${S(2)}.ndjson.zst`,
    ]);
    expect((await text(`${PREFIX}000000000000-${S(0)}-${S(2)}.ndjson.zst`)).trimEnd().split('\n').length).toBe(2);
  });

  test('gives back a poison record that could not be parked', async () => {
    const { handler, logger } = service(failingStorage((key) => key.startsWith('poison/')));
    const records = [streamRecord(0, goodData(tradesFrom(1, 1))), streamRecord(1, '!'), streamRecord(2, '!')];
    expect(await handler(streamEvent(records))).toEqual({ batchItemFailures: [{ itemIdentifier: S(1) }] });
    expect(logger.of('a record that cannot be read could not be parked; it is read again').length).toBe(2);
  });

  test('takes an empty batch, and one whose records hold no trade', async () => {
    const { handler, keys } = service();
    expect(await handler(streamEvent([]))).toEqual({ batchItemFailures: [] });
    expect(await handler(streamEvent([streamRecord(0, goodData([]))]))).toEqual({ batchItemFailures: [] });
    expect(await keys()).toEqual([]);
  });

  test('keeps the shards of an event apart', async () => {
    const { handler, keys } = service();
    await handler(streamEvent([streamRecord(0, goodData(tradesFrom(1, 1))), streamRecord(1, goodData(tradesFrom(2, 1)), '000000000001')]));
    expect(await keys()).toEqual([`${PREFIX}000000000000-${S(0)}-${S(0)}.ndjson.zst`, `${PREFIX}000000000001-${S(1)}-${S(1)}.ndjson.zst`]);
  });

  test.each([0, -1, Number.NaN, 9e15])('does not mind the arrival time %d', async (approximateArrivalTimestamp) => {
    const { handler, keys } = service();
    const record = streamRecord(0, '!');
    await handler(streamEvent([{ ...record, kinesis: { ...record.kinesis, approximateArrivalTimestamp } }]));
    expect((await keys('poison/')).length).toBe(2);
  });

  const good = streamRecord(0, goodData(tradesFrom(1, 1)));
  test.each<[string, unknown]>([
    ['nothing', null],
    ['an empty object', {}],
    ['records that are null', { Records: null }],
    ['records that are an object', { Records: {} }],
    ['a record that is null', { Records: [null] }],
    ['a message of a queue', { Records: [{ messageId: '1', eventSource: 'aws:sqs', body: '{}' }] }],
    ['a record without an eventID', { Records: [{ ...good, eventID: undefined }] }],
    ['an eventID that would name another folder', { Records: [{ ...good, eventID: `shardId-../../x:${S(0)}` }] }],
    ['a sequence number that is not that of the eventID', { Records: [{ ...good, kinesis: { ...good.kinesis, sequenceNumber: '1' } }] }],
    ['a record without data', { Records: [{ ...good, kinesis: { ...good.kinesis, data: undefined } }] }],
  ])('refuses %s instead of losing it in silence', async (_what, event) => {
    const { handler } = service();
    await expect(handler(event as KinesisStreamEvent)).rejects.toThrow(
      /^the event is not a batch of a Kinesis stream \(.*\), expected one; see what is connected/,
    );
  });
});
